"""`pgaudit resume` as a user types it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from pgaudit import cli

NETS = """\
import torch
from torch import nn
def tiny(width=3): return nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))
def adamw(lr=0.1):
    model = tiny()
    return model, torch.optim.AdamW(model.named_parameters(), lr=lr)
def turned():
    model = tiny()
    return model, torch.optim.AdamW(list(model.named_parameters())[::-1], lr=0.1)
def several():
    model = tiny()
    return model, [torch.optim.SGD(model[0].parameters(), lr=1), torch.optim.SGD(model[1].parameters(), lr=1)]
"""
CONFIG = "model: nets.py:tiny\nconstructor: torch\noptimizer: {type: AdamW, lr: 0.1, weight_decay: 0.01}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    optimizer = torch.optim.AdamW(model.named_parameters(), lr=0.1)
    for param in model.parameters():
        param.grad = torch.ones_like(param)
    optimizer.step()
    torch.save({"optimizer": optimizer.state_dict()}, "last.pt")
    torch.save(model.state_dict(), "weights.pt")
    Path("nets.py").write_text(NETS)
    Path("ok.yaml").write_text(CONFIG)
    Path("lower.yaml").write_text(CONFIG.replace("0.1,", "0.01,"))
    Path("decay.yaml").write_text(CONFIG.replace("torch", "timm"))
    Path("typo.yaml").write_text(CONFIG.replace("AdamW", "AdmaW"))
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["resume", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    ("arguments", "code", "verdict"),
    [
        ("last.pt ok.yaml", 0, "ok"),
        ("last.pt nets.py:tiny ok.yaml", 0, "ok"),
        ("last.pt ok.yaml --model nets.py:tiny --key optimizer", 0, "ok"),
        ("last.pt nets.py:adamw", 0, "ok"),
        ("last.pt nets.py:adamw --model-arg lr=0.5", 0, "overrides"),
        ("last.pt lower.yaml", 0, "overrides"),
        ("last.pt lower.yaml --fail-on warning", 1, "overrides"),
        ("last.pt ok.yaml --fail-on info", 0, "ok"),
        ("last.pt nets.py:turned", 1, "mismatch"),
        ("last.pt nets.py:turned --fail-on never", 0, "mismatch"),
        ("last.pt nets.py:tiny ok.yaml --model-arg width=4", 1, "mismatch"),
        ("last.pt decay.yaml", 1, "refused"),
        ("last.pt ok.yaml --constructor timm", 1, "refused"),
        ("last.pt nets.py:several", 1, "refused"),
    ],
)
def test_verdicts_and_exit_codes(capsys: pytest.CaptureFixture[str], arguments: str, code: int, verdict: str) -> None:
    done, out, _ = _run(capsys, *arguments.split())
    assert (done, out.split()[1]) == (code, verdict)
    done, out, _ = _run(capsys, *arguments.split(), "--format", "json")
    found = json.loads(out)
    assert (done, found["verdict"]) == (code, verdict)
    assert list(found) == ["verdict", "overrides", "mismatches", "notes", "groups"]
    assert all(list(each) == ["param", "key", "source", "checkpoint"] for each in found["overrides"])
    assert all(list(each) == ["message", "params"] for each in found["mismatches"])
    done, out, _ = _run(capsys, *arguments.split(), "--format", "markdown")
    assert (done, out.startswith(f"**{verdict}**: ")) == (code, True)


def test_json_has_one_entry_a_parameter_and_key(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, "last.pt", "lower.yaml", "--format", "json")
    names = ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert json.loads(out) == {
        "verdict": "overrides",
        "overrides": [{"param": name, "key": "lr", "source": 0.01, "checkpoint": 0.1} for name in names],
        "mismatches": [],
        "notes": [],
        "groups": [
            {
                "group": 0,
                "from_group": 0,
                "params": names,
                "tensors": 4,
                "values": {
                    "lr": {"source": 0.01, "checkpoint": 0.1, "resumed": 0.1, "replaced": True},
                    "weight_decay": {"source": 0.01, "checkpoint": 0.01, "resumed": 0.01, "replaced": False},
                },
            }
        ],
    }


def test_what_a_person_sees(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "last.pt", "nets.py:turned", "--width", "80") == (
        1,
        """\
✕ mismatch  it loads without an error, and the run goes on wrong
  last.pt → nets.py:turned · torch.save · 4 tensors in 1 group · step 1

PG037 resume-mismatch  all 4 states land on another tensor: the same tensors in
  another order; that of 0.weight on 1.bias, that of 0.bias on 1.weight

→ Build the optimizer from the parameters in the checkpoint's order, or sort the
  state by name before load_state_dict(); else load the model alone, and begin
  with a new optimizer.
""",
        "",
    )


@pytest.mark.parametrize("width", ["20", "40", "80", "120"])
@pytest.mark.parametrize("source", ["ok.yaml", "lower.yaml", "nets.py:turned", "decay.yaml"])
def test_every_line_fits(capsys: pytest.CaptureFixture[str], source: str, width: str) -> None:
    _, out, _ = _run(capsys, "last.pt", source, "--width", width)
    assert max(map(len, out.splitlines())) <= int(width)
    assert "\x1b" not in out
    _, coloured, _ = _run(capsys, "last.pt", source, "--width", width, "--color", "always")
    assert "\x1b[" in coloured


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ("", "Missing argument 'CHECKPOINT'", "pgaudit resume --help"),
        ("last.pt", "SOURCE is missing after the checkpoint", "pgaudit resume CHECKPOINT [MODEL] SOURCE"),
        ("lost.pt ok.yaml", 'no such file: "lost.pt"', "last.pt"),
        ("weights.pt ok.yaml", '"weights.pt" holds no optimizer state', "weights alone"),
        ("last.pt typo.yaml", "AdmaW", "AdamW"),
        ("last.pt last.pt", '"last.pt" is a checkpoint, and SOURCE is what the run is started with', "pgaudit diff"),
        ("last.pt report.json", '"report.json" is a saved report', "name the config"),
        ("last.pt ok.yaml --key optimiser", 'no optimizer at "optimiser"', "optimizer"),
        ("last.pt nets.py:adamw --no-code", "--no-code", ""),
        ("last.pt nets.py:adamw --constructor timm", "--constructor is for a config", "drop"),
        ("ok.yaml last.pt", '"last.pt" is a checkpoint', ""),
        ("last.pt ok.yaml -o last.pt", '"last.pt" is a file that this command reads', ""),
    ],
)
def test_what_cannot_be_told(capsys: pytest.CaptureFixture[str], arguments: str, message: str, hint: str) -> None:
    if "report.json" in arguments:
        assert cli.main("show ok.yaml --format json -o report.json".split()) == 0
    code, out, err = _run(capsys, *arguments.split())
    assert (code, out) == (2, "")
    assert err.count("error: ") == 1
    assert message in err
    assert hint in err

"""`pgaudit show` as a user types it: exit codes, streams, and one clear message for whatever is wrong."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pgaudit import cli
from pgaudit.cli.shared.choosing import choice_of

CONFIG = "optimizer:\n  type: SGD\n  lr: 0.1\n  weight_decay: 1.0e-4\nparamwise_cfg:\n  norm_decay_mult: 0\n"
NETS = """
from torch import nn
def tiny(width=2, bias=True):
    return nn.Sequential(nn.Linear(width, width, bias=bias), nn.BatchNorm1d(width))
def many():
    return nn.Sequential(*(nn.Linear(1, 1) for _ in range(200)))
def counting():
    layer = nn.Linear(2, 2)
    layer.weight.sum().item()
    print("a print that must not spoil the report")
    return layer
def empty():
    return nn.ReLU()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "c.yaml").write_text(CONFIG)
    (tmp_path / "named.yaml").write_text(f"model: nets.py:tiny\nmodel_args: {{width: 3}}\n{CONFIG}")
    (tmp_path / "nets.py").write_text(NETS)
    return tmp_path


@pytest.fixture
def saved(folder: Path) -> str:
    """A model that a process of its own reads without torch."""
    assert cli.main(["snapshot", "nets.py:many", "-o", "many.json"]) == 0
    return "many.json"


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["show", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_table_with_lines_of_the_config(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "nets.py:tiny", "c.yaml")
    assert (code, err) == (0, "")
    assert (
        out
        == """\
nets.py:tiny · Sequential · file · 4 tensors · 10 parameters
mmcv · SGD lr 0.1 · weight_decay 1e-4

parameter  shape    lr     decay  decided by
0.weight   2×2      0.1    1e-4   default
0.bias     2        0.1    1e-4   default
1.weight   2        0.1  ▼ 0      norm_decay_mult :6
1.bias     2        0.1  ▼ 0      norm_decay_mult :6

decided by          tensors         parameters
default                   2  █████           6  ██████
norm_decay_mult :6        2  █████           4  ████

1 info (-v)
"""
    )


def test_the_config_may_name_its_model_and_the_command_line_wins(capsys: pytest.CaptureFixture[str]) -> None:
    assert "3×3" in _run(capsys, "named.yaml")[1]
    assert "5×5" in _run(capsys, "named.yaml", "--model-arg", "width=5")[1]
    data = json.loads(_run(capsys, "resnet18", "c.yaml", "--format", "json")[1])
    assert data["model"]["ref"] == "resnet18"


def test_model_arguments_are_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    out = _run(capsys, "nets.py:tiny", "c.yaml", "--model-arg", "width=4", "--model-arg", "bias=false")[1]
    assert "0.bias" not in out
    assert "4×4" in out


def test_notes_go_to_stderr_and_prints_of_the_model_never_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "nets.py:counting", "c.yaml", "--format", "json")
    assert code == 0
    assert len(json.loads(out)["params"]) == 2
    assert "note: built on the CPU" in err


def test_a_link_to_nothing_is_not_what_was_meant(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "q.yml").symlink_to("nowhere")
    code, _, err = _run(capsys, "nets.py:tiny", "q.yml")
    assert (code, err.splitlines()[0]) == (2, 'error: no such config file: "q.yml"')
    assert 'did you mean "q.yml"' not in err


def test_severities_take_a_list() -> None:
    choice = choice_of((), (), ("PG003, inert-option=error", "PG004=info"))
    assert choice is not None
    assert choice.severities == {"PG003": "error", "PG005": "error", "PG004": "info"}


@pytest.mark.parametrize("columns", ["0", "1", "19", "9" * 5000])
def test_a_width_that_is_none(
    capsys: pytest.CaptureFixture[str], columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    code, out, _ = _run(capsys, "nets.py:tiny")
    assert code == 0
    assert (max(map(len, out.splitlines())) > 20) is (columns[0] in "09")


WRONG = {
    "no arguments": ([], "CONFIG is missing"),
    "no model anywhere": (["c.yaml"], "no model is named"),
    "typo in the model": (["resnet81", "c.yaml"], "did you mean resnet18"),
    "typo in the config": (["resnet18", "d.yaml"], 'did you mean "c.yaml"?'),
    "typo in an attribute": (["nets.py:tinny", "c.yaml"], 'did you mean "tiny"?'),
    "typo in a model argument": (
        ["nets.py:tiny", "c.yaml", "--model-arg", "widht=3"],
        "unexpected keyword argument 'widht'",
    ),
    "no model argument": (["nets.py:tiny", "c.yaml", "--model-arg", "width"], "is not key=value"),
    "bad model argument": (["nets.py:tiny", "c.yaml", "--model-arg", "width=[1"], "--model-arg width:1:"),
    "typo in an option": (["resnet18", "c.yaml", "--fomat", "json"], 'did you mean "--format"?'),
    "typo in a format": (["resnet18", "c.yaml", "--format", "jsn"], 'did you mean "json"?'),
    "typo in a filter": (["nets.py:tiny", "c.yaml", "--filter", "0.wieght"], 'did you mean "0.weight"?'),
    "typo in a rule": (["nets.py:tiny", "c.yaml", "--rule", "norm_decay_mlt"], 'did you mean "norm_decay_mult"?'),
    "typo in a constructor": (["nets.py:tiny", "c.yaml", "--constructor", "mmvc"], 'did you mean "mmcv"?'),
    "empty model": (["nets.py:empty", "c.yaml"], "has no parameters"),
    "pretrained": (["resnet18", "c.yaml", "--model-arg", "pretrained=true"], "would load weights"),
    "folded json": (["nets.py:tiny", "c.yaml", "--fold", "--format", "json"], "--fold is for people"),
    "tree in another order": (["nets.py:tiny", "c.yaml", "--tree", "--sort", "lr"], "--sort is about parameters"),
    "tree under headings": (["nets.py:tiny", "c.yaml", "--depth", "1", "--group-by", "rule"], "drop --group-by"),
    "tree over time": (["nets.py:tiny", "c.yaml", "--tree", "--at", "0"], "--at is about parameters"),
    "no code": (["nets.py:tiny", "c.yaml", "--select", "PG003,"], '"PG003," lacks a code'),
    "severity of no code": (["nets.py:tiny", "c.yaml", "--severity", "=error"], '"" lacks a code'),
    "output is a folder": (["nets.py:tiny", "c.yaml", "-o", "."], "it is a folder"),
    "output in no folder": (["nets.py:tiny", "c.yaml", "-o", "no/x.txt"], "cannot write"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG.keys())
def test_whatever_is_wrong_is_one_message_and_exit_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert err.count("error: ") == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("optimizer: {type: SGD, lr: 0.1, momentun: 0.9}", "c.yaml:1:33: error: SGD would raise TypeError"),
        ("optimizer: {type: SDG, lr: 0.1}", 'c.yaml:1:13: error: torch and timm have no optimizer "SDG"'),
        ("optimizer: {type: SGD}\nparamwise_cfg: {bias_lr_mult: 2}", "c.yaml:2:17: error: there is no lr to multiply"),
        (
            "optimizer: {type: SGD}\nparamwise_cfg: {custom_keys: {'0': {}}}",
            "c.yaml:2:31: error: there is no lr to multiply; mmcv's DefaultOptimizerConstructor.add_params would raise",
        ),
        (
            "optimizer: {type: LBFGS, lr: 1}\nparamwise_cfg: {custom_keys: {x: {}}}",
            "c.yaml:1:13: error: LBFGS would raise",
        ),
        ("optimizer: {type: SGD, lr: 1.0e300}\nparamwise_cfg: {custom_keys: {'0': {lr_mult: 1.0e300}}}", "too large"),
        (
            "solver: {weight_decay: [[0, {type: torch.nn.Linar}], 0]}",
            'c.yaml:1:29: error: torch.nn has no attribute "Linar"',
        ),
    ],
)
def test_what_the_library_would_refuse_is_refused_in_its_place(
    capsys: pytest.CaptureFixture[str], folder: Path, text: str, place: str
) -> None:
    (folder / "c.yaml").write_text(text)
    code, out, err = _run(capsys, "nets.py:tiny", "c.yaml")
    assert (code, out) == (2, "")
    assert place in err


def test_an_internal_error_is_said_to_be_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("inside")

    monkeypatch.setattr("pgaudit.pipeline.audit", broken)
    code, _, err = _run(capsys, "nets.py:tiny", "c.yaml")
    assert code == 2
    assert err == "error: internal error: KeyError: 'inside'\n  --traceback shows where\n"
    assert "Traceback" in _run(capsys, "nets.py:tiny", "c.yaml", "--traceback")[2]


def test_ctrl_c(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pgaudit.pipeline.audit", interrupted)
    assert _run(capsys, "nets.py:tiny", "c.yaml")[0] == 130


@pytest.mark.parametrize("fmt", ["table", "json", "csv", "markdown", "svg", "html"])
def test_every_format_is_deterministic_and_goes_to_a_file_whole(
    capsys: pytest.CaptureFixture[str], folder: Path, fmt: str
) -> None:
    arguments = ["nets.py:tiny", "c.yaml", "--format", fmt]
    printed = _run(capsys, *arguments)[1]
    assert printed
    assert printed.endswith("\n")
    assert _run(capsys, *arguments)[1] == printed
    code, out, _ = _run(capsys, *arguments, "-o", "out.txt")
    assert (code, out) == (0, "")
    assert (folder / "out.txt").read_text(encoding="utf-8") == printed


def test_a_file_is_replaced_whole_or_not_at_all(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = folder / "good.txt"
    good.write_text("good")
    good.chmod(0o640)
    assert _run(capsys, "resnet81", "c.yaml", "-o", "good.txt")[0] == 2
    assert good.read_text() == "good"
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", _full_disk)
        assert _run(capsys, "nets.py:tiny", "c.yaml", "-o", "good.txt")[0] == 2
    assert good.read_text() == "good"
    assert _run(capsys, "nets.py:tiny", "c.yaml", "-o", "good.txt")[0] == 0
    assert good.read_text().startswith("nets.py:tiny")
    assert stat.S_IMODE(good.stat().st_mode) == 0o640
    assert {path.name for path in folder.iterdir()} <= {"c.yaml", "named.yaml", "nets.py", "good.txt", "__pycache__"}


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("environment", "arguments", "coloured"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "0"}, [], False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
        ({"FORCE_COLOR": "1"}, ["--color", "never"], False),
    ],
)
def test_who_decides_about_colour(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    arguments: list[str],
    coloured: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in _run(capsys, "nets.py:tiny", "c.yaml", *arguments)[1]) == coloured


def test_columns_limits_the_width_of_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    out = _run(capsys, "nets.py:tiny", "c.yaml")[1]
    assert "▼ 0      2\n" in out  # the rule is a number of the table below
    assert "2 norm_decay_mult :6" in out


def test_what_a_model_writes_past_python_does_not_spoil_the_report(folder: Path) -> None:
    (folder / "loud.py").write_text(
        "import os\nfrom torch import nn\n"
        "class Net(nn.Linear):\n    def no_weight_decay(self):\n        print('HINT')\n        return set()\n"
        "def make():\n    os.write(1, b'RAW')\n    return Net(2, 2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pgaudit", "show", "loud.py:make", "c.yaml", "--format", "json"],
        capture_output=True, check=True, env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])},
    )  # fmt: skip
    assert len(json.loads(done.stdout)["params"]) == 2
    assert b"RAW" in done.stderr
    assert b"HINT" in done.stderr


@pytest.mark.parametrize("end", [">/dev/full", ">&-", "-o circle", "2>&- >/dev/full"])
def test_an_output_that_takes_nothing_is_exit_2_without_a_traceback(folder: Path, saved: str, end: str) -> None:
    (folder / "circle").symlink_to(folder / "circle")
    done = subprocess.run(
        f"{sys.executable} -m pgaudit show {saved} c.yaml {end}",
        shell=True, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"internal error" not in done.stderr
    assert done.stdout == b""


def test_an_output_that_closes_early_is_no_error(saved: str) -> None:
    done = subprocess.run(
        f"{sys.executable} -m pgaudit show {saved} c.yaml --format json -o /dev/stdout | head -c 1; "
        "echo ${PIPESTATUS[0]}",
        shell=True, capture_output=True, check=True, executable="/bin/bash",
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])},
    )  # fmt: skip
    assert done.stdout == b"{0\n"


def test_a_dash_is_stdout(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert _run(capsys, "nets.py:tiny", "c.yaml", "-o", "-")[1].startswith("nets.py:tiny")
    assert not (folder / "-").exists()


def test_a_traceback_on_request_holds_no_terminal_commands(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "evil.py").write_text("def make():\n    raise RuntimeError('\\x1b]0;title\\x07')\n")
    _, _, err = _run(capsys, "evil.py:make", "c.yaml", "--traceback")
    assert "Traceback" in err
    assert "\x1b" not in err


def test_on_a_terminal_it_is_brief_and_in_a_pipe_it_has_every_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / "frozen.py").write_text(
        "from torch import nn\n"
        "def make():\n"
        "    net = nn.Sequential(*(nn.Linear(2, 2) for _ in range(4)))\n"
        "    net[0].requires_grad_(False)\n"
        "    return net\n"
    )
    (folder / "timm.yaml").write_text("constructor: timm\noptimizer: {type: sgd, lr: 0.1}\n")
    rows = _run(capsys, "frozen.py:make", "timm.yaml")[1]
    assert all(f"{block}.{leaf} " in rows for block in range(4) for leaf in ("weight", "bias"))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    brief = _run(capsys, "frozen.py:make", "timm.yaml", "--color", "never")[1].splitlines()
    assert any(line.startswith("{1..3}.{weight,bias}  6 ") for line in brief)
    assert "❄ 2 frozen · 6 · not optimised" in brief
    assert not any(line.startswith("0.") for line in brief)
    for asked in (["--all"], ["--filter", "0.*"]):
        out = _run(capsys, "frozen.py:make", "timm.yaml", *asked)[1]
        assert any(line.startswith("0.") for line in out.splitlines())


def test_a_model_alone_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for alone in (["nets.py:tiny"], ["-m", "nets.py:tiny"]):
        code, out, _ = _run(capsys, *alone)
        assert code == 0
        lines = [" ".join(line.split()) for line in out.splitlines()]
        assert lines[0].startswith("nets.py:tiny · Sequential")
        assert "go on with pgaudit init nets.py:tiny" in lines
        assert any(line.startswith("without a config: torch.optim.AdamW(model.parameters())") for line in lines)
    code, out, _ = _run(capsys, "resnet18", "--format", "json")
    assert {row["lr"] for row in json.loads(out)["params"]} == {0.001}


@pytest.mark.parametrize(
    ("frozen", "expected"),
    [
        (
            "net[0]",
            "without a config: torch.optim.AdamW(model.parameters()) trains all but the frozen ones with lr 0.001",
        ),
        ("net", "nothing trains: all are frozen"),
    ],
)
def test_a_model_alone_that_is_frozen(
    capsys: pytest.CaptureFixture[str], folder: Path, frozen: str, expected: str
) -> None:
    (folder / "frozen.py").write_text(
        "from torch import nn\n"
        "def make():\n"
        "    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))\n"
        f"    {frozen}.requires_grad_(False)\n"
        "    return net\n"
    )
    assert expected in _run(capsys, "frozen.py:make")[1]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--constructor", "transformers"], "transformers · AdamW"),
        (["--groups"], "1 group · 1 different setting"),
        (["--at", "0"], "lr@0"),
        (["--all"], "0.bias "),
        (["--product"], "wd×lr"),
    ],
)
def test_what_is_asked_of_a_model_alone_is_answered(
    capsys: pytest.CaptureFixture[str], options: list[str], expected: str
) -> None:
    code, out, _ = _run(capsys, "-m", "nets.py:tiny", *options)
    assert code == 0
    assert expected in out
    assert "go on with" not in out


def test_what_ifs_on_a_config_and_on_none(capsys: pytest.CaptureFixture[str]) -> None:
    out = _run(capsys, "nets.py:tiny", "c.yaml", "--lr", "0.7", "--set", "paramwise_cfg.norm_decay_mult=0.5")[1]
    assert "SGD lr 0.7" in out
    assert "5e-5   norm_decay_mult\n" in out
    out = _run(capsys, "resnet18", "--optimizer", "SGD", "--lr", "0.1", "--weight-decay", "0.05", "--filter", "fc")[1]
    assert "torch · SGD lr 0.1 · weight_decay 0.05" in out
    for wrong, message in (
        (["c.yaml", "--set", "x"], "--set x is not key=value"),
        (["c.yaml", "--set", "a.b=1"], '--set a.b: nothing here reads "a"'),
        (["c.yaml", "--set", "paramwise_cfg.nrom_decay_mult=0"], 'did you mean "norm_decay_mult"?'),
        (["c.yaml", "--lr", "x"], "'x' is not a valid float"),
        (["c.yaml", "--optimizer", "SDG"], "SDG"),
    ):
        _, out, err = _run(capsys, "nets.py:tiny", *wrong)
        assert message in out + err


ENDINGS = {
    "a.json": "{",
    "a.CSV": "name,",
    "a.md": "**",
    "a.svg": "<svg",
    "a.html": "<!DOCTYPE html>",
    "a.txt": "nets.py:tiny ",
}


@pytest.mark.parametrize(("name", "begins"), ENDINGS.items())
def test_the_file_says_the_format(capsys: pytest.CaptureFixture[str], folder: Path, name: str, begins: str) -> None:
    assert _run(capsys, "nets.py:tiny", "c.yaml", "-o", name)[0] == 0
    assert (folder / name).read_text().startswith(begins)
    assert _run(capsys, "nets.py:tiny", "c.yaml", "-o", name, "--format", "json")[0] == 0
    assert (folder / name).read_text().startswith("{")

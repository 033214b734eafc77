"""`pgaudit diff` as a user types it, and as git calls it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pgaudit import cli

REPOSITORY = Path(__file__).parents[2]
A = "model: nets.py:tiny\nconstructor: mmcv\noptimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}\n"
B = A + "paramwise_cfg:\n  norm_decay_mult: 0\n"
SAME = A + "paramwise_cfg:\n  custom_keys: {'1': {}}\n"
NETS = "from torch import nn\ndef tiny(): return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name, text in (("a.yaml", A), ("b.yaml", B), ("same.yaml", SAME), ("nets.py", NETS)):
        (tmp_path / name).write_text(text)
    (tmp_path / "bare.yaml").write_text("optimizer: {type: SGD, lr: 0.1}\n")
    (tmp_path / "sdg.yaml").write_text("optimizer: {type: SDG, lr: 0.1}\n")
    (tmp_path / "bad.json").write_text('{"schema_version": 1,\n "model": {')
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["diff", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "a.yaml", "b.yaml") == (
        0,
        """\
a.yaml → b.yaml
nets.py:tiny · 4 tensors · mmcv · SGD

  parameter        ×    lr     decay     decided by
~ 1.{weight,bias}  2    0.1  ▼ 1e-4 → 0  default → norm_decay_mult :5

~ 2 changed · 2 unchanged
""",
        "",
    )


@pytest.mark.parametrize(
    ("a", "b", "code", "last"),
    [
        ("a.yaml", "b.yaml", 1, "~ 2 changed · 2 unchanged"),
        ("a.yaml", "a.yaml", 0, "no difference · 4 unchanged"),
        ("a.yaml", "same.yaml", 0, "2 same effect, other rule · 2 unchanged"),
        ("/dev/null", "a.yaml", 1, "~ 4 in the setup · + 4 added · 0 unchanged"),
        ("a.yaml", "/dev/null", 1, "~ 4 in the setup · - 4 removed · 0 unchanged"),
    ],
)
def test_exit_code(capsys: pytest.CaptureFixture[str], a: str, b: str, code: int, last: str) -> None:
    done, out, _ = _run(capsys, a, b, "--exit-code")
    assert (done, out.splitlines()[-1]) == (code, last)
    assert _run(capsys, a, b)[0] == 0


def test_a_report_against_the_config_that_made_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "a.yaml", "--format", "json", "-o", "a.json"]) == 0
    assert _run(capsys, "a.json", "a.yaml", "--exit-code")[0] == 0
    assert _run(capsys, "a.json", "b.yaml", "--exit-code")[0] == 1


def test_a_model_of_timms_taken_from_a_report_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "resnet18", "bare.yaml", "--format", "json", "-o", "a.json"]) == 0
    code, _, err = _run(capsys, "a.json", "bare.yaml")
    assert (code, err) == (0, "note: bare.yaml names no model; taking resnet18, the model of a.json\n")


def test_a_model_that_the_command_names_is_that_of_both(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "nets:tiny", "bare.yaml", "bare.yaml")
    assert (code, err) == (0, "")
    assert out.startswith("bare.yaml")


def test_a_model_that_is_code_is_not_taken_from_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "nets:tiny", "bare.yaml", "--format", "json", "-o", "a.json"]) == 0
    code, _, err = _run(capsys, "a.json", "bare.yaml")
    assert (code, err) == (2, 'error: no model is named for "bare.yaml"\n  --model nets:tiny\n')
    assert _run(capsys, "a.json", "bare.yaml", "--model", "nets:tiny")[0] == 0


def test_unfolded_and_without_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert "~ 1.weight" in _run(capsys, "a.yaml", "b.yaml", "--no-fold")[1]
    assert "1.{weight,bias}" in _run(capsys, "a.yaml", "same.yaml")[1]
    assert "1.{weight,bias}" not in _run(capsys, "a.yaml", "same.yaml", "--no-rules")[1]


@pytest.mark.parametrize("fmt", ["table", "json", "markdown", "github"])
def test_every_format_is_deterministic_and_goes_to_a_file(
    capsys: pytest.CaptureFixture[str], folder: Path, fmt: str
) -> None:
    arguments = ["a.yaml", "b.yaml", "--format", fmt]
    printed = _run(capsys, *arguments)[1]
    assert "norm" in printed
    assert _run(capsys, *arguments)[1] == printed
    assert _run(capsys, *arguments, "-o", "out", "--exit-code")[:2] == (1, "")
    assert (folder / "out").read_text(encoding="utf-8") == printed


def test_json_and_github_are_read_by_programs(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(_run(capsys, "a.yaml", "b.yaml", "--format", "json")[1])
    assert data["counts"] == {
        "setup": 0, "changed": 2, "reshaped": 0, "removed": 0, "added": 0, "same_effect": 0, "unchanged": 2,
    }  # fmt: skip
    assert data["changes"][0]["after"]["weight_decay_rule"] == {
        "option": "norm_decay_mult", "key": None, "line": 5, "column": 3,
    }  # fmt: skip
    first = _run(capsys, "a.yaml", "b.yaml", "--format", "github")[1].splitlines()[0]
    assert first.startswith("::warning file=b.yaml,line=5,col=3,title=pgaudit diff%3A 2 tensors changed::")


WRONG = {
    "one side": (["a.yaml"], 'two sources are compared, and "a.yaml" alone cannot be'),
    "no such file": (["a.yaml", "c.yaml"], 'no such config file: "c.yaml"'),
    "no model": (["bare.yaml", "bare.yaml"], 'no model is named for "bare.yaml"'),
    "no model on the other side": (["bare.yaml", "/dev/null"], 'no model is named for "bare.yaml"'),
    "typo in the model": (["a.yaml", "b.yaml", "--model", "resnet81"], "did you mean resnet18"),
    "typo in the optimizer": (["a.yaml", "sdg.yaml"], "sdg.yaml:1:13: error: torch and timm have no optimizer"),
    "typo in a format": (["a.yaml", "b.yaml", "--format", "jsn"], "'jsn' is not one of"),
    "typo in a constructor": (["a.yaml", "b.yaml", "--constructor", "mmvc"], 'did you mean "mmcv"?'),
    "typo in a model argument": (["a.yaml", "b.yaml", "--model-arg", "x"], "is not key=value"),
    "typo in an option": (["a.yaml", "b.yaml", "--exitcode"], "No such option: --exitcode"),
    "a cut report": (["bad.json", "b.yaml"], "bad.json:2:12: error: the file ends in the middle of the JSON"),
    "a folder": ([".", "b.yaml"], "is a folder"),
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


@pytest.mark.parametrize(("other", "code"), [("bad.json", 2), ("a.json", 0)])
def test_reports_need_no_torch(folder: Path, other: str, code: int) -> None:
    assert cli.main(["show", "a.yaml", "--format", "json", "-o", "a.json"]) == 0
    program = (
        "import sys\nfrom pgaudit.cli import main\n"
        f"print(main(['diff', 'a.json', {other!r}, '-o', 'out']), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert done.stdout == f"{code} False\n"


class Git:
    """A repository of its own, with `pgaudit` on the path and nobody's configuration."""

    def __init__(self, root: Path) -> None:
        self.root = root / "repository"
        self.root.mkdir()
        tools = root / "bin"
        tools.mkdir()
        script = tools / "pgaudit"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pgaudit "$@"\n')
        script.chmod(0o755)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY), "HOME": str(root),
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat", "PYTHONIOENCODING": "utf-8",
        }  # fmt: skip
        self("init", "--quiet")
        self("config", "user.name", "A")
        self("config", "user.email", "a@example.org")
        self("config", "diff.renames", "false")  # one file is removed here and another added

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=self.environment, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        assert "error" not in done.stderr
        return done.stdout

    def commit(self, **files: str | None) -> None:
        for stem, text in files.items():
            file = self.root / f"{stem}.yaml"
            file.unlink(missing_ok=True)
            if text is not None:
                file.write_text(text)
        self("add", "--all")
        self("commit", "--quiet", "--message", "a change")


@pytest.fixture
def git(folder: Path) -> Git:
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    made = Git(folder)
    assert cli.main(["snapshot", "nets.py:tiny", "-o", str(made.root / "tiny.json")]) == 0  # which needs no torch
    (made.root / ".gitattributes").write_text("*.yaml diff=pgaudit\n")
    first, second = (text.replace("nets.py:tiny", "tiny.json") for text in (A, B))
    made.commit(policy=first, gone=first)
    made.commit(policy=second, gone=None, new=first)
    return made


def test_git_difftool(git: Git) -> None:
    out = git("difftool", "--no-prompt", "--extcmd", "pgaudit diff --model tiny.json", "HEAD~")
    assert "~ 1.{weight,bias}  2    0.1  ▼ 1e-4 → 0  default → norm_decay_mult :5" in out
    assert "nothing → new.yaml" in out
    assert "+ 1.{weight,bias}" in out
    assert "gone.yaml → nothing" in out
    assert "- 1.{weight,bias}" in out


def test_git_diff_with_an_external_driver(git: Git) -> None:
    git("config", "diff.pgaudit.command", 'f() { pgaudit diff "$2" "$5"; }; f')
    out = git("diff", "HEAD", "HEAD~", "--", "policy.yaml", "new.yaml")  # both sides are temporary files
    assert "~ 1.{weight,bias}  2    0.1  ▲ 0 → 1e-4  norm_decay_mult :5 → default" in out
    assert "new.yaml → nothing" in out


def test_git_diff_with_textconv(git: Git) -> None:
    git("config", "diff.pgaudit.textconv", "pgaudit lock")
    lines = git("diff", "HEAD~", "--", "policy.yaml", "new.yaml").splitlines()
    assert "-0.1  0.0001  default: 1.{weight,bias}" in lines
    assert "+0.1  0.0  weight_decay norm_decay_mult: 1.{weight,bias}" in lines
    assert "--- /dev/null" in lines
    assert "+0.1  0.0001  default: 1.{weight,bias}" in lines  # the new file


def test_git_textconv_that_survives_a_config_that_was_never_valid(git: Git) -> None:
    git.commit(policy="optimzer: {}\n")
    git("config", "diff.pgaudit.textconv", 'f() { pgaudit lock "$1" 2>/dev/null || cat "$1"; }; f')
    lines = git("diff", "HEAD~").splitlines()
    assert "+optimzer: {}" in lines
    assert "-0.1  0.0  weight_decay norm_decay_mult: 1.{weight,bias}" in lines


SCALED = """\
model: test_vit
optimizer: {type: AdamW, lr: 0.001}
constructor: timm
paramwise_cfg: {layer_decay: DECAY}
scheduler: {type: SCHEDULER}
"""


def _columns(capsys: pytest.CaptureFixture[str], before: tuple[str, str], after: tuple[str, str]) -> list[list[str]]:
    """The table of a comparison of layer decays under schedules: its heads, and its first row."""
    for name, (decay, scheduler) in {"a.yaml": before, "b.yaml": after}.items():
        Path(name).write_text(SCALED.replace("DECAY", decay).replace("SCHEDULER", scheduler))
    _, out, _ = _run(capsys, "a.yaml", "b.yaml", "--width", "200", "--no-rules")
    lines = out.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("  parameter"))
    return [re.split(r"  +", re.sub(r"[▲▼] | +(?=→)", "", line).strip(" ~")) for line in lines[at : at + 2]]


TIMM = "timm:cosine, num_epochs: 10"
TORCH = "CosineAnnealingLR, T_max: 10"


def test_what_no_schedule_multiplies_by_is_no_scheduled_lr(capsys: pytest.CaptureFixture[str]) -> None:
    heads, row = _columns(capsys, ("0.5", TIMM), ("0.6", TIMM))
    assert row[heads.index("scheduled")] == "7.8125e-6→ 2.79936e-5"
    heads, row = _columns(capsys, ("0.5", TIMM), ("0.5", TORCH))
    assert row[heads.index("scheduled")] == "7.8125e-6→ 0.001"
    Path("a.yaml").write_text(SCALED.replace("DECAY", "0.6").replace("SCHEDULER", TORCH))
    code, out, err = _run(capsys, "a.yaml", "b.yaml", "--exit-code")
    assert (code, out.splitlines()[-1]) == (0, "no difference · 80 unchanged")
    assert err == "note: CosineAnnealingLR does not look at lr_scale, so that does not count (pgaudit finding PG025)\n"

"""`pgaudit check` as a user types it: exit codes, streams, formats, and one clear message for whatever is wrong."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pgaudit import cli
from tests.signals import heed_interrupts

REPOSITORY = Path(__file__).parents[2]
NETS = """
import os, pathlib, time
from torch import nn
def tiny(width=2): return nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width))
def slow():
    pathlib.Path(f"begun{os.getpid()}").touch()
    time.sleep(60)
    return tiny()
def counting():
    layer = nn.Linear(2, 2)
    layer.weight.sum().item()
    print("a print that must not spoil the report")
    return layer
"""
CONFIG = (
    "model: nets.py:tiny\noptimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}\nparamwise_cfg:\n  norm_decay_mult: 0\n"
)
TYPO = CONFIG + "  norm_decay_mutl: 0\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name, text in (("c.yaml", CONFIG), ("typo.yaml", TYPO), ("nets.py", NETS), ("bad.yaml", "optimzer: {}\n")):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def saved(folder: Path) -> None:
    """Configs of a model that a process of its own reads without torch."""
    assert cli.main(["snapshot", "nets.py:tiny", "-o", "tiny.json"]) == 0
    for name in ("c.yaml", "typo.yaml"):
        (folder / name).write_text((folder / name).read_text().replace("nets.py:tiny", "tiny.json"))


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["check", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_clean_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "c.yaml")
    assert (code, err) == (0, "")
    assert "passed" in out
    assert _run(capsys, "nets.py:tiny", "c.yaml")[0] == 0


def test_findings_of_level_error_fail_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "typo.yaml")
    assert code == 1
    assert "typo.yaml:5:3" in out
    assert "PG011" in out


def test_what_cannot_be_checked_is_in_the_report_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "bad.yaml")
    assert (code, err) == (2, "1 fixable with --unsafe-fixes\n")
    assert "bad.yaml:1:1" in out
    assert 'did you mean "optimizer"?' in out


@pytest.mark.parametrize(
    ("level", "expect", "config", "code"),
    [
        (None, None, "c.yaml", 0),
        ("info", None, "c.yaml", 1),
        ("never", None, "typo.yaml", 0),
        ("error", "info", "c.yaml", 0),
        (None, "info", "c.yaml", 1),
        (None, "never", "typo.yaml", 0),
    ],
)
def test_from_which_severity_on(
    capsys: pytest.CaptureFixture[str], folder: Path, level: str | None, expect: str | None, config: str, code: int
) -> None:
    (folder / "e.yaml").write_text(f"findings: {{fail_on: {expect}}}\n")
    options = [*(["--fail-on", level] if level else []), *(["--expect", "e.yaml"] if expect else [])]
    assert _run(capsys, config, *options)[0] == code


def test_the_command_line_beats_the_audit_which_beats_the_project(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "pgaudit.yaml").write_text(
        "fail_on: never\naudits: [{config: typo.yaml, fail_on: error, name: a}, {config: typo.yaml, name: b}]"
    )
    assert _run(capsys, "--select", "a")[0] == 1
    assert _run(capsys, "--select", "b")[0] == 0
    assert _run(capsys, "--fail-on", "never")[0] == 0
    assert _run(capsys, "--fail-on", "warning", "--select", "b")[0] == 1


def test_expectations_of_a_file_take_the_place_of_the_configs(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "c.yaml").write_text(CONFIG + "expect: {groups: {max: 1}}\n")
    (folder / "e.yaml").write_text("params: {'1.*': {weight_decay: 0}}\n")
    assert _run(capsys, "c.yaml")[0] == 1
    assert _run(capsys, "c.yaml", "--expect", "e.yaml")[0] == 0


def test_a_baseline_that_was_written_is_clean(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert _run(capsys, "typo.yaml", "--fail-on", "info")[0] == 1
    code, out, err = _run(capsys, "typo.yaml", "--write-baseline", "known.json")
    assert (code, out) == (0, "")
    assert err == "known.json: 2 findings known from now on\n"
    assert _run(capsys, "typo.yaml", "--baseline", "known.json", "--fail-on", "info")[0] == 0
    (folder / "typo.yaml").write_text("# a line above\n" + TYPO + "  bias_decay_mutl: 0\n")
    code, out, _ = _run(capsys, "typo.yaml", "--baseline", "known.json", "--fail-on", "info")
    assert code == 1
    assert "bias_decay_mutl" in out
    assert "norm_decay_mutl" not in out
    assert _run(capsys, "typo.yaml", "--write-baseline", "-")[1].startswith('{\n  "pgaudit_baseline": 1')


WRONG = {
    "nothing to check": ([], "no pgaudit.yaml and no [tool.pgaudit]"),
    "no config": (["resnet18"], 'CONFIG is missing after "resnet18"'),
    "a project file": (["nets.py:tiny", "pgaudit.yaml"], "--project pgaudit.yaml"),
    "a lock for a project": (["--lock", "a.lock"], "--lock has no meaning without MODEL and CONFIG"),
    "an empty lock for a project": (["--lock", ""], "--lock has no meaning without MODEL and CONFIG"),
    "a baseline for a project": (["--write-baseline", "b"], "--write-baseline has no meaning without"),
    "an argument for a project": (["--model-arg", "a=1"], "--model-arg has no meaning without"),
    "a selection of one": (["c.yaml", "--select", "x"], "there is no finding x"),
    "a project and a config": (["c.yaml", "--project", "p.yaml"], "--project has no meaning with MODEL"),
    "a lock to write findings": (["c.yaml", "--write-baseline", "b", "--lock", "l"], "--lock has no meaning with"),
    "a format to write findings": (["c.yaml", "--write-baseline", "b", "--format", "json"], "--format has no meaning"),
    "no such project": (["--project", "p.yaml"], 'no such project file: "p.yaml"'),
    "typo in a level": (["c.yaml", "--fail-on", "warn"], "'warn' is not one of"),
    "typo in a format": (["c.yaml", "--format", "jsn"], "'jsn' is not one of"),
    "no jobs": (["c.yaml", "--jobs", "0"], "not in the range x>=1"),
    "typo in an option": (["c.yaml", "--baselin", "b"], "No such option: --baselin"),
    "two formats": (["c.yaml", "--format", "table", "--format", "json"], "table and json would both go to stdout"),
    "output in no folder": (["c.yaml", "-o", "no/x.txt"], "cannot write"),
    "output is a folder": (["c.yaml", "-o", "."], "it is a folder"),
    "baseline in no folder": (["c.yaml", "--write-baseline", "no/x"], "cannot write"),
    "typo in the config for a baseline": (["d.yaml", "--write-baseline", "x"], "no such config file"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_whatever_is_wrong_is_one_message_and_exit_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert err.count("error: ") == 1


UNCHECKED = {
    "no such expectations": (["c.yaml", "--expect", "e.yaml"], 'no such expectations file: "e.yaml"'),
    "no expectations": (["c.yaml", "--expect", ""], 'no such expectations file: ""'),
    "no lock": (["c.yaml", "--lock", ""], 'no such lock file: ""'),
    "a lock that is a folder": (["c.yaml", "--lock", "."], "is a folder"),
    "no baseline": (["c.yaml", "--baseline", ""], 'no such baseline file: ""'),
    "no such model": (["resnet81", "c.yaml"], 'has no model "resnet81"'),
    "a file that is no lock": (["c.yaml", "--lock", "c.yaml"], "this is no lock of pgaudit"),
    "typo in a constructor": (["c.yaml", "--constructor", "mmvc"], 'unknown constructor "mmvc"'),
}


@pytest.mark.parametrize(("arguments", "message"), UNCHECKED.values(), ids=UNCHECKED)
def test_what_cannot_be_read_is_said_in_the_report(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code, out, err = _run(capsys, *arguments)
    assert (code, err) == (2, "")
    assert message in " ".join(out.split())


def test_an_internal_error_is_said_to_be_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("inside")

    monkeypatch.setattr("pgaudit.gate.many.run", broken)
    code, out, err = _run(capsys, "c.yaml")
    assert (code, err) == (2, "")
    assert "internal error: KeyError: 'inside'" in out
    assert "Traceback" not in out
    assert "Traceback" in _run(capsys, "c.yaml", "--traceback")[2]


def test_notes_go_to_stderr_with_the_audit_where_there_are_several(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "pgaudit.yaml").write_text(
        "audits: [{name: one, model: 'nets.py:counting', config: c.yaml}, {config: c.yaml}]"
    )
    code, out, err = _run(capsys)
    assert code == 0
    assert "a print" not in out
    assert "note: one: built on the CPU" in err
    assert "note: built on the CPU" in _run(capsys, "nets.py:counting", "c.yaml")[2]


def test_ctrl_c(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pgaudit.gate.many.run", interrupted)
    assert _run(capsys, "c.yaml")[0] == 130


def _process(*arguments: str, **how: object) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color", "COLUMNS": "80"}
    command = [sys.executable, "-m", "pgaudit", "check", *arguments]
    how = {"start_new_session": True, "preexec_fn": heed_interrupts, **how}
    return subprocess.Popen(command, env=environment, **how)  # type: ignore[call-overload]


def test_ctrl_c_ends_every_process_without_a_traceback(folder: Path) -> None:
    (folder / "pgaudit.yaml").write_text(
        "audits: [{model: 'nets.py:slow', config: c.yaml}, {model: 'nets.py:slow', config: c.yaml}]"
    )
    process = _process("--jobs", "2", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while len([*folder.glob("begun*")]) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    begun = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")
    assert time.monotonic() - begun < 30
    assert _ends(process.pid)


def _ends(group: int) -> bool:
    """Whether all processes of a group are gone soon."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.usefixtures("saved")
def test_a_closed_pipe_is_no_error_and_files_are_written_before(folder: Path) -> None:
    (folder / "pgaudit.yaml").write_text("audits: [{config: c.yaml}]\n")
    read, write = os.pipe()
    os.close(read)
    process = _process("--format", "table", "--format", "table", "-o", "out.txt", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert "passed" in (folder / "out.txt").read_text(encoding="utf-8")


@pytest.mark.usefixtures("saved")
def test_a_closed_stdout_is_said() -> None:
    done = subprocess.run(
        f"exec {sys.executable} -m pgaudit check c.yaml >&-",
        shell=True, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "stdout is closed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("saved")
def test_a_terminal_gets_a_bar_and_a_pipe_does_not(folder: Path) -> None:
    (folder / "pgaudit.yaml").write_text("audits: [{name: one, config: c.yaml}, {name: two, config: typo.yaml}]\n")
    main, other = pty.openpty()
    process = _process(stdin=other, stdout=other, stderr=other)
    os.close(other)
    written = b""
    try:
        while chunk := os.read(main, 4096):
            written += chunk
    except OSError:  # the other end is closed
        pass
    os.close(main)
    assert process.wait() == 1
    assert b"\x1b[?25l" in written  # the bar hides the cursor
    assert b"\x1b[?25h" in written
    assert b"0/2" in written
    assert b"Traceback" not in written


def test_typos_load_nothing_heavy(folder: Path) -> None:
    program = (
        "import sys\nfrom pgaudit.cli import main\n"
        "codes = [main(['check', *line.split()]) for line in sys.argv[1:]]\n"
        "print(codes, [name for name in ('torch', 'timm', 'rich') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "", "--lock x", "resnet18", "c.yaml --format jsn", "--project d.yaml"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert done.stdout == "[2, 2, 2, 2, 2] []\n"

"""`pgaudit sweep` as a user types it: exit codes, streams, formats, and what is left of an interrupted one."""

from __future__ import annotations

import csv
import json
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
from tests.sweep.models_on_disk import SLOW, write

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, "a_tiny.py", "e_plain.py")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["sweep", *arguments, "--jobs", "1"])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


BOTH = ("*.py:make", "a.yaml", "b.yaml")


@pytest.mark.parametrize(("fail_on", "code"), [(None, 0), ("never", 0), ("error", 0), ("warning", 1), ("info", 1)])
def test_findings_fail_only_if_asked_to(capsys: pytest.CaptureFixture[str], fail_on: str | None, code: int) -> None:
    option = ["--fail-on", fail_on] if fail_on else []
    assert _run(capsys, *BOTH, *option)[0] == code


@pytest.mark.parametrize("fail_on", ["never", "info"])
def test_what_cannot_be_audited_is_2_whatever_fails(
    folder: Path, capsys: pytest.CaptureFixture[str], fail_on: str
) -> None:
    write(folder, "b_breaks.py")
    code, out, err = _run(capsys, *BOTH, "--fail-on", fail_on)
    assert (code, err) == (2, "")
    assert "1 model could not be audited" in out
    assert "RuntimeError: broken" in out
    assert "a_tiny.py:make" in out
    assert "Traceback" in _run(capsys, *BOTH, "--traceback")[2]


def test_the_formats_tell_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(text) for text in _run(capsys, *BOTH, "--format", "jsonl")[1].splitlines()]
    whole = json.loads(_run(capsys, *BOTH, "--format", "json")[1])
    rows = list(csv.DictReader(_run(capsys, *BOTH, "--format", "csv")[1].splitlines()))
    assert whole["results"] == lines
    assert [(row["model"], row["config"]) for row in rows] == [(line["model"], line["config"]) for line in lines]
    assert [(line["model"], line["config"]) for line in lines] == [
        (f"{model}.py:make", f"{config}.yaml") for model in ("a_tiny", "e_plain") for config in "ab"
    ]
    assert [row["findings"] for row in rows] == ["PG007=1", "PG001=1 PG007=1", "PG005=1", "PG001=1 PG005=1"]
    assert {(total["config"], total["code"]): total["models"] for total in whole["totals"]} == {
        ("a.yaml", "PG005"): 1,
        ("a.yaml", "PG007"): 1,
        ("b.yaml", "PG001"): 2,
        ("b.yaml", "PG005"): 1,
        ("b.yaml", "PG007"): 1,
    }
    markdown = _run(capsys, *BOTH, "--format", "markdown")[1]
    assert "### b\\.yaml" in markdown or "### b.yaml" in markdown
    assert "`a_tiny.py:make`" in markdown


def test_a_second_run_continues_and_a_third_has_nothing_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = _run(capsys, *BOTH, "-o", "r.jsonl")
    text = (folder / "r.jsonl").read_text()
    (folder / "r.jsonl").write_text(text.splitlines(keepends=True)[3] + '{"torn')
    (folder / "a_tiny.py").touch()
    again = _run(capsys, *BOTH, "-o", "r.jsonl")
    assert (again[:2], (folder / "r.jsonl").read_text()) == (whole[:2], text)
    (folder / "a_tiny.py").write_text("raise SystemExit")
    third = _run(capsys, *BOTH, "-o", "r.jsonl")
    assert third[:2] == whole[:2]
    assert third[2] == "note: 2 of 2 models are in r.jsonl already\n"
    assert _run(capsys, *BOTH, "-o", "r.jsonl", "--restart")[0] == 2


def test_parts_make_up_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    whole = _run(capsys, *BOTH, "--format", "jsonl")[1]
    parts = [_run(capsys, *BOTH, "--format", "jsonl", "--shard", f"{index}/3") for index in (1, 2, 3)]
    assert "".join(out for _, out, _ in parts) == whole
    assert [code for code, _, _ in parts] == [0, 0, 0]
    assert _run(capsys, *BOTH, "--shard", "3/3")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["resnt18", "a.yaml"], "did you mean resnet18"),
        (["*.pi:make", "a.yaml"], "no file matches"),
        (["resnet18", "c.yaml"], 'did you mean "b.yaml"?' ),
        (["resnet18", "a.yaml", "x.json"], "quote the GLOB"),
        (["resnet18"], "Missing argument"),
        ([*BOTH, "--restart"], "--restart has no meaning"),
        ([*BOTH, "-o", "-"], "--format jsonl"),
        ([*BOTH, "--format", "csv", "-o", "x.csv"], "--format csv > x.csv"),
        ([*BOTH, "-o", "a.yaml"], '"a.yaml" is a file that this command reads'),
        ([*BOTH, "--shard", "4/3"], "the parts are 1/3 to 3/3"),
        ([*BOTH, "--backend", "lokky"], 'did you mean "loky"?'),
        ([*BOTH, "--scheduler", "tcp://x:1"], "has no scheduler"),
        ([*BOTH, "--constructor", "mmvc"], 'did you mean "mmcv"?'),
        ([*BOTH, "--model-arg", "x"], "is not key=value"),
    ],
)  # fmt: skip
def test_typos(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_typos_need_no_torch_and_a_parent_of_processes_neither(folder: Path) -> None:
    calls = [["*.py:make", "c.yaml"], [*BOTH, "--shard", "0/1"], [*BOTH, "--backend", "x"], [*BOTH, "--jobs", "2"]]
    code = f"import sys\nfrom pgaudit.cli import main\nprint([main(['sweep', *call]) for call in {calls}])\n"
    code += "print('loaded:', [name for name in ('torch', 'timm') if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.endswith("[2, 2, 2, 0]\nloaded: []\n")


def _begin(folder: Path, *arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """Begins a sweep of ten slow models in a session of its own, and waits until it has kept something."""
    for number in range(10):
        (folder / f"slow{number}.py").write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "pgaudit", "sweep", "slow*.py:make", "a.yaml", "-o", "r.jsonl", *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color", "COLUMNS": "80"},
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    kept = folder / "r.jsonl"
    while not (kept.exists() and kept.read_bytes().count(b"\n") >= 2):
        assert process.poll() is None
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_is_130_and_what_is_done_is_kept(folder: Path, capsys: pytest.CaptureFixture[str], jobs: str) -> None:
    process = _begin(folder, "--jobs", jobs)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    err = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130
    kept = (folder / "r.jsonl").read_text().count("\n")
    assert 2 <= kept < 10
    assert err == f"note: interrupted with {10 - kept} of 10 models left; the same command continues in r.jsonl\n"
    assert _run(capsys, "slow*.py:make", "a.yaml", "-o", "r.jsonl")[2].startswith(f"note: {kept} of 10 models")
    assert (folder / "r.jsonl").read_text().count("\n") == 10


def test_a_violent_end_costs_only_what_was_under_way(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process = _begin(folder, "--jobs", "2")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)  # its processes end, too, and close the pipe
    kept = (folder / "r.jsonl").read_text().count("\n")
    continued = _run(capsys, "slow*.py:make", "a.yaml", "-o", "r.jsonl", "--format", "jsonl")
    assert continued[2] == f"note: {kept} of 10 models are in r.jsonl already\n"
    assert continued[1] == _run(capsys, "slow*.py:make", "a.yaml", "--format", "jsonl")[1]


def test_a_person_sees_how_far_it_is(folder: Path) -> None:
    main, other = pty.openpty()
    process = _begin(folder, "--jobs", "1", stderr=other)
    os.close(other)
    written = b""
    try:
        while chunk := os.read(main, 4096):
            written += chunk
    except OSError:  # the other end is closed
        pass
    os.close(main)
    assert process.wait(60) == 0
    assert b"/10" in written
    assert b"slow9.py:make" in written

"""Processes that run audits: however the one that began them ends, none of them is left."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from pgaudit.workers.processes import Processes
from pgaudit.workers.run import Lost
from tests.signals import heed_interrupts

REPOSITORY = Path(__file__).parents[2]
SLOW = """
import pathlib, os, time
pathlib.Path(f"begun{os.getpid()}").touch()
time.sleep(120)
"""
"""In the place of torch, which each process imports before it builds a model: the real one only takes its seconds."""
CONFIG = "optimizer: {type: SGD, lr: 0.1}\n"
MODEL = "from torch import nn\ndef make(): return nn.Linear(1, 1)\n"
PROJECT = "audits:\n" + "".join(f"- {{config: c.yaml, model: 'net{number}.py:make'}}\n" for number in range(4))
STUCK = SLOW.replace("time.sleep(120)", "__import__('ctypes').PyDLL(None).sleep(120)")
"""Meanwhile, no other thread of Python's runs."""
_ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of others does not see to it")
COMMANDS = {"check": ["check", "-j", "2"], "sweep": ["sweep", "net*.py:make", "c.yaml", "-j", "2"]}


def _of_session(session: int) -> set[int]:
    """The processes of a session that run."""
    found = set()
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                state, _, _, its = (each / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:  # it has ended meanwhile
                continue
            if int(its) == session and state != "Z":
                found.add(int(each.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT"])
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("torch", [SLOW, pytest.param(STUCK, marks=_ON_LINUX)], ids=["slow", "stuck"])
def test_none_outlives_the_command(tmp_path: Path, command: str, name: str, torch: str) -> None:
    for number in range(4):
        (tmp_path / f"net{number}.py").write_text(MODEL)
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "torch.py").write_text(torch)
    (tmp_path / "c.yaml").write_text(CONFIG)
    (tmp_path / "pgaudit.yaml").write_text(PROJECT)
    process = subprocess.Popen(
        [sys.executable, "-m", "pgaudit", *COMMANDS[command]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "first"), str(REPOSITORY)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    try:
        while len(list(tmp_path.glob("begun*"))) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        assert len(_of_session(process.pid)) >= 3
        process.send_signal(signal.Signals[name])
        out, err = process.communicate(timeout=60)  # whoever is left would hold the pipes open
        assert process.returncode == (130 if name == "SIGINT" else -signal.Signals[name])
        assert (out, b"Traceback" in err) == (b"", False)
        deadline = time.monotonic() + 30
        while _of_session(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _of_session(process.pid)
    finally:
        for left in _of_session(process.pid):
            os.kill(left, signal.SIGKILL)


def test_an_error_ends_them_at_once() -> None:
    began = time.monotonic()
    with closing(Processes(2).stream(_answers_once, range(4))) as found:
        assert next(found) != os.getpid()
    assert multiprocessing.active_children() == []
    assert time.monotonic() - began < 120


def _answers_once(number: int) -> int:
    time.sleep(300 if number else 0)
    return os.getpid()


def test_a_process_that_dies_is_told_of() -> None:
    with pytest.raises(Lost):
        list(Processes(1).stream(os._exit, [3]))
    assert multiprocessing.active_children() == []


def test_what_a_silent_one_writes_is_nobodys(capfd: pytest.CaptureFixture[str]) -> None:
    list(Processes(1, silent=True).stream(partial(os.write, 1), [b"out"]))
    list(Processes(1, silent=True).stream(partial(os.write, 2), [b"err"]))
    list(Processes(1).stream(partial(os.write, 2), [b"heard"]))
    assert capfd.readouterr() == ("", "heard")


def test_the_end_of_a_process_is_seen_by_whoever_asks_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool's own thread collects an ended process, and is slow to say so, as on a busy machine."""
    real, collected = os.waitpid, []

    def slow(pid: int, options: int) -> tuple[int, int]:
        on_main = threading.current_thread() is threading.main_thread()
        if on_main:
            time.sleep(0.05)
        found = real(pid, options)
        if found[0] and not on_main:
            collected.append(found)
            time.sleep(0.5)
        return found

    for _ in range(10):  # the pool's thread is first in about half of the tries
        found = Processes(2).stream(time.sleep, [0.3] * 4)
        next(found)
        with monkeypatch.context() as patch:
            patch.setattr(os, "waitpid", slow)
            found.close()
        assert multiprocessing.active_children() == []
        if collected:
            return
    pytest.skip("the pool's thread was never first")


_HELD: list[bytearray] = []


def _grow(number: int) -> int:
    _HELD.append(bytearray(400_000_000 if number == 2 else 1))
    time.sleep(0.7)
    return number


def test_a_process_that_grows_is_nothing_to_warn_of() -> None:
    """As one does that loads torch after its first call."""
    pytest.importorskip("psutil", reason="loky measures with it")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")  # as an error it would end loky's thread, and nothing would ever be answered
        assert set(Processes(1).stream(_grow, range(6))) == set(range(6))
    assert not heard

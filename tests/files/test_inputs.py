"""Only regular files are read: nothing waits for a named pipe that nobody writes to, and messages say what it is."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgaudit import cli
from pgaudit.files.inputs import NotRegular, inputs_read, noted_inputs, read_bytes

NETS = "from torch import nn\ndef tiny(): return nn.Linear(2, 2)\n"
FILES = {
    "c.yaml": "optimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}\n",
    "named.yaml": "model: pipe.py:make\noptimizer: {type: SGD, lr: 0.1}\n",
    "saved.yaml": "model: pipe.json\noptimizer: {type: SGD, lr: 0.1}\n",
    "derived.py": "_base_ = './pipe.py'\n",
    "derived_yaml.py": "_base_ = './pipe.yaml'\n",
    "nets.py": NETS,
    "pgaudit.yaml": "audits:\n- {config: c.yaml, model: 'nets.py:tiny', expect: pipe.yaml}\n",
}
INPUTS = [
    "show nets.py:tiny pipe.yaml",
    "show nets.py:tiny pipe.py",
    "show nets.py:tiny derived.py",
    "show nets.py:tiny derived_yaml.py",
    "show pipe.json c.yaml",
    "show pipe.py:make c.yaml",
    "show named.yaml",
    "show saved.yaml",
    "explain nets.py:tiny pipe.yaml weight",
    "verify nets.py:tiny pipe.yaml",
    "lock nets.py:tiny pipe.yaml",
    "convert pipe.yaml --to rules --model nets.py:tiny",
    "diff pipe.yaml c.yaml",
    "diff c.yaml pipe.json",
    "diff c.yaml pipe.lock",
    "check nets.py:tiny pipe.yaml",
    "check nets.py:tiny c.yaml --lock pipe.lock",
    "check nets.py:tiny c.yaml --expect pipe.yaml",
    "check nets.py:tiny c.yaml --baseline pipe.json",
    "check --project pipe.yaml",
    "check --project pipe.toml",
    "check",
    "snapshot --check pipe.json",
    "sweep nets.py:tiny pipe.yaml -j 1",
    "sweep pipe.py:make c.yaml -j 1",
]


class Hangs(BaseException):
    """A read has waited for too long."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    def hangs(*_: object) -> None:
        raise Hangs

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    for ending in ("yaml", "py", "json", "lock", "toml"):
        os.mkfifo(tmp_path / f"pipe.{ending}")
    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(300)
    yield tmp_path
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("command", INPUTS)
def test_a_named_pipe_in_place_of_an_input(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert cli.main(command.split()) == 2
    out, err = capsys.readouterr()
    assert "it is not a regular file (a named pipe)" in " ".join((out + err).split())


def test_a_named_pipe_in_place_of_an_entry_of_the_cache(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGAUDIT_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setattr("pgaudit.user_code._ran", [])  # models of other tests have run in this process
    command = ["show", "resnet18", "c.yaml"]
    assert cli.main(command) == 0
    shown = capsys.readouterr()
    entries = [path for path in (folder / "cache").rglob("*") if path.is_file()]
    assert entries
    for path in entries:
        path.unlink()
        os.mkfifo(path, 0o600)
    assert cli.main(command) == 0
    assert capsys.readouterr() == shown
    assert cli.main(["cache", "clear"]) == 0


def _piped(text: str) -> str:
    reader, writer = os.pipe()
    os.write(writer, text.encode())
    os.close(writer)
    return f"/dev/fd/{reader}"


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="pipes have no names here")
def test_a_pipe_of_the_shell_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    other = FILES["c.yaml"].replace("0.1", "0.2")
    assert cli.main(["show", "nets.py:tiny", _piped(other)]) == 0
    assert "lr 0.2" in capsys.readouterr().out
    assert cli.main(["diff", _piped(FILES["c.yaml"]), _piped(other), "--model", "nets.py:tiny"]) == 0
    assert "0.2" in capsys.readouterr().out


def test_what_else_is_no_file(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(NotRegular, match=r"not a regular file \(a socket\)"):
            read_bytes("socket")
    with pytest.raises(NotRegular, match=r"not a regular file \(a device\)"):
        read_bytes("/dev/zero", 1)
    with pytest.raises(IsADirectoryError):
        read_bytes(folder)
    assert read_bytes(os.devnull) == b""
    os.symlink("pipe.py", "link")
    with pytest.raises(NotRegular, match="a named pipe"):
        read_bytes("link")


def test_what_is_read_is_noted_where_somebody_asks() -> None:
    read_bytes("c.yaml")
    assert inputs_read() == ()
    with noted_inputs() as names:
        read_bytes("c.yaml", 3)
        with noted_inputs():
            read_bytes("nets.py")
        assert inputs_read() == ("c.yaml",)
    assert list(names) == ["c.yaml"]

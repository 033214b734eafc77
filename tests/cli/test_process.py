"""What only a process of its own shows: what it imports, closed pipes, terminals."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.signals import heed_interrupts

REPOSITORY = Path(__file__).parents[2]
HEAVY = ("torch", "timm", "numpy", "rich", "yaml", "jsonschema_rs", "pydantic", "typer")
SHOW = [sys.executable, "-m", "pgaudit", "show", "resnet18", "configs/resnet50_mmcv.yaml"]


def _python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout


COMMANDS = [["--help"], ["--version"], ["show", "--help"], ["shwo"], ["show"], ["explain"], ["diff"]]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_help_version_and_typos_load_nothing_heavy(arguments: list[str]) -> None:
    out = _python(
        f"import sys\nfrom pgaudit.cli import main\nmain({arguments})\n"
        f"print('loaded:', [name for name in {HEAVY} if name in sys.modules])"
    )
    assert out.endswith("loaded: []\n")


@pytest.mark.parametrize("arguments", [["finding"], ["finding", "PG003"], ["rule", "--format", "json"]])
def test_what_a_finding_means_needs_no_torch(arguments: list[str]) -> None:
    out = _python(
        f"import sys\nfrom pgaudit.cli import main\nmain({arguments})\n"
        "print('loaded:', [name for name in ('torch', 'timm', 'numpy') if name in sys.modules])"
    )
    assert out.endswith("loaded: []\n")


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert _python(f"import sys, pgaudit\nprint([name for name in {HEAVY} if name in sys.modules])") == "[]\n"


def test_a_config_error_does_not_wait_for_torch(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("optimzer: {}\n")
    out = _python(
        "import sys\nfrom pgaudit.cli import main\n"
        f"print(main(['show', 'resnet18', {str(tmp_path / 'c.yaml')!r}]), 'torch' in sys.modules)"
    )
    assert out == "2 False\n"


def test_the_public_names_exist() -> None:
    assert _python("import pgaudit\nfor name in pgaudit.__all__: getattr(pgaudit, name)\nprint('all')") == "all\n"


def test_a_closed_pipe_is_no_error() -> None:
    process = subprocess.Popen(
        [*SHOW, "--format", "json"], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), err) == (0, b"")


def test_an_encoding_without_marks_gets_ascii() -> None:
    done = subprocess.run(
        SHOW, cwd=REPOSITORY, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=True
    )
    assert b"v 0" in done.stdout
    assert done.stdout.isascii()


def _on_a_terminal(*, interrupt: bool = False) -> tuple[int, str]:
    """Runs `show` with both streams on a terminal of 80 columns; returns its exit code and all it wrote."""
    main, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        [*SHOW, "--no-cache"],  # else there may be nothing to build, and nothing to interrupt
        cwd=REPOSITORY,
        stdin=other,
        stdout=other,
        stderr=other,
        env=environment,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    os.close(other)
    written = b""
    try:
        while chunk := os.read(main, 4096):
            written += chunk
            if interrupt and b"building" in written:
                time.sleep(0.05)
                process.send_signal(signal.SIGINT)
                interrupt = False
    except OSError:  # the other end is closed
        pass
    os.close(main)
    return process.wait(), written.decode()


def test_a_terminal_gets_colour_a_spinner_and_lines_that_fit() -> None:
    code, written = _on_a_terminal()
    assert code == 0
    assert "building resnet18" in written
    assert "\x1b[36m" in written  # a norm rule's colour
    assert "Traceback" not in written


def test_ctrl_c_on_a_terminal_is_130_without_a_traceback() -> None:
    code, written = _on_a_terminal(interrupt=True)
    assert code == 130
    assert "Traceback" not in written


def test_ctrl_c_while_a_text_is_executed_is_130(tmp_path: Path) -> None:
    """As when dataclasses are made of a library that is being imported: Python itself keeps a note of that."""
    (tmp_path / "net.py").write_text("exec('import signal; signal.raise_signal(signal.SIGINT)')\n")
    (tmp_path / "c.yaml").write_text("optimizer: {type: SGD, lr: 0.1}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pgaudit", "show", "net.py:make", "c.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        check=False,
        preexec_fn=heed_interrupts,
    )
    assert (done.returncode, done.stdout, b"Traceback" in done.stderr) == (130, b"", False)


def test_a_folder_that_is_gone_is_one_message(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    code = "import os, sys; os.rmdir(os.getcwd()); from pgaudit.cli.app import main; sys.exit(main(['check']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "error: the current folder is gone\n  cd into one that is there\n")

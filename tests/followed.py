"""Pages of docs/ that tell a story: their files are written, their commands are run, one after the other."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from pgaudit import cli

_BLOCK = re.compile(r"```(yaml|python|console)\n(.*?)```", re.DOTALL)


def followed(page: Path) -> str:
    """Returns a page as it should be, after following it in a new folder."""
    before, path = os.getcwd(), list(sys.path)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["COLUMNS"] = "110"
        try:
            return _answered(page.read_text(encoding="utf-8"))
        finally:
            os.chdir(before)
            sys.path[:] = path
            del os.environ["COLUMNS"]


def _answered(text: str) -> str:
    last = "0"

    def answer(match: re.Match[str]) -> str:
        nonlocal last
        kind, body = match.groups()
        if kind != "console":
            name = re.match(r"# (\S+)\n", body)
            assert name
            Path(name[1]).write_text(body, encoding="utf-8")
            return match[0]
        lines = []
        for command in re.findall(r"^\$ (.*)$", body, re.MULTILINE):
            out, last = _run(command, last)
            lines.append(f"$ {command}\n{out}")
        return f"```console\n{''.join(lines)}```"

    return _BLOCK.sub(answer, text)


def _run(command: str, last: str) -> tuple[str, str]:
    if command == "echo $?":
        return f"{last}\n", "0"
    program, *arguments = shlex.split(command)
    if program != "pgaudit":
        program = sys.executable if program == "python" else program
        done = subprocess.run([program, *arguments], check=True, capture_output=True, text=True)
        return done.stdout, str(done.returncode)
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = cli.main(arguments)
    return out.getvalue(), str(code)

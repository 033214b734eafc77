"""The page "Gate your CI in five minutes", followed by a newcomer in an empty folder.

`python -m tests.test_ci_page` writes its answers anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

from pgaudit import cli

PAGE = Path(__file__).parents[1] / "docs" / "ci.md"
_BLOCK = re.compile(r"```(yaml|console)\n(.*?)```", re.DOTALL)


def _followed(text: str) -> str:
    """The page as it should be: files are written, commands are run, one after the other."""
    last = "0"

    def answer(match: re.Match[str]) -> str:
        nonlocal last
        kind, body = match.groups()
        if kind == "yaml":
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
        done = subprocess.run(shlex.split(command), check=True, capture_output=True, text=True)
        return done.stdout, str(done.returncode)
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = cli.main(arguments)
    return out.getvalue(), str(code)


def _page() -> str:
    """The page, followed in a new folder."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["COLUMNS"] = "110"
        try:
            return _followed(PAGE.read_text(encoding="utf-8"))
        finally:
            os.chdir(before)
            del os.environ["COLUMNS"]


def test_a_newcomer_sees_what_the_page_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == _page()


if __name__ == "__main__":
    PAGE.write_text(_page(), encoding="utf-8")

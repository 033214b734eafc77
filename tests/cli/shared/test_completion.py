"""What a shell completes, asked through the shell's own protocol."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from pgaudit import cli
from pgaudit.checks.documentation import all_documentation
from pgaudit.cli.shared.lazy import COMMANDS, command
from pgaudit.render.choices import Format

REPOSITORY = Path(__file__).parents[3]
SHELLS = {"bash": "complete -o default -F", "zsh": "#compdef pgaudit", "fish": "complete --command pgaudit"}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("words", ["{}_source", "source_{}"])
def test_each_shell_gets_its_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str, words: str
) -> None:
    monkeypatch.setenv("_PGAUDIT_COMPLETE", words.format(shell))
    assert cli.main([]) == 0
    out, err = capsys.readouterr()
    assert (SHELLS[shell] in out, err) == (True, "")


@pytest.mark.parametrize("words", ["tcsh_source", "source", "_", "bash_compleat"])
def test_what_no_shell_asks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str) -> None:
    monkeypatch.setenv("_PGAUDIT_COMPLETE", words)
    assert cli.main([]) == 1
    out, err = capsys.readouterr()
    assert (out, "internal error" in err, len(err.splitlines())) == ("", False, 1)


def _words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str) -> list[str]:
    monkeypatch.setenv("_PGAUDIT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    assert cli.main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.split()


def test_commands_options_and_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _words(monkeypatch, capsys, "pgaudit ") == list(COMMANDS)
    options = {name for option in command("show").params for name in option.opts if name.startswith("--")}
    assert options <= set(_words(monkeypatch, capsys, "pgaudit show --"))
    assert _words(monkeypatch, capsys, "pgaudit show --format ") == list(get_args(Format))
    codes = [word for each in all_documentation() for word in (each.kind.code, each.kind.name)]
    assert _words(monkeypatch, capsys, "pgaudit rule ") == codes
    assert _words(monkeypatch, capsys, "pgaudit convert c.yaml --to mm") == ["mmcv", "mmengine"]


def test_models_are_those_that_the_cache_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGAUDIT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("pgaudit.user_code._ran", [])  # models of other tests have run in this process
    assert _words(monkeypatch, capsys, "pgaudit show resnet") == []
    monkeypatch.delenv("_PGAUDIT_COMPLETE")
    assert cli.main(["models", "resnet1*"]) == 0
    names = capsys.readouterr().out.split()
    assert names
    assert _words(monkeypatch, capsys, "pgaudit show resnet1") == names
    assert _words(monkeypatch, capsys, "pgaudit show ") == []  # files
    tmp_path.chmod(0o777)
    assert _words(monkeypatch, capsys, "pgaudit show resnet1") == []  # and no note into the line that is being typed


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_real_bash(tmp_path: Path) -> None:
    program = tmp_path / "pgaudit"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pgaudit "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    script = """
eval "$(_PGAUDIT_COMPLETE=bash_source pgaudit)"
complete -p pgaudit
COMP_WORDS=(pgaudit rule PG00); COMP_CWORD=2
_pgaudit_completion pgaudit PG00 rule
echo "${COMPREPLY[@]}"
"""
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(["bash", "--norc", "-c", script], env=environment, capture_output=True, text=True)
    installed, replies = done.stdout.splitlines()
    assert installed == "complete -o default -F _pgaudit_completion pgaudit"
    assert replies.split() == [f"PG{number:03}" for number in range(1, 10)]
    assert done.stderr == ""


@pytest.mark.parametrize("given", [{}, {"COMP_WORDS": "pgaudit sh"}, {"COMP_WORDS": "pgaudit sh", "COMP_CWORD": "x"}])
def test_half_a_question_is_no_internal_error(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("COMP_WORDS", "COMP_CWORD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**given, "_PGAUDIT_COMPLETE": "complete_bash"}.items():
        monkeypatch.setenv(name, value)
    assert cli.main([]) == 0
    assert capsys.readouterr().err == ""

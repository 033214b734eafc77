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

FILES = "(files)"
"""The shell's own completion of files."""
REPOSITORY = Path(__file__).parents[3]
SHELLS = {
    "bash": "complete -o nosort -F _pgaudit_completion pgaudit",
    "zsh": "#compdef pgaudit",
    "fish": "complete --no-files --command pgaudit",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str
) -> None:
    monkeypatch.setenv("_PGAUDIT_COMPLETE", f"{shell}_source")
    assert cli.main([]) == 0
    out, err = capsys.readouterr()
    assert (SHELLS[shell] in out, err) == (True, "")
    monkeypatch.delenv("_PGAUDIT_COMPLETE")
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    for arguments in (["--show-completion"], ["--show-completion", shell]):
        assert cli.main(arguments) == 0
        assert capsys.readouterr().out.strip() == out.strip()
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert cli.main(["--show-completion"]) == 2
    assert capsys.readouterr() == (
        "",
        'error: no completion is known for the shell "tcsh"\n  name one of bash, zsh, fish\n',
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_is_told_once_where_its_script_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, shell: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    rc = tmp_path / f".{shell}rc"
    rc.write_text("# mine")
    for _ in range(2):
        assert cli.main(["--install-completion", shell]) == 0
    place = Path(capsys.readouterr().out.partition(" installed in ")[2].splitlines()[0])
    assert SHELLS[shell] in place.read_text()
    lines = {"bash": f"source '{place}'", "zsh": "fpath+=~/.zfunc; autoload -Uz compinit; compinit"}
    assert rc.read_text().splitlines() == ["# mine", *([lines[shell]] if shell in lines else [])]
    shutil.rmtree(place.parent)
    place.parent.write_text("a file")
    assert cli.main(["--install-completion", shell]) == 2
    assert "error: cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["tcsh_source", "source", "_", "bash_compleat"])
def test_what_no_shell_asks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str) -> None:
    monkeypatch.setenv("_PGAUDIT_COMPLETE", words)
    assert cli.main([]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "")


def _words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str) -> list[str]:
    monkeypatch.setenv("_PGAUDIT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    assert cli.main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    kinds, words = zip(*(line.split(",", 1) for line in out.splitlines()), strict=True) if out.strip() else ((), ())
    assert set(kinds) <= {"plain"} or (kinds, words) == (("file",), (line.split(" ")[-1],))
    return list(words) if "file" not in kinds else [FILES]


def test_commands_options_and_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _words(monkeypatch, capsys, "pgaudit ") == list(COMMANDS)
    options = {name for option in command("show").params for name in option.opts if name.startswith("--")}
    assert options <= set(_words(monkeypatch, capsys, "pgaudit show --"))
    assert _words(monkeypatch, capsys, "pgaudit show --format ") == list(get_args(Format))
    codes = [word for each in all_documentation() for word in (each.kind.code, each.kind.name)]
    assert _words(monkeypatch, capsys, "pgaudit rule ") == codes
    assert _words(monkeypatch, capsys, "pgaudit convert c.yaml --to mm") == ["mmcv", "mmengine"]
    assert _words(monkeypatch, capsys, "pgaudit check resnet50 conf") == [FILES]
    assert _words(monkeypatch, capsys, "pgaudit show --output ") == [FILES]
    assert _words(monkeypatch, capsys, "pgaudit unknown ") == list(COMMANDS)


def test_models_are_those_that_the_cache_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGAUDIT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("pgaudit.user_code._ran", [])  # models of other tests have run in this process
    assert _words(monkeypatch, capsys, "pgaudit show resnet") == [FILES]
    monkeypatch.delenv("_PGAUDIT_COMPLETE")
    assert cli.main(["models", "resnet1*"]) == 0
    names = capsys.readouterr().out.split()
    assert names
    assert _words(monkeypatch, capsys, "pgaudit show resnet1") == names
    assert _words(monkeypatch, capsys, "pgaudit show ") == [FILES]
    tmp_path.chmod(0o777)
    assert _words(monkeypatch, capsys, "pgaudit show resnet1") == [FILES]  # and no note


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
    assert installed == "complete -o nosort -F _pgaudit_completion pgaudit"
    assert replies.split() == [f"PG{number:03}" for number in range(1, 10)]
    assert done.stderr == ""


@pytest.mark.parametrize("given", [{}, {"COMP_WORDS": "pgaudit sh"}, {"COMP_WORDS": "pgaudit sh", "COMP_CWORD": "x"}])
def test_half_a_question_is_no_internal_error(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("COMP_WORDS", "COMP_CWORD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**given, "_PGAUDIT_COMPLETE": "bash_complete"}.items():
        monkeypatch.setenv(name, value)
    assert cli.main([]) == 1
    assert capsys.readouterr() == ("", "")

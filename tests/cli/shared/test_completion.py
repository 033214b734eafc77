"""What a shell completes, asked through the shell's own protocol."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from pgaudit import cli
from pgaudit.checks.documentation import all_documentation
from pgaudit.cli.shared.lazy import COMMANDS, command
from pgaudit.constructors.registry import constructor_names
from pgaudit.core.findings import Threshold
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
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_WORDBREAKS", " \t\n\"'><=;|&(:")
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
    assert _words(monkeypatch, capsys, "pgaudit finding dead") == ["dead-key"]
    assert _words(monkeypatch, capsys, "pgaudit finding pg001") == ["PG001"]
    assert _words(monkeypatch, capsys, "pgaudit show --select PG003,pg001") == ["PG003,PG001"]
    assert _words(monkeypatch, capsys, "pgaudit constructors ") == constructor_names()
    assert _words(monkeypatch, capsys, "pgaudit show c.yaml --constructor mmp") == [
        name for name in constructor_names() if name.startswith("mmp")
    ]
    assert _words(monkeypatch, capsys, "pgaudit check --fail-on ") == list(get_args(Threshold))
    assert _words(monkeypatch, capsys, "pgaudit show --format=js") == ["json"]


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


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a line can name, and a cache in which one model is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAUDIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("pgaudit.user_code._ran", [])
    plain = "optimizer: {type: SGD, lr: 0.1}\n"
    (tmp_path / "c.yaml").write_text(plain)
    (tmp_path / "own.yaml").write_text(f"model: resnet18\n{plain}")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "saved.yaml").write_text(f"model: saved.json\n{plain}")
    (tmp_path / "configs" / "broken.yaml").write_text("model: [\n")
    (tmp_path / "resnet1_mine.yaml").write_text(plain)
    (tmp_path / "train.py").write_text("open('ran', 'w')\nclass Net: ...\ndef make_net(): ...\ndef _own(): ...\n")
    (tmp_path / "pgaudit.yaml").write_text(
        "audits:\n- {config: c.yaml, name: first}\n- {config: own.yaml, name: 'x;ls'}\n- {config: own.yaml}\n"
    )
    assert cli.main(["models", "resnet18"]) == 0
    assert cli.main(["show", "own.yaml"]) == 0
    assert cli.main(["show", "resnet18", "c.yaml", "--model-arg", "num_classes=0"]) == 0
    assert cli.main(["snapshot", "resnet18", "-o", "configs/saved.json"]) == 0
    return tmp_path


FC, NAMED = ["fc.weight", "fc.bias"], ["Net", "make_net"]
LINES: dict[str, list[str]] = {
    "explain resnet18 c.yaml fc": FC,
    "explain timm:resnet18 c.yaml fc": [],
    "explain own.yaml fc": FC,
    "explain own.yaml c.yaml fc": FC,
    "explain own.yaml": [FILES],
    "explain resnet18 c": [FILES],
    "explain configs/saved.json c.yaml fc": FC,
    "explain configs/saved.yaml fc": FC,
    "explain c.yaml -m resnet18 fc": FC,
    "explain resnet18 c.yaml --model-arg num_classes=0 fc": [],
    "explain resnet18 c.yaml --model-arg num_classes=0 layer4.1.bn2": ["layer4.1.bn2.weight", "layer4.1.bn2.bias"],
    "explain resnet18 c.yaml --model-arg num_classes=7 fc": [],
    "explain resnet50 c.yaml fc": [],
    "explain train.py:Net c.yaml fc": [],
    "explain configs/broken.yaml fc": [FILES],
    "explain nowhere.json c.yaml fc": [],
    "show resnet18 c.yaml --filter fc.": FC,
    "show own.yaml -f fc.": FC,
    "show --model resnet18 c.yaml -f fc.": FC,
    "show --filter fc": [],
    "show train.py:": NAMED,
    "show resnet18 train.py:m": ["make_net"],
    "show train.py:Net train.py:m": ["make_net"],
    "show train.py:Net c.yaml --group-by m": ["module"],
    "diff c.yaml train.py:N": ["Net"],
    "show nowhere.py:": [FILES],
    "snapshot resnet18_": [FILES],
    "snapshot resnet18.": [FILES],
    "convert own.yaml --to rules --model resnet18": ["resnet18", "resnet18d"],
    "models vit_tiny_patch16_3": ["vit_tiny_patch16_384"],
    "check --select ": ["first"],
    "check --project c.yaml --select ": [],
}


@pytest.mark.parametrize("line", LINES)
def test_what_the_line_names_already(
    line: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    monkeypatch.setenv("_PGAUDIT_COMPLETE", "bash_complete")
    if line.startswith("check --project c.yaml"):
        monkeypatch.setenv("COMP_LINE", f"pgaudit {line}")
        assert cli.main([]) == 1  # it is no project file
        assert capsys.readouterr() == ("", "")
        return
    assert _words(monkeypatch, capsys, f"pgaudit {line}") == LINES[line]
    assert not (project / "ran").exists()


def test_files_stand_behind_the_names_that_begin_as_they_do(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    found = _words(monkeypatch, capsys, "pgaudit show resnet1")
    assert found[-1] == "resnet1_mine.yaml"
    assert {"resnet18", "resnet101"} < set(found)
    assert _words(monkeypatch, capsys, "pgaudit show own") == [FILES]


def test_names_that_a_shell_would_take_apart_are_not_offered(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "from torch import nn\n"
    code += (
        "def make(): return nn.ModuleDict({'a$(ls)': nn.Linear(1, 1), 'a b': nn.Linear(1, 1), 'ab': nn.Linear(1, 1)})"
    )
    (project / "hostile.py").write_text(code)
    assert cli.main(["snapshot", "hostile.py:make", "-o", "hostile.json"]) == 0
    capsys.readouterr()
    assert _words(monkeypatch, capsys, "pgaudit explain hostile.json c.yaml a") == ["ab.weight", "ab.bias"]


HEAVY = "torch timm rich numpy jsonschema_rs joblib"


@pytest.mark.slow
def test_a_word_is_completed_without_heavy_imports(project: Path) -> None:
    code = (
        "import sys; from pgaudit import cli; cli.main([]); print(*set(sys.argv) & set(sys.modules), file=sys.stderr)"
    )
    for line in ("sh", "show resnet1", "show --", "finding PG", "explain own.yaml fc", "explain resnet18 c.yaml fc"):
        environment = {**os.environ, "_PGAUDIT_COMPLETE": "bash_complete", "COMP_LINE": f"pgaudit {line}"}
        command = [sys.executable, "-c", code, *HEAVY.split()]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout
        assert (line, done.stderr.strip()) == (line, "")


@pytest.fixture
def shell(project: Path, request: pytest.FixtureRequest) -> Iterator[Shell]:
    """An interactive shell that has read its script, and whose `pgaudit` writes down how it was called."""
    if shutil.which(request.param) is None:
        pytest.skip(f"there is no {request.param}")
    (project / "bin").mkdir()
    program = project / "bin" / "pgaudit"
    answering = f'exec "{sys.executable}" -m pgaudit "$@"'
    program.write_text(f"""#!/bin/sh
if [ -n "$_PGAUDIT_COMPLETE" ]; then {answering}; fi
if [ "$1" = --show-completion ]; then {answering}; fi
printf '%s\\n' "$@" > "{project}/called.part" && mv "{project}/called.part" "{project}/called"
""")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with Shell(project, *REAL[request.param]) as running:
        yield running


REAL = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(pgaudit --show-completion bash)"'),
    "zsh": (
        ["zsh", "-f", "-i"],
        "mkdir zfunc; pgaudit --show-completion zsh > zfunc/_pgaudit; "
        "fpath+=$PWD/zfunc; autoload -Uz compinit; compinit -u -d $PWD/dump",
    ),
}
"""How each is started, and what it is told first: what its rc file holds after an installation."""


class Shell:
    """A real shell on a terminal of its own, with its real line editor."""

    def __init__(self, folder: Path, command: list[str], told: str) -> None:
        self._folder, self._command, self._told = folder, command, told

    def __enter__(self) -> Shell:
        import pty

        self._terminal, inner = pty.openpty()
        environment = {**os.environ, "PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}", "INPUTRC": os.devnull}
        environment |= {"PYTHONPATH": str(REPOSITORY), "TERM": "dumb", "PS1": "", "HISTFILE": ""}
        self._process = subprocess.Popen(
            self._command,
            stdin=inner, stdout=inner, stderr=inner, env=environment, cwd=self._folder, start_new_session=True,
        )  # fmt: skip
        os.close(inner)
        self._send(f"{self._told}\n")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def called(self, typed: str) -> list[str]:
        """The arguments with which the program is called, once these keys are pressed, and Enter."""
        file = self._folder / "called"
        file.unlink(missing_ok=True)
        self._send(f"{typed}\n")
        seen = b""
        for _ in range(600):
            if file.exists():
                return file.read_text().splitlines()
            if select.select([self._terminal], [], [], 0.1)[0]:  # nobody writes into a full terminal
                seen += os.read(self._terminal, 10_000)
        raise AssertionError(seen.decode(errors="replace"))

    def _send(self, text: str) -> None:
        os.write(self._terminal, text.encode())


TYPED = {
    "pgaudit sho\town.\t": "show own.yaml",
    "pgaudit finding dead\t": "finding dead-key",
    "pgaudit show train.py:ma\tc.y\t--form\tjs\t": "show train.py:make_net c.yaml --format json",
    "pgaudit show --model train.py:N\town.yaml": "show --model train.py:Net own.yaml",
    "pgaudit explain own.yaml layer4.1.bn2.w\t": "explain own.yaml layer4.1.bn2.weight",
    "pgaudit explain resnet18 c.y\tfc.b\t": "explain resnet18 c.yaml fc.bias",
    "pgaudit explain train.py:Net c.y\tx": "explain train.py:Net c.yaml x",
    "LANG=C pgaudit show resnet18 configs/sav\ty\t": "show resnet18 configs/saved.yaml",
    "true && pgaudit constructors bas\t": "constructors basecls",
    "pgaudit show --format=js\town.yaml": "show --format=json own.yaml",
    "pgaudit show -o 'new file' own.y\t": "show -o new~file own.yaml",
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash"], indirect=True)
def test_a_real_bash(shell: Shell) -> None:
    for typed, meant in TYPED.items():
        assert shell.called(typed) == [word.replace("~", " ") for word in shlex.split(meant)], typed


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["zsh"], indirect=True)
def test_a_real_zsh(shell: Shell) -> None:
    """Each time: click's own script answers nothing the second time."""
    for _ in range(3):
        assert shell.called("pgaudit show resnet18 c.y\t--form\tjs\t") == [
            "show",
            "resnet18",
            "c.yaml",
            "--format",
            "json",
        ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_read_its_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    assert cli.main(["--show-completion", shell]) == 0
    done = subprocess.run([shell, "-n"], input=capsys.readouterr().out, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_of_an_earlier_version_is_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COMP_LINE", raising=False)
    for name, value in {
        "_PGAUDIT_COMPLETE": "bash_complete", "COMP_WORDS": "pgaudit rule PG00", "COMP_CWORD": "2"
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert cli.main([]) == 0
    assert capsys.readouterr().out.split() == [f"plain,PG{number:03}" for number in range(1, 10)]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_ask_by_words(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    incomplete = "dead" if shell == "fish" else "2"
    for name, value in {
        "_PGAUDIT_COMPLETE": f"{shell}_complete", "COMP_WORDS": "pgaudit finding dead", "COMP_CWORD": incomplete
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    assert "dead-key" in out
    assert "matches no parameter" in out


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

"""How a shell learns to complete `pgaudit`: click writes the scripts and answers them, and here they are installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from pgaudit.core.errors import UsageError
from pgaudit.files.atomic_write import writable, write_whole
from pgaudit.text import quoted

VARIABLE = "_PGAUDIT_COMPLETE"
"""Set by a shell that asks for its script (`bash_source`) or for words (`bash_complete`)."""
PLACES = {
    "bash": ".bash_completions/pgaudit.sh",
    "zsh": ".zfunc/_pgaudit",
    "fish": ".config/fish/completions/pgaudit.fish",
}
"""Where each shell's script is written, below the home folder; fish alone looks there by itself."""


def answer(app: click.Command) -> int | None:
    """Answers a shell that asks; returns the exit code, or None where none does."""
    asked = os.environ.get(VARIABLE)
    if not asked:
        return None
    from click.shell_completion import add_completion_class, shell_complete

    from pgaudit.cli.shared.scripts import Bash, Zsh

    add_completion_class(Bash)
    add_completion_class(Zsh)
    try:
        return shell_complete(app, {}, "pgaudit", VARIABLE, asked)
    except Exception:  # the line that is being typed is no place for a message
        return 1


def _show(context: click.Context, _: click.Parameter, shell: str | None) -> None:
    if shell is not None and not context.resilient_parsing:
        click.echo(_script(context.command, _known(shell)), nl=False)
        context.exit()


def _install(context: click.Context, _: click.Parameter, shell: str | None) -> None:
    if shell is not None and not context.resilient_parsing:
        shell = _known(shell)
        place = install(shell, _script(context.command, shell), Path.home())
        click.echo(f"{shell} completion installed in {place}")
        click.echo("Completion will take effect once you restart the terminal")
        context.exit()


def _known(shell: str) -> str:
    name = Path(os.environ.get("SHELL", "")).name if shell == "current" else shell
    if name not in PLACES:
        raise UsageError(f"no completion is known for the shell {quoted(name)}", f"name one of {', '.join(PLACES)}")
    return name


def _script(app: click.Command, shell: str) -> str:
    from click.shell_completion import get_completion_class

    from pgaudit.cli.shared.scripts import Bash, Zsh

    kind = {"bash": Bash, "zsh": Zsh}.get(shell) or get_completion_class(shell)
    assert kind is not None
    return kind(app, {}, "pgaudit", VARIABLE).source()


def install(shell: str, script: str, home: Path) -> Path:
    """Writes a script to the place where the shell reads it, with a line in its rc file that says so; returns the
    place.
    """
    place = home / PLACES[shell]
    with writable(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, [script])
    if shell == "bash":
        _ensure(home / ".bashrc", f"source '{place}'")
    elif shell == "zsh":
        _ensure(home / ".zshrc", "fpath+=~/.zfunc; autoload -Uz compinit; compinit")
    return place


def _ensure(file: Path, line: str) -> None:
    with writable(file), file.open("a+", encoding="utf-8") as rc:
        rc.seek(0)
        if line not in rc.read():
            rc.write(f"\n{line}\n")


_OPTION: dict[str, Any] = {
    "type": click.Choice(("current", *PLACES)),
    "is_flag": False,
    "flag_value": "current",
    "metavar": "[SHELL]",
    "expose_value": False,
    "is_eager": True,
}
install_option = click.option(
    "--install-completion",
    callback=_install,
    help="Install completion for the current shell, or for bash, zsh or fish.",
    **_OPTION,
)
show_option = click.option(
    "--show-completion",
    callback=_show,
    help="Show completion for the current shell, or for another, to copy it or customize the installation.",
    **_OPTION,
)

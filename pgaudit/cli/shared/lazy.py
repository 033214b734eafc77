"""Commands that are loaded when they run: help does not pay for all of them, nor one command for the others."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial
from importlib import import_module
from typing import Any, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = {
    "show": ("pgaudit.cli.show", "Show every parameter's lr and weight decay, and the rule that decided each."),
    "explain": (
        "pgaudit.cli.explain",
        "Explain a parameter's lr and weight decay: each rule in the order of evaluation, and what beat it.",
    ),
    "diff": (
        "pgaudit.cli.diff",
        "Show what changes from A to B: every lr and weight decay that differs, and the rules behind it.",
    ),
    "convert": (
        "pgaudit.cli.convert",
        "Write a policy in another library's words, so that every parameter of the model gets the same.",
    ),
    "lock": (
        "pgaudit.cli.lock",
        "Write every parameter's settings and rules as a text that is easy to review and to compare.",
    ),
    "check": (
        "pgaudit.cli.check",
        "Check expectations, lock and findings: exit 1 if anything is not as agreed, 2 if it cannot be checked.",
    ),
    "sweep": (
        "pgaudit.cli.sweep",
        "Audit many models under many configs: what is found in how many of them, and where it is worst.",
    ),
    "verify": (
        "pgaudit.cli.verify",
        "Build the optimizer through the real library, where it is installed, and compare every parameter.",
    ),
    "snapshot": (
        "pgaudit.cli.snapshot",
        "Save all that is asked of a model in a file that can be named in its place.",
    ),
    "finding": (
        "pgaudit.cli.finding",
        "Say what a finding means, why it hurts, and how to fix it; list all without a CODE.",
    ),
    "models": ("pgaudit.cli.names", "List the timm models that MODEL can name."),
    "constructors": (
        "pgaudit.cli.names",
        "List the constructors that a config can name, with their sources; or say what one of them does.",
    ),
    "schema": (
        "pgaudit.cli.schema",
        "Write the JSON Schema of a config, so that an editor completes its keys and marks what is wrong.",
    ),
    "cache": (
        "pgaudit.cli.cache",
        "Show what is kept of timm's models, so that a second run needs no torch; or take it out.",
    ),
}
"""Each command's module, which has a function of its name; and the first line of that function's docstring."""

ALIASES = {"rule": "finding"}
"""Names that commands had once: they work, and help does not list them."""


def command(name: str) -> Any:
    """Returns a command as typer makes it of its function."""
    function = getattr(import_module(COMMANDS[name][0]), name)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(name, cls=_Plain)(function)
    return typer.main.get_command(alone)


def add_commands(app: typer.Typer) -> None:
    """Adds all commands, none of them loaded."""
    for name, (_, line) in COMMANDS.items():
        app.command(name, help=line, cls=_Lazy)(_unloaded)
    for alias, name in ALIASES.items():
        app.command(alias, help=f"The same as `{name}`.", cls=_Lazy, hidden=True)(_unloaded)


def _unloaded() -> None:
    raise AssertionError("a command that was not loaded cannot run")


class _Lazy(TyperCommand):
    """Stands for a command until somebody wants to run it, or to read all of its help."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        name = ALIASES.get(str(self.name), str(self.name))
        return command(name).make_context(name, args, parent, **extra)


class _Plain(TyperCommand):
    """A command that takes plain words as they are. typer asks pydantic about each, even about those that were not
    given, and loading that costs as much as typer itself; so it is asked only about what is unusual, or wrong.
    """

    def get_params(self, ctx: Any) -> Any:
        return _plain(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """The same for the options of all commands."""

    def get_params(self, ctx: Any) -> Any:
        """Returns the options, the one for help among them."""
        return _plain(super().get_params(ctx))


def _plain(params: list[Any]) -> list[Any]:
    for param in params:
        # An older typer has no such descriptors: nothing changes then but the time it takes.
        kind = getattr(getattr(param, "type_descriptor", None), "annotation", None)
        if kind is not None and "process_value" not in vars(param):
            # Of this one instance: typer makes the parameters itself.
            vars(param)["process_value"] = partial(_processed, kind, param, param.process_value)
    return params


def _processed(kind: Any, param: Any, by_typer: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:
    several = param.multiple or param.nargs == -1
    try:
        if value is None:
            plain: Any = () if several else None
        elif several:
            (each_kind,) = kind.__args__
            plain = [_taken(each_kind, each) for each in _tuple(value)]
        else:
            plain = _taken(kind, value)
        if param.required and not plain:
            raise ValueError
    except (ValueError, AttributeError):
        return by_typer(context, value)
    return plain if param.callback is None else param.callback(context, param, plain)


def _tuple(value: Any) -> tuple[Any, ...]:
    if isinstance(value, tuple):
        return value
    raise ValueError


def _taken(kind: Any, value: Any) -> Any:
    """A value of that kind; ValueError where this is for typer to tell, or to complain about."""
    if kind in (str, int, bool) and type(value) is kind:
        return value
    if isinstance(kind, type) and issubclass(kind, Enum):
        return value if isinstance(value, kind) else kind(value)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    raise ValueError

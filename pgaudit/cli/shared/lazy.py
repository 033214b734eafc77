"""Commands that are loaded when they run: help does not pay for all of them, nor one command for the others."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

COMMANDS = {
    "show": ("pgaudit.cli.show", "Show every parameter's lr and weight decay, and the rule that decided each."),
    "explain": (
        "pgaudit.cli.explain",
        "Explain a parameter's lr and weight decay: each rule in the order of evaluation, and what beat it.",
    ),
    "explore": (
        "pgaudit.cli.explore",
        "Look around in a terminal: filter, sort, see why, try other multipliers, and write them into the config.",
    ),
    "diff": (
        "pgaudit.cli.diff",
        "Show what changes from A to B: every lr and weight decay that differs, and the rules behind it.",
    ),
    "convert": (
        "pgaudit.cli.convert",
        "Write a policy in a library's words, so that every parameter of the model gets the same.",
    ),
    "lock": (
        "pgaudit.cli.lock",
        "Write every parameter's settings and rules as a text that is easy to review and to compare.",
    ),
    "check": (
        "pgaudit.cli.check",
        "Check expectations, lock and findings: exit 1 if anything is not as agreed, 2 if it cannot be checked.",
    ),
    "resume": (
        "pgaudit.cli.resume",
        "Say whether a checkpoint loads, whether every state lands on its own tensor, and which values it replaces.",
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
    "init": (
        "pgaudit.cli.init",
        "Write a first policy, which decays neither norms nor biases nor tokens, and a project file.",
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
"""Each command's module, which has it under its name; and the first line of its help."""

PARTS = {
    "Look": ("show", "explain", "explore", "models", "constructors", "finding"),
    "Compare": ("diff", "resume", "verify", "sweep"),
    "Gate": ("check", "lock", "snapshot"),
    "Begin and move": ("init", "convert"),
    "More": ("schema", "cache"),
}
"""The commands as help lists them."""

ALIASES = {"rule": "finding"}
"""Names that commands had once: they work, and help does not list them."""


def command(name: str) -> click.Command:
    """Loads a command."""
    loaded = getattr(import_module(COMMANDS[name][0]), name)
    assert isinstance(loaded, click.Command)
    return loaded


class LazyCommand(click.Command):
    """Stands for a command until somebody wants to run it, or to read all of its help."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> click.Context:
        """Loads the command, whose context then takes the place of this one's."""
        name = ALIASES.get(str(self.name), str(self.name))
        return command(name).make_context(name, args, parent, **extra)


class LazyGroup(click.Group):
    """All commands, none of them loaded, in the order of the table."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        for name, (_, line) in COMMANDS.items():
            self.add_command(LazyCommand(name, help=line))
        for alias, name in ALIASES.items():
            self.add_command(LazyCommand(alias, help=f"The same as `{name}`.", hidden=True))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order of the table."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands by what they are for, each with a whole sentence."""
        width = max(map(len, self.commands))
        for title, names in PARTS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:{width}}", str(self.commands[name].help)) for name in names])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Finds a command, or says which is meant: click itself does that from 8.4 on alone."""
        name = args[0]
        if name not in self.commands and not ctx.resilient_parsing:
            near = ", ".join(map(repr, get_close_matches(name, ["help", *self.commands])))
            suggestion = f" Did you mean {near}?" if near else ""
            ctx.fail(f"No such command {name!r}.{suggestion}")
        return super().resolve_command(ctx, args)

"""click's commands and arguments, with a section of `--help` that says what each argument is.

click writes such a section itself from 8.5 on; this one is the same under every click that is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Argument(click.Argument):
    """An argument with a line of help. It is optional unless `required` is given."""

    def __init__(
        self, decls: Sequence[str], *, help: str, required: bool = False, metavar: str | None = None, **attrs: Any
    ) -> None:
        self.word = metavar or decls[0].upper()
        self.about = help
        usage = f"{{{self.word}}}" if required else f"[{self.word}]"
        if attrs.get("nargs") == -1:
            usage += "..."
        super().__init__(decls, required=required, metavar=usage, **attrs)

    def help_row(self) -> tuple[str, str]:
        """Returns the two columns of its line in `--help`."""
        kind = "|".join(self.type.choices) if isinstance(self.type, click.Choice) else "str"
        notes = ["required"] if self.required else []
        if isinstance(self.default, str) and self.default:
            notes.append(f"default: {self.default}")
        return f"{self.word} <{kind}>", "  ".join([self.about, *(f"[{note}]" for note in notes)])

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Returns the name that usage errors give it."""
        return f"'{self.word}'"


def argument(name: str, *, help: str, **attrs: Any) -> Callable[[F], F]:
    """Declares an argument."""
    return click.argument(name, cls=Argument, help=help, **attrs)


class Command(click.Command):
    """A command that lists its arguments above its options, and examples below them."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **attrs: Any) -> None:
        self.examples = examples
        super().__init__(*args, **attrs)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes both sections."""
        rows = [param.help_row() for param in self.params if isinstance(param, Argument)]
        if rows:
            with formatter.section("Arguments"):
                formatter.write_dl(rows)
        super().format_options(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples as they are typed."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    line = f"{'':{formatter.current_indent}}{example}"
                    fits = len(line) <= formatter.width
                    formatter.write(f"{line if fits else line.partition('  #')[0].rstrip()}\n")

"""Several formats at once, each with a file of its own: ``--format sarif -o out.sarif --format github``.

The parser keeps the order within one option, but not between two; so the order is read from the arguments themselves.
"""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, get_args

import click
from click.core import ParameterSource

from pgaudit.cli.shared.overwriting import same_file
from pgaudit.core.errors import UsageError
from pgaudit.render.choices import GateFormat
from pgaudit.text import did_you_mean, quoted, visible

VARIABLE = "PGAUDIT_FORMAT"
T = TypeVar("T", bound=str)


_BY_ENDING = {
    ".json": "json",
    ".csv": "csv",
    ".md": "markdown",
    ".svg": "svg",
    ".html": "html",
    ".htm": "html",
    ".sarif": "sarif",
    ".xml": "junit",
}
"""What a file holds whose name ends so, where no ``--format`` says otherwise."""


def by_ending(fmt: T, output: Path | None, formats: Sequence[T]) -> T:
    """Returns the format of a command's one output: that of ``--format`` where it is given, or else the file's.

    Args:
        fmt: the value of ``--format``, which may be its default.
        output: the file; None for stdout.
        formats: those that the command knows.
    """
    given = click.get_current_context().get_parameter_source("fmt")
    return fmt if given is not ParameterSource.DEFAULT else named(output, formats) or fmt


def named(output: Path | None, formats: Sequence[T]) -> T | None:
    """Returns the one of some formats that a file's name ends in."""
    found = None if output is None else _BY_ENDING.get(output.suffix.lower())
    return next((each for each in formats if each == found), None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One format, and where it goes; None for stdout."""

    fmt: GateFormat
    output: Path | None = None


def wanted(
    arguments: Sequence[str], formats: Sequence[GateFormat], outputs: Sequence[Path], valued: Set[str]
) -> list[Wanted]:
    """Returns what to write where.

    Args:
        arguments: the command line as typed.
        formats: the values of its ``--format``, as parsed.
        outputs: the values of its ``-o``, as parsed.
        valued: the options that take a value.

    Raises:
        UsageError: two formats for stdout or one file, two files for one format, or an unknown word in
            ``PGAUDIT_FORMAT``.
    """
    found = _paired(arguments, formats, outputs, valued) if formats else _by_default(outputs)
    found = [replace(each, output=None) if str(each.output) == "-" else each for each in found]
    for index, each in enumerate(found):
        same = [other.fmt for other in found[:index] if _same(other.output, each.output)]
        if same:
            where = "stdout" if each.output is None else quoted(each.output)
            hint = "give all but one an -o FILE" if each.output is None else "give each an -o FILE of its own"
            raise UsageError(f"{same[0]} and {each.fmt} would both go to {where}", hint)
    return found


def _paired(
    arguments: Sequence[str], formats: Sequence[GateFormat], outputs: Sequence[Path], valued: Set[str]
) -> list[Wanted]:
    found: list[Wanted] = []
    files, kinds = iter(outputs), iter(formats)
    before: Path | None = None
    for option in _order(arguments, valued):
        if option == "format":
            found.append(Wanted(next(kinds), before))
            before = None
        elif not found and before is None:
            before = next(files)  # `-o a.json --format json` can only mean one thing
        elif not found or found[-1].output is not None:
            raise UsageError("two -o for one --format", "each -o belongs to the --format before it")
        else:
            found[-1] = Wanted(found[-1].fmt, next(files))
    return found


def _order(arguments: Sequence[str], valued: Set[str]) -> list[str]:
    """The order of ``--format`` and ``-o``; the value of an option is none itself, whatever it looks like."""
    found, skip = [], False
    for argument in arguments:
        if skip:
            skip = False
            continue
        if argument == "--":
            break
        long = argument.startswith("--")
        name = argument.partition("=")[0] if long else argument[:2]
        if name in ("--format", "--output", "-o"):
            found.append("format" if name == "--format" else "output")
        skip = name in valued and name == argument
    return found


def valued_options(command: click.Command) -> frozenset[str]:
    """Returns the names of a command's options that take a value."""
    return frozenset(
        name
        for option in command.params
        if isinstance(option, click.Option) and not option.is_flag
        for name in option.opts
    )


def _same(one: Path | None, other: Path | None) -> bool:
    return one is other if one is None or other is None else same_file(one, other)


def _by_default(outputs: Sequence[Path]) -> list[Wanted]:
    """The formats of the environment, or else a table; a single -o is for a single format."""
    formats = _from_environment()
    if len(outputs) == 1 and VARIABLE not in os.environ:
        every: tuple[GateFormat, ...] = get_args(GateFormat)
        formats = [named(outputs[0], every) or "table"]
    if len(outputs) > len(formats) or (outputs and len(formats) > 1):
        raise UsageError("-o belongs to the --format before it", "--format json -o a.json --format sarif -o b.sarif")
    return [Wanted(fmt, outputs[0] if outputs else None) for fmt in formats]


def _from_environment() -> list[GateFormat]:
    words = [word.strip() for word in os.environ.get(VARIABLE, "").split(",") if word.strip()]
    known: dict[str, GateFormat] = {fmt: fmt for fmt in get_args(GateFormat)}
    for word in words:
        if word not in known:
            hint = did_you_mean(word, known) or f"known: {', '.join(known)}"
            raise UsageError(f"{VARIABLE}={visible(word)} is no format", hint)
    return [known[word] for word in words] or ["table"]

"""Lines on a terminal, or in a pipe: how wide, with which marks, and whether in colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from pgaudit.render.style import UNICODE, Marks
from pgaudit.render.styled import Text, fitted

_AT_A_TIME = 1_000
"""Lines, of which there may be a million."""


@dataclass(frozen=True)
class TableOptions:
    """How a table is drawn."""

    width: int | None = None
    """Cells of the terminal; None, as for a pipe or a file, for as many as the widest row needs."""
    colour: bool = False
    marks: Marks = UNICODE
    fold: bool = False
    groups: bool = False
    """Whether the optimizer's groups are listed below."""
    mult: bool = False
    """Whether a value that differs shows by which factor."""
    verbose: bool = False
    """Whether findings are spelled out that are otherwise only counted."""
    depth: int = 0
    """How many levels of modules are shown, in place of parameters; 0 for parameters."""
    plot: bool = False
    """Whether the lrs are drawn along the model and over the run."""
    snippets: bool = False
    """Whether findings show the line of the file that they point to."""


def printed(parts: Iterable[Text | str], options: TableOptions) -> str:
    """Returns parts as text, each from a new line on. All lines fit, and none ends in blanks."""
    return "".join(in_pieces(parts, options))


def in_pieces(parts: Iterable[Text | str], options: TableOptions) -> Iterator[str]:
    """Returns the same, many lines at a time."""
    lines = _lines(parts, options)
    while piece := list(islice(lines, _AT_A_TIME)):
        yield "".join(f"{line}\n" for line in piece)


def _lines(parts: Iterable[Text | str], options: TableOptions) -> Iterator[str]:
    for part in parts:
        for line in (Text(part) if isinstance(part, str) else part).lines():
            for each in fitted(line, options.width):
                yield each.ansi() if options.colour else each.plain

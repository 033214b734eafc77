"""Diff → the colour table for a terminal, or its plain text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from pgaudit.diff import ChangeKind, Diff
from pgaudit.render.diff_rows import COLOURS, DiffRows
from pgaudit.render.diff_words import MARKS, counts, head, lines_of, setup_words
from pgaudit.render.style import BASE, UNICODE, Marks
from pgaudit.render.summary import wrapped
from pgaudit.render.table import TableOptions, console_for
from pgaudit.render.wrap import fitted
from pgaudit.text import visible


@dataclass(frozen=True)
class DiffOptions:
    """How a diff is drawn."""

    width: int | None = None
    """Cells of the terminal; None, as for a pipe or a file, for as many as the widest row needs."""
    colour: bool = False
    marks: Marks = UNICODE
    fold: bool = True
    rules: bool = True
    """Whether parameters are listed for which only the rule is another."""


def render_diff_table(diff: Diff, options: DiffOptions) -> str:
    """Returns the whole diff as text; ANSI colours only where asked for."""
    parts = list(_parts(diff, options))
    if not options.colour:  # many times as fast as a console where there are thousands of rows
        return fitted("".join(f"{part.plain}\n" for part in parts), options.width)
    console = console_for(TableOptions(options.width, options.colour, options.marks))
    with console.capture() as written:
        console.print(Group(*parts))
    return fitted(written.get(), options.width)


def _parts(diff: Diff, options: DiffOptions) -> Iterator[Text]:
    """Everything that ``diff`` prints, from top to bottom."""
    yield from (_header(diff, options), Text())
    if diff.setup:
        yield from (_setup(diff, options.marks), Text())
    changes = diff.changes if options.rules else diff.effective
    if changes:
        lines = lines_of(changes, fold=options.fold)
        yield from (*DiffRows(diff, lines, options.marks, options.width).texts(), Text())
    yield _counts(diff, options)


def _header(diff: Diff, options: DiffOptions) -> Text:
    title, words = head(diff, options.marks)
    text = Text(title, style="bold")
    for index, line in enumerate(wrapped(words, f" {options.marks.dot} ", options.width) if words else []):
        text.append("\n" + "  " * bool(index) + line, style="not bold")
    return text


def _setup(diff: Diff, marks: Marks) -> Text:
    names = [visible(change.name) for change in diff.setup]
    width = max(map(cell_len, names))
    lines = []
    for name, change in zip(names, diff.setup, strict=True):
        mark, old, new = setup_words(change)
        line = Text.assemble((f"{mark} ", f"bold {COLOURS[mark]}"), name, " " * (width - cell_len(name) + 2))
        if mark == "~":
            line.append(old).append(f" {marks.arrow} ", style=BASE)
        lines.append(line.append(new if mark != "-" else old, style="bold"))
    return Text("\n").join(lines)


def _counts(diff: Diff, options: DiffOptions) -> Text:
    """The last line, broken between counts where the terminal is too narrow."""
    text, column = Text(), 0
    dot = ", " if options.marks.dot == MARKS[ChangeKind.REMOVED] else f" {options.marks.dot} "
    for index, (mark, words) in enumerate(counts(diff)):
        joint = dot if index else ""
        word = f"{mark} {words}".strip()
        if options.width and column + len(joint) + len(word) > options.width and column:
            joint, column = "\n", -1
        text.append(joint, style=BASE).append(word, style=COLOURS[mark])
        column += len(joint) + len(word)
    return text

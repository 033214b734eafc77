"""pgaudit's own text → what textual shows. No word is taken for markup."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from rich.segment import Segment
from rich.style import Style
from rich.text import Text as RichText
from textual.widget import Widget

from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions


@cache
def _style(words: str) -> Style:
    return Style.parse(words)


def segments(text: Text, over: Style) -> list[Segment]:
    """Returns a line's pieces, each in its style over another one."""
    return [Segment(piece, over + _style(style) if style else over) for piece, style in text.pieces]


def printed_for(widget: Widget, options: TableOptions, render: Callable[[TableOptions], str]) -> RichText:
    """Returns what a renderer of the command line prints, in the width of a widget."""
    width = max(widget.scrollable_content_region.width, 20)
    made = render(TableOptions(width, colour=True, marks=options.marks, fold=True))
    return RichText.from_ansi(made.removesuffix("\n"))

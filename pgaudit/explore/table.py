"""The table of parameters: lines are drawn when they are seen, for there may be a hundred thousand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pgaudit.explore.drawn import segments
from pgaudit.explore.listing import Listing, shown
from pgaudit.render.columns import GAP
from pgaudit.render.styled import Text

_MARK = 2
"""Cells before a name."""


class ParameterTable(ScrollView, can_focus=True):
    """Rows that are chosen from a listing, under a line of titles, with one of them under the cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--titles", "table--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "by(-1)", "Up", show=False),
        Binding("down,j", "by(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("left", "scroll_left", "Left", show=False),
        Binding("right", "scroll_right", "Right", show=False),
        Binding("home,g", "to(0)", "First", show=False),
        Binding("end,G", "to(-1)", "Last", show=False),
    ]
    cursor = reactive(0)

    class Looked(Message):
        """The cursor stands on another row."""

    def __init__(self, listing: Listing, *, id: str) -> None:
        super().__init__(id=id)
        self._listing = listing
        self._moved: frozenset[str] = frozenset()
        self._chosen: Sequence[int] = ()
        self._widths: list[int] = []
        self._kept: dict[int, int] = {}

    @property
    def chosen(self) -> Sequence[int]:
        """The indices of the rows, in their order."""
        return self._chosen

    @property
    def index(self) -> int | None:
        """The index of the parameter under the cursor; None where there is no row."""
        return self._chosen[self.cursor] if self._chosen else None

    def show(self, listing: Listing, chosen: Sequence[int], moved: frozenset[str] = frozenset()) -> None:
        """Shows other rows; the cursor stays with its parameter, where that is among them."""
        before = self.index
        self._listing, self._chosen, self._moved = listing, chosen, moved
        self._widths = [_MARK + listing.name_width(chosen) + GAP, *(width + GAP for width in listing.widths)]
        self._fit()
        there = self._chosen.index(before) if before in self._chosen else 0
        self.cursor = there
        self.post_message(self.Looked())
        self.refresh()

    def _fit(self) -> None:
        room = self.scrollable_content_region.width or self.size.width
        self._kept = shown(self._listing.columns, self._widths, room + GAP)
        width = sum(self._kept.values()) - GAP
        self.virtual_size = Size(max(width, 0), len(self._chosen) + 1)
        self.call_after_refresh(self._look)

    def on_resize(self, event: events.Resize) -> None:
        """Finds out which columns there is room for."""
        if self._widths:
            self._fit()
            self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        """Keeps it on a row."""
        return max(0, min(cursor, len(self._chosen) - 1))

    def watch_cursor(self) -> None:
        """Keeps it in sight."""
        self._look()
        self.refresh()
        self.post_message(self.Looked())

    def _look(self) -> None:
        lines = max(self.scrollable_content_region.height - 1, 1)
        top = round(self.scroll_offset.y)
        if self.cursor < top or self.cursor >= top + lines:
            to = self.cursor if self.cursor < top else self.cursor - lines + 1
            self.scroll_to(y=to, animate=False, immediate=True)

    def action_by(self, rows: int) -> None:
        """Moves the cursor."""
        self.cursor += rows

    def action_page(self, pages: int) -> None:
        """Moves it by as many rows as there are in sight."""
        self.cursor += pages * max(self.scrollable_content_region.height - 2, 1)

    def action_to(self, row: int) -> None:
        """Moves it to a row; to the last one for -1."""
        self.cursor = len(self._chosen) - 1 if row < 0 else row

    def on_click(self, event: events.Click) -> None:
        """Moves it to the row that was clicked on."""
        if event.y > 0:
            self.cursor = event.y - 1 + round(self.scroll_offset.y)

    def render_line(self, y: int) -> Strip:
        """Draws one line of what is in sight; the titles stay."""
        left, top = round(self.scroll_offset.x), round(self.scroll_offset.y)
        width, row = self.scrollable_content_region.width, y - 1 + top
        if y == 0:
            style = self.get_component_rich_style("table--titles")
            pieces = self._titles(style)
        elif row < len(self._chosen):
            style = self.get_component_rich_style("table--cursor") if row == self.cursor else self.rich_style
            pieces = self._row(self._chosen[row], style)
        else:
            return Strip.blank(self.size.width, self.rich_style)
        return (
            Strip(pieces).adjust_cell_length(max(left + width, self.virtual_size.width), style).crop(left, left + width)
        )

    def _titles(self, style: Style) -> list[Segment]:
        columns = self._listing.columns
        cells = [Text(f"{'':{_MARK}}{columns[0].title}"), *(Text(column.title) for column in columns[1:])]
        return self._line(cells, style)

    def _row(self, index: int, style: Style) -> list[Segment]:
        row = self._listing.row(index)
        moved = self._listing.report.params[index].name in self._moved
        name = Text.assemble(("~ ", "bold yellow") if moved else "  ", row.name)
        return self._line([name, *row.cells, row.last.whole if row.last else Text()], style)

    def _line(self, cells: Sequence[Text], style: Style) -> list[Segment]:
        pieces: list[Segment] = []
        for at, width in self._kept.items():
            cell = Strip(segments(cells[at], style))
            if cell.cell_length > width - GAP:
                cell = Strip([*cell.crop(0, width - GAP - 1), Segment("…", style)])
            pieces += cell.adjust_cell_length(width, style)
        return pieces

"""Tables as data, and which of their columns a terminal has room for.

The name has the right of way: it is never cut, and breaks at a dot only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pgaudit.render.styled import Text, broken

GAP = 2
"""Cells between two columns."""
INDENT = 4
"""Cells before the last cell of a row, where it stands below."""
_ROOM = 18
"""Cells beside a row from which it pays to put last cells there, and below it only those that do not fit."""
_NO_KEY = 1 << 30
_LONG = 0.2
"""Which share of names may be broken so that all last cells can be keys beside their rows."""
_NARROWEST = 12
"""Cells that a name gets at least."""


@dataclass(frozen=True, slots=True)
class Column:
    """What cells below each other have in common."""

    title: str = ""
    right: bool = False
    """Whether cells stand at its right end."""
    drop: int = 0
    """Where the width does not suffice, columns with 1 go, then those with 2; those with 0 stay."""
    back: bool = False
    """Whether it comes back when the last cells have moved below their rows, if there is room again."""
    of_keys: str = "by"
    """Its title where its cells are keys."""
    late: int = 0
    """Where the width does not suffice even so, columns with 1 go, then those with 2, before a name is broken."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last cell of a row, where it may stand below it."""

    whole: Text
    short: Text
    """The cell where there is no room for the whole."""
    parts: Sequence[Text] = ()
    """The whole in several lines, for where it is too long for one."""
    obvious: bool = False
    """Whether it need not stand below its row: it says that there is nothing to say."""
    key: Text | None = None
    """A number for it that is explained elsewhere, for where it would stand below; None where there is none."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, and what stands below it."""

    name: str
    """What stands in the first column."""
    cells: Sequence[Text]
    """What stands in the others, without the last one if that is given."""
    last: Last | None = None
    mark: Text = field(default_factory=Text)
    """What stands before the name."""
    style: str = ""
    """Of the name."""
    under: Sequence[str] = ()
    """Further lines about the name."""


@dataclass(frozen=True)
class Table:
    """Columns and rows; a text among the rows is a line of its own."""

    columns: Sequence[Column]
    rows: Iterable[Row | Text]
    """Gone through twice: there may be a million, which need not be in memory at a time."""
    moving: bool = False
    """Whether the last cells stand below their rows where the width does not suffice."""
    missing: Callable[[Sequence[str]], Text] | None = None
    """Says, below the rows, which columns there was no room for, by their titles."""

    def lines(self, width: int | None) -> Iterator[Text]:
        """Yields lines for a terminal of so many cells; None for as many as the table needs."""
        return self.fitted(width).lines()

    def fitted(self, width: int | None) -> FittedTable:
        """Returns the table as such a terminal shows it."""
        return FittedTable(self, _fitted(self, width))


@dataclass(frozen=True)
class FittedTable:
    """A table for a terminal of so many cells. All rows have been measured."""

    _table: Table
    _drawn: _Drawn

    @property
    def keyed(self) -> bool:
        """Whether the last cells are numbers that have to be explained."""
        return self._drawn.keyed

    def lines(self) -> Iterator[Text]:
        """Yields its lines."""
        table, drawn = self._table, self._drawn
        titles = [Text(column.title, "bold") for column in table.columns]
        if drawn.keyed:
            titles[-1] = Text(table.columns[-1].of_keys, "bold")
        if any(titles):
            yield drawn.line([titles[index] for index in drawn.shown])
        for row in table.rows:
            if isinstance(row, Text):
                yield row
            else:
                yield from drawn.row(row)
        unseen = ((at, column) for at, column in enumerate(table.columns) if at not in drawn.shown)
        late = [column.title.strip() for _, column in unseen if column.late]
        if late and table.missing is not None:
            yield table.missing(late)


@dataclass(frozen=True, slots=True)
class _Drawn:
    columns: Sequence[Column]
    width: int | None
    shown: Sequence[int]
    widths: Sequence[int]
    name_width: int | None = None
    """None where every name fits on one line."""
    short: bool = False
    room: int | None = None
    """Cells for the last cell beside its row, where a longer one stands below; None where none does."""
    keyed: bool = False
    """Whether the last cells are their keys."""

    def row(self, row: Row) -> Iterator[Text]:
        name, *rest = broken(row.name, self.name_width and self.name_width - row.mark.cells)
        first = Text(name, row.style)
        cells = [Text.assemble(row.mark, first) if row.mark else first, *row.cells]
        if row.last:
            last = row.last.short if self.short else row.last.whole
            cells.append(row.last.key if self.keyed and row.last.key is not None else last)
        last = cells[-1]
        below = self.room is not None and last.cells > self.room
        yield self.line([cells[index] for index in (self.shown[:-1] if below and self.room else self.shown)])
        yield from (Text(" " * row.mark.cells + part, row.style) for part in rest)
        yield from (Text(part, "dim") for line in row.under for part in broken(line, self.width))
        if below and not (row.last and row.last.obvious):
            fits = self.width is None or last.cells + INDENT <= self.width
            parts = row.last.parts if row.last and not fits else ()
            yield from (Text(" " * INDENT).append(part) for part in parts or [last])

    def line(self, cells: Sequence[Text]) -> Text:
        line, gap = Text(), 0
        for index, cell in zip(self.shown, cells, strict=False):
            blanks = max(self.widths[index] - cell.cells, 0)
            right = self.columns[index].right
            line.append(" " * (gap + blanks if right else gap)).append(cell)
            gap = GAP if right else GAP + blanks
        return line.rstrip() if not cells[-1] else line


def _fitted(table: Table, width: int | None) -> _Drawn:
    """Chooses the columns that there is room for, and what becomes of the last cells."""
    columns = table.columns
    measured = _measured(table)
    widths, short = measured.widths, measured.short
    if width is None:
        return _dropped(columns, widths, 0, width)
    most = max((column.drop for column in columns), default=0)
    for drop in range(most + 1):
        drawn = _dropped(columns, widths, drop, width)
        room = _room_for_last(drawn, width)
        if room >= widths[-1]:
            return drawn
        if table.moving and room >= short and (drop or not most):
            return replace(drawn, short=True)
    if not table.moving:
        return replace(drawn, shown=_without_late(columns, drawn.shown, widths, room - widths[-1])[0])
    for drop in range(min(most, 1), most + 1):
        if (keyed := _keyed(columns, measured, drop, width)) is not None:
            return keyed
    shown = drawn.shown
    returning = sorted((index for index, column in enumerate(columns) if column.back), key=lambda i: columns[i].drop)
    if room >= _ROOM and not returning:
        return replace(drawn, room=room)
    room += GAP
    while returning and sum(widths[index] + GAP for index in returning) > room:
        del returning[0]
    if returning or room >= 0:
        return replace(drawn, shown=sorted([*shown[:-1], *returning]), room=0)
    shown, room = _without_late(columns, shown, widths, room)
    if room >= 0:
        return replace(drawn, shown=shown[:-1], room=0)
    name = max(widths[0] + room, _NARROWEST)
    return replace(drawn, shown=shown[:-1], widths=[min(widths[0], name), *widths[1:]], name_width=name, room=0)


def _dropped(columns: Sequence[Column], widths: Sequence[int], drop: int, width: int | None) -> _Drawn:
    """The columns that are left when those with ``drop``, and those that go before them, have gone."""
    shown = [index for index, column in enumerate(columns) if not 0 < column.drop <= drop]
    return _Drawn(columns, width, shown, widths)


def _room_for_last(drawn: _Drawn, width: int) -> int:
    """How many cells there are for the last column, which may be less than none."""
    return width - sum(drawn.widths[index] + GAP for index in drawn.shown[:-1])


def _keyed(columns: Sequence[Column], measured: _Measured, drop: int, width: int) -> _Drawn | None:
    """The table with keys as last cells, if all but a few names fit beside them; None if not."""
    widths = measured.widths
    drawn = _dropped(columns, widths, drop, width)
    if measured.keys is None:
        return None
    lacking = measured.keys - _room_for_last(drawn, width)
    if lacking <= 0:
        return replace(drawn, keyed=True)
    name = widths[0] - lacking
    if sum(each > name for each in measured.names) > len(measured.names) * _LONG:
        return None
    return replace(drawn, keyed=True, widths=[name, *widths[1:]], name_width=name)


def _without_late(
    columns: Sequence[Column], shown: Sequence[int], widths: Sequence[int], room: int
) -> tuple[list[int], int]:
    """The columns that are left when late ones have gone until the rest fits, and the room that there is then."""
    kept = list(shown)
    for index in sorted((at for at in shown if columns[at].late), key=lambda at: columns[at].late):
        if room >= 0:
            break
        kept.remove(index)
        room += widths[index] + GAP
    return kept, room


@dataclass(frozen=True, slots=True)
class _Measured:
    """How wide a table's cells are."""

    widths: Sequence[int]
    """Each column's widest."""
    short: int
    """The widest short form of the last column."""
    keys: int | None
    """Its widest key; None where a row has none."""
    names: Sequence[int]
    """The width of each name."""


def _measured(table: Table) -> _Measured:
    widths = [Text(column.title).cells for column in table.columns]
    short, keys, names = widths[-1], [len(table.columns[-1].of_keys)], []
    for row in table.rows:
        if isinstance(row, Row):
            names.append(Text(row.name).cells + row.mark.cells)
            cells = [names[-1], *[cell.cells for cell in row.cells]]
            if row.last:
                cells.append(row.last.whole.cells)
            widths = [*map(max, widths, cells)]
            short = max(short, row.last.short.cells if row.last else cells[-1])
            keys.append(_NO_KEY if row.last is None or row.last.key is None else row.last.key.cells)
    widest = max(keys)
    return _Measured(widths, short, None if widest == _NO_KEY else widest, names)

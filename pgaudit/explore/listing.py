"""The rows of a report as data: which of them a filter lets through, in which order, and the cells of one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice
from typing import Any, get_args

from pgaudit.core.assignment import ParamAssignment
from pgaudit.render.choices import Sort
from pgaudit.render.columns import Column, Row
from pgaudit.render.report.rows import one_by_one
from pgaudit.render.select import order_of
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import visible

SORTS: Sequence[Sort] = get_args(Sort)
_OF_EACH: Sequence[Sort] = ("name", "numel")
"""The orders by what each parameter has for itself."""
_MEASURED = 2_000
"""Different rows by which columns are measured."""
_LEAST = 12
"""Cells that are left of the last column, with the gap behind it, where it is cut."""


@dataclass(frozen=True)
class Lens:
    """What of a report is looked at."""

    words: str = ""
    """Each has to stand in the name, or in another name, of a parameter; a star stands for anything."""
    module: str = ""
    """The module below which it is."""
    sort: Sort = "model"
    backwards: bool = False


class Listing:
    """The rows of a report."""

    def __init__(self, report: Report, options: TableOptions) -> None:
        """Makes no row yet."""
        self.report = report
        self.columns, self._make = one_by_one(report, options)

    @cached_property
    def _lowered(self) -> list[str]:
        return [row.name.lower() for row in self.report.params]

    @cached_property
    def _aliases(self) -> dict[int, list[str]]:
        named = ((index, row.param.aliases) for index, row in enumerate(self.report.params) if row.param.aliases)
        return {index: [alias.lower() for alias in aliases] for index, aliases in named}

    def row(self, index: int) -> Row:
        """Returns the cells of a parameter."""
        return self._make(self.report.params[index])

    def chosen(self, lens: Lens) -> list[int]:
        """Returns the indices of what a lens lets through, in its order; those that are equal in the model's."""
        found: Iterable[int] = range(len(self.report.params))
        if lens.module:
            found = [index for index in found if self.report.params[index].name.startswith(f"{lens.module}.")]
        for word in lens.words.lower().split():
            found = self._with(word, found)
        key = self._key(lens.sort)
        if key is None:
            return list(found)[:: -1 if lens.backwards else 1]
        return sorted(found, key=key, reverse=lens.backwards)

    def _key(self, sort: Sort) -> Callable[[int], Any] | None:
        """What sorts indices; None for the model's order. Rows of one setting are alike but for names and sizes: there
        are few different keys, which are compared once.
        """
        params, key = self.report.params, order_of(self.report, sort)
        if key is None or sort in _OF_EACH:
            return None if key is None else lambda index: key(params[index])
        kinds = [(id(row.setting), row.optimizer, row.group if self.report.at else None) for row in params]
        keys = {kind: key(row) for kind, row in dict(zip(kinds, params, strict=True)).items()}
        in_order = groupby(sorted(keys, key=keys.__getitem__), keys.__getitem__)
        ranks = {kind: rank for rank, (_, alike) in enumerate(in_order) for kind in alike}
        return lambda index: ranks[kinds[index]]

    def _with(self, word: str, among: Iterable[int]) -> list[int]:
        """What has a word in its name, or in an alias."""
        names, aliases = self._lowered, self._aliases
        if "*" in word:
            has: Callable[[str], object] = re.compile(".*".join(map(re.escape, word.split("*")))).search
            found = [index for index in among if has(names[index]) or any(map(has, aliases.get(index, ())))]
        else:
            found = [
                index for index in among if word in names[index] or any(word in each for each in aliases.get(index, ()))
            ]
        return found

    @cached_property
    def widths(self) -> list[int]:
        """The cells of each column but the first: of all its rows, or of many."""
        widths = [Text(column.title).cells for column in self.columns]
        for row in map(self._make, self._different()):
            cells = [*row.cells, row.last.whole if row.last else Text()]
            widths[1:] = [max(width, cell.cells) for width, cell in zip(widths[1:], cells, strict=True)]
        return widths[1:]

    def _different(self) -> Iterator[ParamAssignment]:
        """A row of each setting, and one of each shape."""
        params = self.report.params
        for kinds in (
            {(id(row.setting), row.param.trainable, row.optimizer): row for row in params},
            {row.param.shape: row for row in params},
        ):
            yield from islice(kinds.values(), _MEASURED)
        yield from params[-1:]  # of what was built, the last group has the longest number

    def name_width(self, chosen: Sequence[int]) -> int:
        """Returns the cells that names and their title need."""
        params = self.report.params
        names = [params[index].name for index in chosen]
        if not names or "".join(names).isascii():
            longest = sorted(names, key=len)[-_MEASURED:] if len(names) > _MEASURED else names
        else:
            longest = names
        return max(Text(title).cells for title in (self.columns[0].title, *map(visible, longest)))


def shown(columns: Sequence[Column], widths: Sequence[int], room: int) -> dict[int, int]:
    """Returns which columns there is room for, the one for names among them, each with its cells. Those go first that
    may go; if that does not suffice, the last one is cut.

    Args:
        columns: all of them.
        widths: their cells, with the gap behind each.
        room: cells.
    """
    kept = dict(enumerate(widths))
    going = sorted((at for at in kept if columns[at].drop or columns[at].late), key=lambda at: columns[at].drop or 9)
    for at in going:
        if sum(kept.values()) <= room:
            break
        del kept[at]
    last = max(kept)
    over = sum(kept.values()) - room
    if over > 0 and last:
        kept[last] = max(kept[last] - over, min(kept[last], _LEAST))
    return kept

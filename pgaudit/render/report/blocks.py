"""Which blocks a model's lrs go along: its modules, opened as far as that tells lrs apart, and folded where they are
alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from operator import itemgetter

from pgaudit.core.assignment import ParamAssignment
from pgaudit.folds import Fold
from pgaudit.names import fold_named
from pgaudit.report import Report

_DEEPEST = 40
"""Modules inside each other that are told apart."""


@dataclass(frozen=True)
class Level:
    """What a bar is about."""

    lr: float | None
    """None for what is not trained."""
    frozen: bool = False


def level_of(report: Report, row: ParamAssignment) -> Level:
    """Returns the lr that a parameter trains with: where the report has scheduled ones, that."""
    if row.param.trainable is False:
        return Level(None, frozen=True)
    return Level(row.setting.peak_lr if report.scheduled else row.lr)


def by_level(report: Report, rows: Iterable[ParamAssignment]) -> dict[Level, list[ParamAssignment]]:
    """Returns the parameters of each lr, in the order of the model."""
    found: dict[Level, list[ParamAssignment]] = {}
    for level, row in _leveled(report, rows):
        found.setdefault(level, []).append(row)
    return found


def _leveled(report: Report, rows: Iterable[ParamAssignment]) -> Iterator[_Leveled]:
    """Each parameter with its level, which is found once for all of one setting."""
    known: dict[Hashable, Level] = {}
    for row in rows:
        own = id(row.setting), row.param.trainable
        if own not in known:
            known[own] = level_of(report, row)
        yield known[own], row


def blocks(report: Report, rows: Sequence[ParamAssignment]) -> list[Fold]:
    """Returns parameters by block, in the order of the model; blocks of the same lrs are under one name.

    A module is opened where no part of it has all of its lrs; below a number, only as far as there are numbers: the
    layers of a block stay together.
    """
    whole = _Part("", list(_leveled(report, rows)))
    found = (_opened(part, numbered=word.isdecimal()) for word, part in whole.inside.items())
    named = ((part.name, tuple(part.levels), None, part) for part in chain.from_iterable(found))
    folds = fold_named(named, report.taken)
    return [Fold(fold.name, tuple([row for part in fold.rows for _, row in part.rows])) for fold in folds]


_Leveled = tuple[Level, ParamAssignment]


class _Part:
    """A module or a parameter, by the names of parameters. It is taken apart when that is asked: most are not."""

    def __init__(self, name: str, rows: Sequence[_Leveled], depth: int = 0) -> None:
        self.name = name
        self.rows = rows
        """All below it, in the model's order."""
        self.depth = depth

    @cached_property
    def levels(self) -> dict[Level, None]:
        """Of all below it, in the model's order."""
        return dict.fromkeys(level for level, _ in groupby(self.rows, itemgetter(0)))

    @property
    def _begin(self) -> int:
        """Where in a name the part of it begins that comes after this one's."""
        return len(self.name) + 1 if self.depth else 0

    @cached_property
    def own(self) -> Sequence[_Leveled]:
        """Those called exactly so."""
        return [each for each in self.rows if len(each[1].name) == len(self.name)] if self.depth else []

    @cached_property
    def inside(self) -> dict[str, _Part]:
        """By the next part of their names."""
        begin, found = self._begin, defaultdict[str, list[_Leveled]](list)
        for each in self.rows:
            name = each[1].name
            if begin <= len(name):
                end = name.find(".", begin) if self.depth < _DEEPEST else -1
                found[name[:end] if end >= 0 else name].append(each)
        return {name[begin:]: _Part(name, rows, self.depth + 1) for name, rows in found.items()}

    def has_numbers(self) -> bool:
        """Whether any part of a name below it is a number."""
        begin = self._begin
        return any(word.isdecimal() for _, row in self.rows for word in row.name[begin:].split("."))

    def opens(self, *, numbered: bool) -> bool:
        """Whether its parts tell more than it does as a whole."""
        if len(self.levels) < 2:
            return False
        modules = any(part.inside for part in self.inside.values())
        if not (self.has_numbers() or (modules and not numbered)):
            return False
        parts = self.inside.items()
        return all(len(part.levels) < len(self.levels) for _, part in parts) or any(
            part.opens(numbered=numbered or word.isdecimal()) for word, part in parts
        )


def _opened(part: _Part, *, numbered: bool) -> Iterator[_Part]:
    if not part.opens(numbered=numbered):
        yield part
        return
    if part.own:  # in a file, a parameter may be called as a module is
        yield _Part(part.name, part.own, part.depth)
    for word, inside in part.inside.items():
        yield from _opened(inside, numbered=numbered or word.isdecimal())

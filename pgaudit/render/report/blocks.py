"""Which blocks a model's lrs go along: its modules, opened as far as that tells lrs apart, and folded where they are
alike.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from pgaudit.core.assignment import ParamAssignment
from pgaudit.names import fold_named
from pgaudit.render.select import Fold
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


def _leveled(report: Report, rows: Iterable[ParamAssignment]) -> Iterator[tuple[Level, ParamAssignment]]:
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
    root = _Part()
    for level, row in _leveled(report, rows):
        part = root
        part.adds(level)
        for word in row.name.split(".", _DEEPEST):
            if (inside := part.inside.get(word)) is None:
                inside = part.inside[word] = _Part()
            part = inside
            part.adds(level)
        part.rows.append(row)
    found = (_opened(report, word, part, numbered=word.isdecimal()) for word, part in root.inside.items())
    named = ((name, tuple(part.levels), None, part) for name, part in chain.from_iterable(found))
    folds = fold_named(named, report.taken)
    return [Fold(fold.name, tuple(row for part in fold.rows for row in part.below())) for fold in folds]


@dataclass(slots=True)
class _Part:
    """A module or a parameter, by the names of parameters."""

    rows: list[ParamAssignment] = field(default_factory=list)
    """Those called exactly so."""
    inside: dict[str, _Part] = field(default_factory=dict)
    """By the next part of their names."""
    levels: dict[Level, None] = field(default_factory=dict)
    """Of all below it, in the model's order."""
    latest: Level | None = None

    def adds(self, level: Level) -> None:
        """Takes note of a level below it; the next one is mostly the same."""
        if level is not self.latest:
            self.levels[level] = None
            self.latest = level

    def below(self) -> Iterator[ParamAssignment]:
        """Yields all parameters below it."""
        yield from self.rows
        for part in self.inside.values():
            yield from part.below()

    def has_numbers(self) -> bool:
        """Whether any part of a name below it is a number."""
        return any(word.isdecimal() or part.has_numbers() for word, part in self.inside.items())

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


def _opened(report: Report, name: str, part: _Part, *, numbered: bool) -> Iterator[tuple[str, _Part]]:
    if not part.opens(numbered=numbered):
        yield name, part
        return
    if part.rows:  # in a file, a parameter may be called as a module is
        yield name, _Part(part.rows, levels=dict.fromkeys(by_level(report, part.rows)))
    for word, inside in part.inside.items():
        yield from _opened(report, f"{name}.{word}", inside, numbered=numbered or word.isdecimal())

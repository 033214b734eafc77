"""The map of a diff: what happens to every tensor, those that are removed among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from pgaudit.core.assignment import ParameterInfo
from pgaudit.diff import Change, ChangeKind, Diff
from pgaudit.render.diff.happening import LEGEND, Happening
from pgaudit.render.diff.line import DiffLine
from pgaudit.render.diff.view import models
from pgaudit.render.html.model_map import ModelMap, Telling, model_map
from pgaudit.render.html.packing import ranges
from pgaudit.render.style import UNICODE


@dataclass(frozen=True)
class DiffMap:
    """A map, and where in it each parameter is."""

    drawn: ModelMap
    place: Mapping[str, int]
    """That of each among those of the map, by its name."""

    def leaves(self, line: DiffLine) -> list[int]:
        """Returns where the parameters of a line are, as ranges of leaves."""
        return ranges(sorted({self.drawn.leaf_of[self.place[each.param.name]] for each in line.changes}))


def diff_map(diff: Diff) -> DiffMap:
    """Returns the map of both sides' parameters."""
    rows = [*_rows(diff)]
    first: dict[Hashable, Change | None] = {}
    numbers: dict[Hashable, int] = {}
    kinds = []
    for _, change in rows:
        key = _key(change)
        first.setdefault(key, change)
        kinds.append(numbers.setdefault(key, len(numbers)))
    happening = Happening([*first.values()], scheduled=diff.a.scheduled or diff.b.scheduled)
    telling = Telling(happening.colourings, LEGEND, happening.words)
    name = f" {UNICODE.arrow} ".join(models(diff, elsewhere=True)) or "model"
    drawn = model_map(name, [param for param, _ in rows], kinds, telling, {*diff.a.taken, *diff.b.taken})
    return DiffMap(drawn, {param.name: place for place, (param, _) in enumerate(rows)})


def _rows(diff: Diff) -> Iterator[tuple[ParameterInfo, Change | None]]:
    """Yields the parameters as they are, and each removed one behind the one that it followed."""
    changes = {each.param.name: each for each in diff.changes}
    here = {row.name for row in diff.b.params}
    gone: dict[str | None, list[Change]] = defaultdict(list)
    last = None
    for row in diff.a.params:
        change = changes.get(row.name)
        if row.name in here:
            last = row.name
        elif change is not None and change.kind is ChangeKind.REMOVED:
            gone[last].append(change)
    for change in gone[None]:
        yield change.param.param, change
    for row in diff.b.params:
        yield row.param, changes.get(row.name)
        for change in gone.pop(row.name, ()):
            yield change.param.param, change


def _key(change: Change | None) -> Hashable:
    """What parameters have in common of which the same is told."""
    if change is None or change.kind is ChangeKind.SAME_EFFECT:
        return change and change.kind
    sides = ((each.setting.effect, each.optimizer, each.param.trainable) for each in change.both)
    shapes = (each.param.shape for each in change.both if change.kind is ChangeKind.RESHAPED)
    return change.kind, *sides, *shapes, repr(change.extra), change.lrs

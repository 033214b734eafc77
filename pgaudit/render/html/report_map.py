"""The map of a report: what every tensor gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.render.html.kinds import Kinds, decay_place, lr_place
from pgaudit.render.html.model_map import Colouring, Look, ModelMap, Telling, model_map
from pgaudit.render.html.shares import Shares
from pgaudit.render.style import UNICODE
from pgaudit.report import Report

_NAMED = 3
"""Rules that are named; beyond, only their number is told."""
_SIDES = ("base", "higher", "lower")
_LEGEND = {
    "base": "base",
    "higher": f"{UNICODE.higher} higher",
    "lower": f"{UNICODE.lower} lower",
    "frozen": f"{UNICODE.frozen} frozen",
    "out": f"{UNICODE.left_out} not in the optimizer",
}


def report_map(report: Report, kinds: Kinds, shares: Shares, name: str) -> ModelMap:
    """Returns the map of the whole model.

    Args:
        report: which has it.
        kinds: what each of the report's parameters gets.
        shares: the bars, whose colours rules have.
        name: what the model is called.
    """
    told = _Kinds(report, kinds.entries, shares)
    telling = Telling(told.colourings, _LEGEND, told.words)
    return model_map(name, [row.param for row in report.params], kinds.of, telling, report.taken)


@dataclass(frozen=True)
class _Kinds:
    """What the kinds of a report look like, and what is said of them."""

    report: Report
    kinds: Sequence[dict[str, Any]]
    shares: Shares

    @property
    def _lr(self) -> tuple[str, int]:
        return ("scheduled lr" if self.report.scheduled else "lr"), lr_place(self.report)

    @property
    def _decay(self) -> tuple[str, int]:
        return "weight decay", decay_place(self.report)

    @property
    def _by(self) -> str:
        return "rule" if self.shares.by_rule else "group"

    @property
    def colourings(self) -> list[Colouring]:
        """By lr, by weight decay, by what decided; first what tells any parameters apart."""
        lr, decay = ([_look(kind) or _side(kind, place) for kind in self.kinds] for _, place in (self._lr, self._decay))
        found = [
            Colouring("lr", self._lr[0], lr),
            Colouring("decay", self._decay[0], decay),
            Colouring("rule", self._by, [_look(kind) or self._bar(kind) for kind in self.kinds]),
        ]
        return sorted(found, key=lambda each: len(set(each.looks)) < 2)

    def _bar(self, kind: dict[str, Any]) -> Look:
        bars = kind["bars"]
        return Look(self.shares.bars[bars[0]].colour if len(bars) == 1 else "mixed")

    def words(self, kinds: Mapping[int, int]) -> Iterator[str]:
        """Yields what the tensors of a node get: lr, weight decay, rules; and how many are not trained."""
        entries = [(self.kinds[number], many) for number, many in kinds.items()]
        trained = [entry for entry, _ in entries if _look(entry) is None]
        yield from self._values(trained)
        yield from self._rules(trained)
        yield from _untrained(entries)

    def _values(self, trained: Sequence[dict[str, Any]]) -> Iterator[str]:
        for title, place in (self._lr, self._decay):
            by_rank = {entry["values"][place][-1]: entry["values"][place][0].strip() for entry in trained}
            if len(by_rank) == 1:
                yield f"{title} {by_rank.popitem()[1]}"
            elif by_rank:
                several = f" ({len(by_rank):,} values)" if len(by_rank) > 2 else ""
                yield f"{title} {by_rank[min(by_rank)]} to {by_rank[max(by_rank)]}{several}"

    def _rules(self, trained: Sequence[dict[str, Any]]) -> Iterator[str]:
        labels = [*dict.fromkeys(self.shares.bars[bar].label for entry in trained for bar in entry["bars"])]
        if not labels:
            return
        what = "by" if self.shares.by_rule else self._by
        yield f"{what} {', '.join(labels)}" if len(labels) <= _NAMED else f"{what} {len(labels):,} different ones"


def _look(kind: dict[str, Any]) -> Look | None:
    """The look of what is not trained."""
    return Look("frozen") if kind["frozen"] else Look("out") if kind["out"] else None


def _side(kind: dict[str, Any], place: int) -> Look:
    _, _, side, shade, _ = kind["values"][place]
    return Look(_SIDES[side], shade)


def _untrained(entries: Sequence[tuple[dict[str, Any], int]]) -> Iterator[str]:
    every = sum(many for _, many in entries)
    for style in ("frozen", "out"):
        if found := sum(many for entry, many in entries if _look(entry) == Look(style)):
            yield _LEGEND[style] if found == every else f"{_LEGEND[style]}: {found:,} of {every:,}"

"""The map of a model: its tree, each node with the colours and words of what is below it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgaudit.render.html.kinds import Kinds, decay_place, lr_place
from pgaudit.render.html.shares import Shares
from pgaudit.render.html.tree import Node, Tensor, Tree, tree_of
from pgaudit.render.numbers import elements
from pgaudit.render.style import UNICODE
from pgaudit.report import Report
from pgaudit.text import counted, visible

_NAMED = 3
"""Rules that are named; beyond, only their number is told."""


@dataclass(frozen=True)
class ModelMap:
    """A tree as the page's script reads it."""

    root: Sequence[Any]
    """Of each node: the name, its width, what it is in words, its looks by lr, weight decay and rule, and the nodes
    inside.
    """
    looks: Sequence[tuple[str, int]]
    """A class of styles/map.css, and how strong its colour is."""
    leaf_of: Sequence[int]
    """The leaf of each of the report's parameters, from the first to the last."""


def model_map(report: Report, kinds: Kinds, shares: Shares, name: str) -> ModelMap:
    """Returns the map of the whole model.

    Args:
        report: which has it.
        kinds: what each of the report's parameters gets.
        shares: the bars, whose colours rules have.
        name: what the model is called.
    """
    makes: dict[Hashable, int] = {}
    tensors = [
        Tensor(row.name, row.param.numel, kind, makes.setdefault((row.param.shape, row.param.module_type), len(makes)))
        for row, kind in zip(report.params, kinds.of, strict=True)
    ]
    tree: Tree = tree_of(name, tensors, report.taken)
    drawing = _Drawing(report, kinds, shares)
    return ModelMap(drawing.node(tree.root), drawing.looks, tree.leaf_of)


@dataclass
class _Drawing:
    report: Report
    kinds: Kinds
    shares: Shares
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def looks(self) -> Sequence[tuple[str, int]]:
        return [*self.numbers]

    def node(self, node: Node) -> list[Any]:
        known = self.report.numel is not None
        own = [self._words(node.kinds), *([self._look(which, node.kinds) for which in ("lr", "decay", "rule")])]
        size = f"{counted(node.tensors, 'tensor')}{f', {elements(node.numel)} parameters' if known else ''}"
        width = node.numel if known else node.tensors
        inside = [self.node(each) for each in node.inside]
        return [visible(node.name), width, size, *own, inside]

    def _look(self, which: str, kinds: Mapping[int, int]) -> int:
        """What colour a node has: that of all below it, or none of its own."""
        found = {self._one(which, kind) for kind in kinds}
        look = found.pop() if len(found) == 1 else ("mixed", 0)
        return self.numbers.setdefault(look, len(self.numbers))

    def _one(self, which: str, number: int) -> tuple[str, int]:
        kind = self.kinds.entries[number]
        if kind["frozen"] or kind["out"]:
            return ("frozen" if kind["frozen"] else "out"), 0
        if which == "rule":
            bars = kind["bars"]
            return (self.shares.bars[bars[0]].colour if len(bars) == 1 else "mixed"), 0
        _, _, side, shade, _ = kind["values"][(lr_place if which == "lr" else decay_place)(self.report)]
        return ("base", "higher", "lower")[side], shade

    def _words(self, kinds: Mapping[int, int]) -> list[str]:
        """What the tensors of a node get: lr, weight decay, rules; and how many are not trained."""
        entries = [(self.kinds.entries[number], many) for number, many in kinds.items()]
        trained = [entry for entry, _ in entries if not entry["frozen"] and not entry["out"]]
        return [*self._values(trained), *self._rules(trained), *_untrained(entries)]

    def _values(self, trained: Sequence[dict[str, Any]]) -> Iterator[str]:
        lr = "scheduled lr" if self.report.scheduled else "lr"
        for title, place in ((lr, lr_place(self.report)), ("weight decay", decay_place(self.report))):
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
        what = "by" if self.shares.by_rule else "group"
        yield f"{what} {', '.join(labels)}" if len(labels) <= _NAMED else f"{what} {len(labels):,} different ones"


def _untrained(entries: Sequence[tuple[dict[str, Any], int]]) -> Iterator[str]:
    every = sum(many for _, many in entries)
    for key, words in (("frozen", f"{UNICODE.frozen} frozen"), ("out", f"{UNICODE.left_out} not in the optimizer")):
        found = sum(many for entry, many in entries if entry[key] and not (key == "out" and entry["frozen"]))
        if found:
            yield words if found == every else f"{words}: {found:,} of {every:,}"

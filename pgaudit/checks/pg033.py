"""Layer decay with layers that no tensor is in, so that neighbours are far apart.

What: the lrs of a model rise from its first layers to its last, and are powers of one number, as layer decay makes
them; and powers between the lowest and the highest are missing. At least five different lrs are needed to tell. Layers
that are frozen, or in another optimizer, are not missing.

Why it hurts: one block trains at a fraction of the lr of the block above it, where layer decay promises one step less:
of ConvNeXt-T's six missing layers comes a jump by 0.8^7, from 0.17 of the lr to 0.8.

Example: a layer rule that was written for a deeper model: ConvNeXt's own, and mmdet's, count 12 layers up to the last
stage, and ConvNeXt-T has half as many in the third. Published: facebookresearch/ConvNeXt, `optim_factory.py`, where the
12 is fixed; mmpretrain counts 6 for ConvNeXt-T.

How to fix it: count the layers of the model that is trained (mmdet: `num_layers: 6` for ConvNeXt-T), or take a rule
that asks the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.heights import Height
from pgaudit.checks.lrs import same
from pgaudit.core.findings import Finding
from pgaudit.numbers import number
from pgaudit.text import counted, visible

KIND = Kind("PG033", "layer-gap", "warning")

_FEWEST = 5
_WHOLE = 1e-6
"""How far the quotient of two logarithms is from a whole number at most."""


@dataclass(frozen=True)
class Gap:
    """Two lrs that are neighbours, and layers between them that hold nothing."""

    rate: float
    missing: int
    below: Height
    above: Height

    @property
    def message(self) -> str:
        """What is wrong."""
        one, other = (f"{visible(each.name)} at lr {number(each.lr)}" for each in (self.below, self.above))
        layers = counted(self.missing, "layer")
        return f"layer decay by {number(self.rate)} leaves {layers} empty: from {one} it jumps to {other}"


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each gap between two layers of a policy."""
    for gap in gaps(audited.heights):
        location = audited.lr_location(gap.below.place)
        indices = [gap.below.place, gap.above.place]
        yield audited.finding(KIND, gap.message, _HINT, location=location, key="layer_decay", indices=indices)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields the same of each optimizer."""
    for heights in audit.heights:
        for gap in gaps(heights):
            rows = [audit.assignment.params[each.place] for each in (gap.below, gap.above)]
            yield audit.finding(KIND, gap.message, _HINT, key="layer_decay", rows=rows)


_HINT = "the rule counts layers of another model; let it count those of this one"


def gaps(heights: Sequence[Height]) -> list[Gap]:
    """Returns the gaps in a staircase of lrs, from the lowest; none where the lrs are no powers of one number, or do
    not rise along the model, as those of muP do not, which go by width.

    Args:
        heights: those that train, in the model's order.
    """
    if len({each.lr for each in heights}) < _FEWEST:
        return []
    steps: list[list[Height]] = []
    for each in sorted(heights, key=lambda height: (height.lr, height.place)):
        if not steps or not same(steps[-1][0].lr, each.lr):
            steps.append([])
        steps[-1].append(each)
    ends = [step[-1].place for step in steps]
    if len(steps) < _FEWEST or ends != sorted(ends):
        return []
    falls = [log(above[0].lr / below[0].lr) for below, above in pairwise(steps)]
    least = min(falls)
    powers = [round(fall / least) for fall in falls]
    if any(abs(fall / least - power) > _WHOLE * power for fall, power in zip(falls, powers, strict=True)):
        return []
    rate = steps[falls.index(least)][0].lr / steps[falls.index(least) + 1][0].lr
    here = {each.place for each in heights}
    return [
        Gap(rate, power - 1, below[0], above[0])
        for power, (below, above) in zip(powers, pairwise(steps), strict=True)
        if power > 1 and here.issuperset(range(below[-1].place, above[0].place))
    ]

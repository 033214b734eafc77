"""Tokens or position tables at the lr of the last layer, under layer decay.

What: the lrs of a model's numbered blocks rise from the first to the last, as layer decay makes them. A token or a
position table that stands beside the blocks, and is added to their input, gets the lr of the last of all blocks there,
or a higher one. Frozen ones are no matter, nor are prompts and queries, which are new and learn at the full lr.

Why it hurts: what the model learned first and deepest moves fastest: at a decay of 0.65 over 12 blocks, some 200 times
as fast as the patches that it is added to.

Example: a layer rule that knows `cls_token` and `pos_embed`, and a model that has `reg_token`, too: what no rule knows
counts as the head. Published: MAE's `param_groups_lrd`, which leaves `mask_token` and `dist_token` at the full lr; timm
issue 2712; dinov2 PR 283; detectron2's `get_vit_lr_decay_rate`, which leaves `cls_token` there.

How to fix it: give it the first layer: a name more in the rule, or a group of its own with the lr of the patch
embedding.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.heights import Height
from pgaudit.core.findings import Finding
from pgaudit.numbers import number

KIND = Kind("PG032", "late-token", "warning")

_TOKEN = re.compile(r"(?!.*(?:prompt|query))(?:.*_)?(?:tokens?|pos_embed(?:ding)?|position_embeddings?)")
_BLOCK = re.compile(r"((?:[A-Za-z_]+\.)*[A-Za-z_]+?)[._](\d+)\.")
"""``blocks.0.``, ``encoder.layer.0.``, ``encoder_layer_0.``"""
_FEWEST = 3
"""Blocks from which on rising lrs are a staircase."""


class Late(NamedTuple):
    """Tokens that are too high, and where they belong."""

    tokens: Sequence[Height]
    first: Height
    """The highest of the first block beside one of them."""

    @property
    def message(self) -> str:
        """What is wrong."""
        is_, them = ("is", "it") if len(self.tokens) == 1 else ("are", "them")
        names = words.listed(each.name for each in self.tokens)
        return (
            f"{names} {is_} at the lr of the last layer, while the lrs of the blocks beside {them} rise from the first"
        )

    @property
    def hint(self) -> str:
        """What to do."""
        its = "its" if len(self.tokens) == 1 else "their"
        return f"{its} place is below the first block, whose lr is {number(self.first.lr)}"


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for all tokens that a policy leaves at the top, where it says what the first block gets."""
    late = late_tokens(audited.heights)
    if late is not None:
        location = audited.lr_location(late.first.place)
        indices, key = [each.place for each in late.tokens], late.tokens[0].name
        yield audited.finding(KIND, late.message, late.hint, location=location, key=key, indices=indices)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for all such tokens of an optimizer."""
    for late in filter(None, map(late_tokens, audit.heights)):
        rows = [audit.assignment.params[each.place] for each in late.tokens]
        yield audit.finding(KIND, late.message, late.hint, key=late.tokens[0].name, rows=rows)


def late_tokens(heights: Sequence[Height]) -> Late | None:
    """Returns the tokens beside rising blocks that are no lower than the last of them; None where there are none."""
    if len({each.lr for each in heights}) < 2:
        return None
    stairs: dict[str, tuple[Height, Height] | None] = {}
    late, firsts = [], []
    for each in heights:
        around, _, own = each.name.rpartition(".")
        if not _TOKEN.fullmatch(own) or any(part.isdigit() for part in around.split(".")):
            continue
        if around not in stairs:
            # transformers' models have an `embeddings` beside the module with the blocks
            outside, _, last = around.rpartition(".")
            near = _stairs(around, heights)
            stairs[around] = near or (_stairs(outside, heights) if "embed" in last else None)
        ends = stairs[around]
        if ends is not None and ends[1].lr <= each.lr:
            late.append(each)
            firsts.append(ends[0])
    return Late(late, firsts[0]) if late else None


def _stairs(around: str, heights: Sequence[Height]) -> tuple[Height, Height] | None:
    """The highest of the first of the numbered blocks in a module whose lrs rise, and of all blocks there: CaiT's class
    token is the input of blocks of its own, which come after the others.
    """
    begin = f"{around}." if around else ""
    highest: dict[str, dict[int, Height]] = defaultdict(dict)
    for each in heights:
        found = _BLOCK.match(each.name, len(begin)) if each.name.startswith(begin) else None
        if found is not None:
            blocks, at = highest[found[1]], int(found[2])
            blocks[at] = max(blocks.get(at, each), each, key=lambda height: height.lr)
    for blocks in highest.values():
        steps = [height for _, height in sorted(blocks.items())]
        lrs = [step.lr for step in steps]
        if len(lrs) >= _FEWEST and lrs == sorted(lrs) and lrs[0] < lrs[-1]:
            top = max((height for each in highest.values() for height in each.values()), key=lambda height: height.lr)
            return steps[0], top
    return None

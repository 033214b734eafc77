"""Trainable parameters at lr 0.

What: a multiplier of 0, or a base lr of 0, leaves parameters in the optimizer that require gradients and never move
(weight decay, too, is scaled by the lr in torch's SGD and AdamW).

Why it hurts: the backward pass computes gradients for nothing, the optimizer keeps state for nothing; and a norm at
lr 0 still updates its running statistics, so the part is not as frozen as it looks.

Example: `custom_keys: {backbone: {lr_mult: 0.0}}` to freeze a backbone.

How to fix it: freeze the parameters in the model (`requires_grad_(False)`, `frozen_stages`), and norms with `eval()`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.pg002 import named
from pgaudit.core.findings import Finding
from pgaudit.core.setting import Provenance

KIND = Kind("PG013", "zero-lr", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each rule that gives an lr of 0."""
    still: dict[Provenance, list[int]] = defaultdict(list)
    for index, decision in enumerate(audited.assignment.params):
        rule = decision.setting.lr_rule
        if rule and decision.setting.lr == 0 and audited.inventory.parameters[index].trainable:
            still[rule].append(index)
    for rule, indices in still.items():
        what = "the base lr" if rule.is_base else named(rule)
        are = "is" if len(indices) == 1 else "are"
        message = f"{words.amount(audited, indices)} {are} trainable at lr 0 by {what}{words.which(audited, indices)}"
        base = audited.constructor.optimizer(audited.config).at("lr")
        yield audited.finding(
            KIND,
            message,
            "freeze them instead",
            at=audited.rule_at(rule) or base,
            key=rule.short,
            indices=indices,
        )

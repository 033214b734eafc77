"""Trainable parameters at lr 0.

What: a multiplier of 0, or a base lr of 0, leaves parameters in the optimizer that require gradients and never move
(weight decay, too, is scaled by the lr in torch's SGD and AdamW). In an optimizer that was built: a group at lr 0 that
has no ``initial_lr``, or one of 0, so that no scheduler has lowered it. Adafactor with `relative_step` works its lr out
itself, and what stands in its groups is no matter.

Why it hurts: the backward pass computes gradients for nothing, the optimizer keeps state for nothing; and a norm at
lr 0 still updates its running statistics, so the part is not as frozen as it looks.

Example: `custom_keys: {backbone: {lr_mult: 0.0}}` to freeze a backbone.

How to fix it: freeze the parameters in the model (`requires_grad_(False)`, `frozen_stages`), and norms with `eval()`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.pg002 import named
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.findings import Finding
from pgaudit.core.setting import Provenance

KIND = Kind("PG013", "zero-lr", "warning")
_HINT = "freeze them instead"
_OWN_LR = "relative_step"
"""What transformers' and timm's Adafactor call it in their groups."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each rule that gives an lr of 0."""
    still: dict[Provenance, list[int]] = defaultdict(list)
    for index, decision in enumerate(audited.assignment.params):
        rule = decision.setting.lr_rule
        if rule and decision.setting.lr == 0 and audited.inventory.parameters[index].trainable:
            still[rule].append(index)
    for rule, indices in still.items():
        what = "the base lr" if rule.is_base else named(rule)
        message = _sentence(words.amount(audited, indices), len(indices), f"by {what}", words.which(audited, indices))
        base = audited.constructor.optimizer(audited.config).at("lr")
        yield audited.finding(
            KIND,
            message,
            _HINT,
            at=audited.rule_at(rule) or base,
            key=rule.short,
            indices=indices,
        )


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for each group at lr 0, unless a schedule may have brought it there."""
    if audit.assignment.origin == "checkpoint" and not any(row.lr for row in audit.assignment.params):
        return  # of a run that is over, whose loop sets the lr itself
    still: dict[tuple[int, int], list[ParamAssignment]] = defaultdict(list)
    for row in audit.assignment.params:
        values = audit.values(row)
        if row.lr == 0 and row.name not in audit.frozen and not values.get("initial_lr") and not values.get(_OWN_LR):
            still[row.optimizer or 0, row.group or 0].append(row)
    for (at, index), rows in still.items():
        where = f"in {audit.group_name(at, index)}"
        message = _sentence(words.amount_of(audit, rows), len(rows), where, words.which_rows(rows))
        yield audit.finding(KIND, message, _HINT, key="lr", rows=rows)


def _sentence(amount: str, count: int, where: str, which: str) -> str:
    return f"{amount} {'is' if count == 1 else 'are'} trainable at lr 0 {where}{which}"

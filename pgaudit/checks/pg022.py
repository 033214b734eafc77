"""A group of a built optimizer that holds no parameter.

What: one of the optimizer's ``param_groups`` has an lr and a weight decay, and no tensor. torch takes such a group
without a word. Groups that a library makes in any case, as transformers' Trainer does with its two, are found as well.
Of a policy it is PG001 or PG020, which tell of the pattern that was to fill the group.

Why it hurts: the filter that was to fill the group matched nothing. What it was meant for is in another group, at
another lr or weight decay, or in none.

Example: in 17 configs of D-FINE the pattern for the backbone's norms, `(?=.*norm|bn)`, matches none of them: its group
is empty, and they keep their weight decay. fairseq2 keeps an empty group, too.

How to fix it: print what the filter matches, and correct it; or make the group only where something is in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Kind
from pgaudit.core.findings import Finding

KIND = Kind("PG022", "empty-group", "warning")


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for each optimizer with groups that hold nothing."""
    for at, info in enumerate(audit.assignment.optimizers):
        empty = [group for group in audit.assignment.groups if group.optimizer == at and not group.parameters]
        if not empty:
            continue
        named = audit.group_name(at, *(group.index for group in empty))
        meant = _values(empty[0].lr, empty[0].weight_decay) if len(empty) == 1 else ""
        message = f"{named}{f' ({meant})' if meant else ''} {'holds' if len(empty) == 1 else 'hold'} no parameter"
        yield audit.finding(KIND, message, "what was to fill it matches nothing", key=info.name or "groups")


def _values(lr: float | None, weight_decay: float | None) -> str:
    """Returns ``lr 0.1, weight decay 0``, as far as there are such numbers."""
    given = {"lr": lr, "weight decay": weight_decay}
    return ", ".join(f"{word} {value:g}" for word, value in given.items() if value is not None)

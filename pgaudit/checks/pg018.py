"""More than a thousand groups, one for each parameter.

What: OpenMMLab's constructors make a group of every parameter as soon as there is any option. It is reported if there
are more than 1,000 groups, and half as many or fewer would be enough.

Why it hurts: torch compares each new group with all earlier ones, n·(n−1)/2 pairs of n groups, so building takes time
by the square of their number (0.2 s for 1,000 of them, 13 s for 9,600); and optimizers step group by group, so their
fused and foreach kernels run on single tensors.

Example: any non-empty `paramwise_cfg`.

How to fix it: `pgaudit.build_optimizer(model, config)` gives the same values in as few groups as there are settings.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding
from pgaudit.text import counted

KIND = Kind("PG018", "many-groups", "info")
FEW = 1_000
"""Groups that cost too little to speak of: torch builds them in under 0.2 s."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding if merging groups of equal settings would leave half of them or fewer."""
    held = [decision for decision in audited.assignment.params if decision.group is not None]
    groups = {decision.group for decision in held}
    merged = {setting.merging for setting in {id(d.setting): d.setting for d in held}.values()}
    if len(groups) > FEW and 2 * len(merged) <= len(groups):
        message = (
            f"{len(groups):,} groups hold {counted(len(merged), 'different setting')}; "
            f"torch compares {_pairs(len(groups)):,} pairs of groups to build them"
        )
        hint = f"pgaudit.build_optimizer makes {counted(len(merged), 'group')}"
        yield audited.finding(KIND, message, hint, key="groups")


def _pairs(groups: int) -> int:
    """How many pairs torch compares: each group that is added with all that are there (torch 2.15,
    ``Optimizer.add_param_group``).
    """
    return groups * (groups - 1) // 2

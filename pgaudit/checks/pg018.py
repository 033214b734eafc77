"""More than a thousand groups, one for each parameter.

What: OpenMMLab's constructors make a group of every parameter as soon as there is any option. It is reported if there
are more than 1,000 groups, and half as many or fewer would be enough; of what was built, for each optimizer.

Why it hurts: torch compares each new group with all earlier ones, n·(n−1)/2 pairs of n groups, so building takes time
by the square of their number (0.2 s for 1,000 of them, 13 s for 9,600); and optimizers step group by group, so their
fused and foreach kernels run on single tensors.

Example: any non-empty `paramwise_cfg`.

How to fix it: `pgaudit.build_optimizer(model, config)` gives the same values in as few groups as there are settings. In
code, collect the parameters by what they get, as detectron2's ``reduce_param_groups`` does.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding
from pgaudit.text import counted

KIND = Kind("PG018", "many-groups", "info")
FEW = 1_000
"""Groups that cost too little to speak of: torch builds them in under 0.2 s."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding if merging groups of equal settings would leave half of them or fewer."""
    held = [decision for decision in audited.assignment.params if decision.group is not None]
    groups = len({decision.group for decision in held})
    merged = len({setting.merging for setting in {id(d.setting): d.setting for d in held}.values()})
    if _are_many(groups, merged):
        hint = f"pgaudit.build_optimizer makes {counted(merged, 'group')}"
        yield audited.finding(KIND, _sentence(groups, merged), hint, key="groups")


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields the same finding for each optimizer."""
    for at in range(len(audit.optimizers)):
        of_it = [group for group in audit.assignment.groups if group.optimizer == at]
        groups, merged = len(of_it), len({group.setting.merging for group in of_it})
        if _are_many(groups, merged):
            which = f"{audit.optimizer_name(at)}: " if len(audit.optimizers) > 1 else ""
            hint = f"parameters of equal values fit into {counted(merged, 'group')}"
            yield audit.finding(KIND, f"{which}{_sentence(groups, merged)}", hint, key="groups")


def _are_many(groups: int, merged: int) -> bool:
    return groups > FEW and 2 * merged <= groups


def _sentence(groups: int, merged: int) -> str:
    return (
        f"{groups:,} groups hold {counted(merged, 'different setting')}; "
        f"torch compares {_pairs(groups):,} pairs of groups to build them"
    )


def _pairs(groups: int) -> int:
    """How many pairs torch compares: each group that is added with all that are there (torch 2.15,
    ``Optimizer.add_param_group``).
    """
    return groups * (groups - 1) // 2

"""What was built with a schedule under way → as if the schedule had not begun: it is not written, and a policy is about
the start.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgaudit.built.assignment import assignment_of
from pgaudit.built.optimizers import looked_for_in
from pgaudit.built.values import same
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.schedule import LIMITS, OF_SCHEDULERS
from pgaudit.core.setting import Setting
from pgaudit.optimizers.classes import looked_for
from pgaudit.report import AsBuilt, Report
from pgaudit.schedules.timm import is_of_timm

if TYPE_CHECKING:
    from torch.optim import Optimizer


def at_the_start(report: Report) -> Report:
    """The report of one optimizer as if its schedule had not begun, but for the lr; see :func:`with_starting_lr`."""
    built = report.as_built
    if built is None or len(built.optimizers) != 1:
        return report
    (optimizer,) = built.optimizers
    begun = [_begun_with(each.values, optimizer.defaults) for each in optimizer.groups]
    if all(len(one) == len(each.values) for one, each in zip(begun, optimizer.groups, strict=True)):
        return report
    groups = tuple(replace(each, values=one) for one, each in zip(begun, optimizer.groups, strict=True))
    common = {
        key: begun[0][key]
        for key in _CYCLED
        if key in optimizer.defaults and all(key in each and same(each[key], begun[0][key]) for each in begun)
    }
    found = replace(
        optimizer,
        groups=groups,
        defaults={**optimizer.defaults, **common},
        arguments={**optimizer.arguments, **common} if optimizer.arguments else {},
    )
    ref, scheduled = report.assignment.model.ref, bool(built.schedulers)
    assignment = assignment_of(report.assignment.origin, (found,), built.inventory, ref=ref, scheduled=scheduled)
    return replace(report, assignment=assignment, as_built=replace(built, optimizers=(found,)))


_CYCLED = ("momentum", "betas")
"""What OneCycleLR and CyclicLR change beside the lr."""


def has_cycled_momentum(report: Report) -> bool:
    """Whether a schedule under way cycles the momentum, too."""
    built = report.as_built
    groups = [] if built is None else [group for each in built.optimizers for group in each.groups]
    return any("max_momentum" in each.values and "initial_lr" in each.values for each in groups)


def _begun_with(values: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What a group held before a schedule under way: OneCycleLR and CyclicLR begin with the highest momentum, or first
    beta, and write their limits beside it (torch 2.15, ``torch/optim/lr_scheduler.py``).
    """
    limits = LIMITS.difference(own) if "initial_lr" in values else frozenset()
    found = {key: value for key, value in values.items() if key not in limits}
    if "max_momentum" in limits.intersection(values):
        highest = values["max_momentum"]
        if "momentum" in found:
            found["momentum"] = highest
        elif isinstance(betas := found.get("betas"), (tuple, list)) and betas:
            found["betas"] = (highest, *betas[1:])
    return found


def with_starting_lr(
    params: tuple[ParamAssignment, ...], built: AsBuilt, read: Collection[str]
) -> tuple[tuple[ParamAssignment, ...], bool]:
    """The parameters with the lr from which a schedule begins, and with what nobody reads marked as such; and whether
    any group holds another one.
    """
    optimizer = built.optimizers[0]
    starts = [group.values.get("initial_lr") for group in optimizer.groups]
    known: dict[tuple[int, int], Setting] = {}  # by setting, too: an optimizer may decide some of it by tensor
    for each in params:
        if each.group is not None and (key := (each.group, id(each.setting))) not in known:
            known[key] = _starting(each.setting, starts[each.group], read)
    changed = tuple(
        each if each.group is None else replace(each, setting=known[each.group, id(each.setting)]) for each in params
    )
    return changed, any(one.lr != other.lr for one, other in zip(params, changed, strict=True))


def _starting(setting: Setting, start: object, read: Collection[str]) -> Setting:
    lr = float(start) if isinstance(start, (int, float)) else setting.lr
    written = tuple((key, value) for key, value in setting.written if key != "initial_lr")
    inert = frozenset(key for key, _ in written if key not in read)
    return replace(setting.holding(lr=lr), written=written, inert=inert)


def keys_read(kind: type[Optimizer], filled: Mapping[str, Any], built: AsBuilt) -> Collection[str]:
    """The keys of groups that the optimizer's class looks for, or all where nothing says it; and those of schedulers,
    unless one is there that does not look for them.
    """
    of_class = looked_for(kind, filled)
    read = looked_for_in(built.objects[0]) if built.objects else of_class
    if read is None:
        return {key for group in built.optimizers[0].groups for key in group.values}
    # timm's look for lr_scale; so do training loops of one's own, which are no schedulers.
    if built.schedulers and not any(map(is_of_timm, built.schedulers)):
        return read - (OF_SCHEDULERS - of_class)
    return read | OF_SCHEDULERS

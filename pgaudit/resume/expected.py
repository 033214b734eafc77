"""A report → the optimizers that training begins with, in the form in which a checkpoint is told."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.built import BY_IDENTITY, BuiltGroup, BuiltOptimizer, BuiltTensor
from pgaudit.report import Report


def expected_optimizers(report: Report) -> tuple[BuiltOptimizer, ...]:
    """Returns a report's optimizers with their groups, and in each its tensors in their order.

    A policy's groups hold their tensors in the model's order, as all libraries that pgaudit knows fill them.

    Raises:
        UsageError: the report was read back from a file.
    """
    if report.as_built is not None:
        return report.as_built.optimizers
    members: dict[tuple[int, int], list[ParamAssignment]] = defaultdict(list)
    for each in report.params:
        if each.optimizer is not None and each.group is not None:
            members[each.optimizer, each.group].append(each)
    filled = report.defaults.filled_in
    found = []
    for at, info in enumerate(report.assignment.optimizers):
        count = 1 + max((group for optimizer, group in members if optimizer == at), default=-1)
        groups = tuple(_group(members[at, index], filled) for index in range(count))
        found.append(BuiltOptimizer(groups, info.type, info.name, names_from=BY_IDENTITY))
    return tuple(found)


def _group(params: list[ParamAssignment], filled: Any) -> BuiltGroup:
    values: dict[str, Any] = dict(filled)
    if params:
        setting = params[0].setting
        values |= dict(setting.written)
        for key in ("lr", "weight_decay"):
            if key in values:  # a class may have made something else of it
                values[key] = setting.get(key)
    return BuiltGroup(values, tuple(map(_tensor, params)))


def _tensor(of: ParamAssignment) -> BuiltTensor:
    param = of.param
    return BuiltTensor(param.name, param.aliases, param.shape, param.dtype, param.trainable)


def padded(source: BuiltOptimizer, checkpoint: BuiltOptimizer) -> BuiltOptimizer:
    """Returns a policy's optimizer with as many empty groups at its end as the checkpoint has: timm and transformers
    build a group for every kind of parameter, also where the model has none of it, and a report does not hold those.
    """
    more = checkpoint.groups[len(source.groups) :]
    if not more or any(group.tensors for group in more):
        return source
    groups = (*source.groups, *(BuiltGroup(group.values, ()) for group in more))
    return BuiltOptimizer(groups, source.type, source.key, names_from=source.names_from)

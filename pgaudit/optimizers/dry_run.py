"""Builds the optimizer on stand-in tensors: what its class refuses or changes is known before an answer is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pgaudit.core.parameters import Inventory
from pgaudit.core.setting import Setting
from pgaudit.optimizers.classes import OptimizerError
from pgaudit.optimizers.groups import SampleGroup, TensorKind

if TYPE_CHECKING:
    from pgaudit.optimizers.calls import OptimizerCall
    from pgaudit.optimizers.library import Library

Params = Sequence[tuple[Setting, int | None]]
"""For each parameter of an inventory, its setting and the index of its group."""
Written = Mapping[int, tuple[tuple[str, Any], ...]]
"""What the library writes into each group, by its index."""


def changed_settings(
    library: Library,
    call: OptimizerCall,
    inventory: Inventory,
    params: Params,
    *,
    may_be_empty: bool = False,
    empty: Mapping[int, Setting] = MappingProxyType({}),
) -> dict[int, Setting]:
    """Returns the settings of which the optimizer's class makes something else, by their ids; most change none.

    Args:
        library: is asked what its class makes of groups.
        call: the class and its arguments.
        inventory: the model.
        params: what a constructor decides.
        may_be_empty: whether the library builds an optimizer without a single parameter.
        empty: the groups that hold none, by their index.

    Raises:
        OptimizerError: the class refuses the groups, or changes groups of equal settings unequally.
    """
    every = [*params, *((setting, group) for group, setting in empty.items())]
    written = {group: setting.written for setting, group in every if group is not None}
    groups = _distinct_groups(inventory, params, written)
    if not groups and may_be_empty:
        return {}
    built = library.try_groups(call, groups)
    held = {repr(group.settings): values for group, values in zip(groups, built, strict=True)}
    if any(held[repr(group.settings)] != values for group, values in zip(groups, built, strict=True)):
        raise OptimizerError("the optimizer's class changes groups of equal settings unequally", argument="type")
    # Settings of one group may be written in several ways: 0.0 and -0.0.
    given = {id(setting): (setting, group) for setting, group in every if group is not None}
    return {
        id(setting): setting.holding(lr=lr, weight_decay=decay)
        for setting, group in given.values()
        for lr, decay in [held[repr(written[group])]]
        if (setting.lr, setting.weight_decay) != (lr, decay)
    }


def _distinct_groups(inventory: Inventory, params: Params, written: Written) -> list[SampleGroup]:
    """The groups without repetition: of those that are alike, two, since a class may refuse several groups but not one.

    Tensors with the same number of dimensions are alike; the first one's shape stands for all.
    """
    kinds: dict[tuple[int, str, bool], tuple[TensorKind]] = {}
    members: dict[int, tuple[TensorKind, ...]] = {}
    for p, (_, group) in zip(inventory.parameters, params, strict=True):
        if group is None:
            continue
        known_as = len(p.shape), p.dtype, p.leaf
        kind = kinds.get(known_as)
        if kind is None:
            kind = kinds[known_as] = (TensorKind(p.shape, p.dtype, p.leaf),)
        before = members.get(group)
        if before is None:
            members[group] = kind  # one object for all groups of one such tensor: there may be a million
        elif kind[0] not in before:
            members[group] = before + kind
    for group in written:
        members.setdefault(group, ())
    # By its words: a setting may be a list, such as betas. Parameters share the settings of their rules.
    words = {id(settings): repr(settings) for settings in {id(each): each for each in written.values()}.values()}
    alike: dict[tuple[str, tuple[TensorKind, ...]], list[SampleGroup]] = defaultdict(list)
    for group, tensors in members.items():
        same = alike[words[id(written[group])], tensors]
        if len(same) < 2:
            same.append(SampleGroup(written[group], tensors))
    return [group for same in alike.values() for group in same]

"""Groups of a checkpoint and of a source → what each holds, and what training goes on with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from pgaudit.core.built import BuiltGroup, BuiltOptimizer, names_in_groups
from pgaudit.core.plain import agree, plain
from pgaudit.resume.answer import GroupValue, ResumedGroup
from pgaudit.resume.pairs import Pair
from pgaudit.resume.trial import Groups, Tried

_ALWAYS = ("lr", "initial_lr", "weight_decay")
_NONE = BuiltGroup({}, ())


def groups_loaded(
    pairs: Sequence[Pair],
    source: BuiltOptimizer,
    checkpoint: BuiltOptimizer,
    tried: Tried,
    replaced: Mapping[Groups, Collection[str]],
) -> tuple[ResumedGroup, ...]:
    """Returns the groups of a checkpoint that loads.

    Args:
        pairs: each tensor with the groups that it is in.
        source: its groups.
        checkpoint: its groups, which take the place of the source's.
        tried: what the optimizer's class writes into a group after loading.
        replaced: the keys of each whose values are overrides.
    """
    params: dict[Groups, list[str]] = defaultdict(list)
    for pair in pairs:
        params[pair.group, pair.from_group].append(pair.name)
    found = []
    for which, names in params.items():
        ours, theirs = source.groups[which[0]].values, checkpoint.groups[which[1]].values
        values = _values(ours, theirs, {**theirs, **tried.changed.get(which, {})}, replaced.get(which, ()))
        found.append(ResumedGroup(*which, tuple(names), len(names), values))
    return tuple(found)


def groups_beside(source: BuiltOptimizer, checkpoint: BuiltOptimizer) -> tuple[ResumedGroup, ...]:
    """Returns the groups of a checkpoint that does not load, each beside the one that stands in its place."""
    (labels,) = names_in_groups([source])
    found = []
    for index, (ours, theirs) in enumerate(zip_longest(source.groups, checkpoint.groups)):
        one, other = ours or _NONE, theirs or _NONE
        places = None if ours is None else index, None if theirs is None else index
        params = () if ours is None else labels[index]
        found.append(ResumedGroup(*places, params, len(other.tensors), _values(one.values, other.values, {}, ())))
    return tuple(found)


def _values(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], after: Mapping[str, Any], replaced: Collection[str]
) -> dict[str, GroupValue]:
    """The values that are told: those that matter always, and those that are not the same."""
    sides = [{key: plain(value) for key, value in each.items()} for each in (theirs, ours, after)]
    checkpoint, source, resumed = sides
    keys = dict.fromkeys((*_ALWAYS, *source, *checkpoint, *resumed))
    return {
        key: GroupValue(checkpoint.get(key), source.get(key), resumed.get(key), key in replaced)
        for key in keys
        if _is_told(key, sides)
    }


def _is_told(key: str, sides: Sequence[Mapping[str, Any]]) -> bool:
    held = [each for each in sides if each]
    if key in _ALWAYS:
        return any(key in each for each in held)
    return not all(key in each and agree(each[key], held[0].get(key)) is True for each in held)

"""Pairs of groups → the values of the source that the checkpoint replaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgaudit.built.values import same
from pgaudit.core.built import BuiltOptimizer
from pgaudit.resume.answer import Override
from pgaudit.resume.pairs import Pair
from pgaudit.serialize import plain
from pgaudit.text import visible

_SCHEDULERS = frozenset({"initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr"})
"""Keys that torch's schedulers write into groups (2.15, torch/optim/lr_scheduler.py and swa_utils.py)."""
_CYCLED = frozenset({"momentum", "betas"})
"""What OneCycleLR and CyclicLR change beside the lr; their limits stand beside it."""

Group = Mapping[str, Any]


def overrides(
    pairs: Sequence[Pair], source: BuiltOptimizer, checkpoint: BuiltOptimizer, changed: Mapping[str, Any]
) -> Iterator[Override]:
    """Yields each value that is another one after loading.

    Args:
        pairs: each tensor with the groups that it is in.
        source: its groups.
        checkpoint: its groups, which take the place of the source's.
        changed: what the optimizer's class writes into a group after loading.
    """
    known: dict[tuple[int, int], list[tuple[str, Any, Any]]] = {}
    for pair in pairs:
        which = pair.group, pair.from_group
        if which not in known:
            ours, theirs = source.groups[pair.group].values, checkpoint.groups[pair.from_group].values
            known[which] = list(replaced(ours, {**theirs, **changed}))
        for key, before, after in known[which]:
            yield Override(pair.name, key, before, after)


def replaced(ours: Group, theirs: Group) -> Iterator[tuple[str, Any, Any]]:
    """Yields each key of a group whose value is replaced, with both values; a schedule under way replaces none."""
    cycled = _CYCLED if "max_momentum" in theirs else frozenset()
    for key, value in ours.items():
        if key in _SCHEDULERS or key in cycled:
            continue
        before, after = value, theirs.get(key)
        if key == "lr" and "initial_lr" in theirs:
            before, after = ours.get("initial_lr", value), theirs["initial_lr"]
        if key not in theirs or not same(plain(before), plain(after)):
            yield key, before, after


def added(pairs: Sequence[Pair], source: BuiltOptimizer, checkpoint: BuiltOptimizer) -> list[str]:
    """Returns the keys that groups have after loading, and not before; those of schedulers left out."""
    groups = {(pair.group, pair.from_group): None for pair in pairs}
    found: dict[str, None] = {}
    for ours, theirs in groups:
        here = source.groups[ours].values
        found |= dict.fromkeys(
            key
            for key, value in checkpoint.groups[theirs].values.items()
            if key not in here and key not in _SCHEDULERS and not (value is None or value is False)
        )
    return list(map(visible, found))

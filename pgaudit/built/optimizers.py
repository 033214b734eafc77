"""A live optimizer → a BuiltOptimizer: its class, its groups, every hyperparameter, and which tensors they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pgaudit.built.contents import tensor_groups
from pgaudit.built.shards import shard_of
from pgaudit.built.values import plain_value, same
from pgaudit.built.wrappers import wrapped
from pgaudit.core.built import BY_IDENTITY, BY_PARAM_NAMES, BuiltGroup, BuiltOptimizer, BuiltTensor
from pgaudit.core.schedule import LIMITS, OF_SCHEDULERS
from pgaudit.optimizers.classes import argument_defaults, class_arguments, looked_for
from pgaudit.optimizers.muon import chosen
from pgaudit.optimizers.reading import reading_of
from pgaudit.text import visible

Named = Mapping[int, BuiltTensor]
"""What a model says of its tensors, by their identity."""


def built_optimizer(optimizer: Any, key: str, named: Named) -> tuple[BuiltOptimizer, tuple[str, ...]]:
    """Reads an optimizer, without changing it.

    Args:
        optimizer: it, or a wrapper around it.
        key: what it is called among others.
        named: the model's tensors.

    Returns:
        It, and notes about what was looked through.

    Raises:
        OnMeta: a hyperparameter has no value.
    """
    *around, inner = wrapped(optimizer)
    outer = around[0] if around else inner
    groups = tuple(_group(each, inner, named) for each in groups_of(optimizer))
    arguments = class_arguments(type(inner))
    own = argument_defaults(type(inner))
    defaults = {name: plain_value(value) for name, value in (getattr(inner, "defaults", None) or {}).items()}
    names = None
    if holds_any(optimizer, named):
        names = BY_IDENTITY
    elif any(tensor.name for group in groups for tensor in group.tensors):
        names = BY_PARAM_NAMES
    given = {
        name: value
        for name, value in defaults.items()
        if name in ("lr", "weight_decay") or (name in arguments and not same(value, arguments[name]))
    }
    read = looked_for_in(optimizer)
    unread = frozenset() if read is None else frozenset(key for group in groups for key in group.values) - read
    found = BuiltOptimizer(groups, type(inner).__name__, key, defaults, given, own, unread, names)
    words = " around ".join(visible(type(each).__name__) for each in (*around, inner))
    return found, ((f"{words}: what the groups of {visible(type(outer).__name__)} hold",) if around else ())


def looked_for_in(optimizer: Any) -> frozenset[str] | None:
    """Returns the keys that an optimizer looks for in its groups, or a wrapper around it, or a scheduler; None where
    its code cannot be read in full, so that nothing says it.
    """
    chain = wrapped(optimizer)
    readings = [reading_of(type(each), getattr(each, "__dict__", {}).values()) for each in chain]
    if not all(each.whole for each in readings):
        return None
    filled = getattr(chain[-1], "defaults", None) or {}
    words = (each.words for each in readings)
    return looked_for(type(chain[-1]), filled).union(OF_SCHEDULERS, LIMITS, *words)


def refuse_meta(optimizer: Any) -> None:
    """Raises OnMeta where a hyperparameter of an optimizer, or of a wrapper around one, has no value."""
    for group in groups_of(optimizer):
        _values(group)


def groups_of(optimizer: Any) -> list[Mapping[str, Any]]:
    """Returns the groups of an optimizer, or of a wrapper around one.

    A wrapper's own are taken where it has some: those of ZeRO are whole, and those of the optimizer inside it a part.
    """
    *_, inner = around = wrapped(optimizer)
    return tensor_groups(around[0]) or tensor_groups(inner)


def holds_any(optimizer: Any, named: Named) -> bool:
    """Whether an optimizer holds one of the model's own tensors."""
    return any(id(tensor) in named for group in groups_of(optimizer) for tensor in group["params"])


def _group(group: Mapping[str, Any], optimizer: Any, named: Named) -> BuiltGroup:
    given = group.get("param_names") or ()
    names = dict(enumerate(given)) if _are_names(given) else {}
    tensors = []
    for place, tensor in enumerate(group["params"]):
        known = _tensor(tensor, named.get(id(tensor)), names.get(place))
        extra = chosen(optimizer, group, tensor)
        tensors.append(replace(known, extra=extra) if extra else known)
    return BuiltGroup(_values(group), tuple(tensors))


def _values(group: Mapping[str, Any]) -> dict[str, Any]:
    return {key: plain_value(value) for key, value in group.items() if key not in ("params", "param_names")}


def _are_names(given: Any) -> bool:
    return isinstance(given, (list, tuple)) and all(isinstance(name, str) for name in given)


def _tensor(tensor: Any, known: BuiltTensor | None, name: str | None) -> BuiltTensor:
    """A tensor as the model calls it; or one that the model does not hold, or of no model."""
    if known is None:
        dtype = str(tensor.dtype).removeprefix("torch.")
        known = BuiltTensor(name, (), tuple(tensor.shape), dtype, tensor.requires_grad, identity=id(tensor))
    shard, whole_shapes = shard_of(tensor)
    return replace(known, shard=shard, whole_shapes=whole_shapes) if shard else known

"""A live optimizer → a BuiltOptimizer: its class, its groups, every hyperparameter, and which tensors they hold."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pgaudit.built.values import plain_value, same
from pgaudit.built.wrappers import wrapped
from pgaudit.constructors.native.rules import OF_SCHEDULERS
from pgaudit.core.built import BuiltGroup, BuiltOptimizer, BuiltTensor
from pgaudit.optimizers.classes import looked_for
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
    # ZeRO's own groups are whole, and those of the optimizer inside it a part.
    groups = tuple(_group(each, named) for each in (outer.param_groups or inner.param_groups))
    arguments = class_arguments(type(inner))
    own = {name: default for name, default in arguments.items() if default is not inspect.Parameter.empty}
    defaults = {name: plain_value(value) for name, value in (getattr(inner, "defaults", None) or {}).items()}
    known = sum(id(tensor) in named for group in outer.param_groups for tensor in group["params"])
    names = "the model" if known else "param_names" if any(each.name for g in groups for each in g.tensors) else None
    given = {
        name: value
        for name, value in defaults.items()
        if name in ("lr", "weight_decay") or (name in arguments and not same(value, arguments[name]))
    }
    read = looked_for(type(inner), defaults) | OF_SCHEDULERS
    unread = frozenset(key for group in groups for key in group.values if key not in read)
    found = BuiltOptimizer(groups, type(inner).__name__, key, defaults, given, own, unread, names)
    words = " around ".join(visible(type(each).__name__) for each in (*around, inner))
    return found, ((f"{words}: what the groups of {visible(type(outer).__name__)} hold",) if around else ())


def _group(group: Mapping[str, Any], named: Named) -> BuiltGroup:
    given = group.get("param_names") or ()
    names = dict(zip(range(len(group["params"])), given, strict=False)) if _are_names(given) else {}
    tensors = tuple(
        named.get(id(tensor)) or _unknown(tensor, names.get(place)) for place, tensor in enumerate(group["params"])
    )
    values = {key: plain_value(value) for key, value in group.items() if key not in ("params", "param_names")}
    return BuiltGroup(values, tensors)


def _are_names(given: Any) -> bool:
    return isinstance(given, (list, tuple)) and all(isinstance(name, str) for name in given)


def _unknown(tensor: Any, name: str | None) -> BuiltTensor:
    """A tensor that the model does not hold, or of no model."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    return BuiltTensor(name, (), tuple(tensor.shape), dtype, tensor.requires_grad)


def class_arguments(kind: type) -> dict[str, Any]:
    """Returns the arguments of an optimizer's class with their defaults; ``inspect.Parameter.empty`` for none."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {each.name: each.default for each in parameters}

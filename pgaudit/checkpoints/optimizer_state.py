"""What ``optimizer.state_dict()`` returned → the optimizer as it was built.

Source of the form: torch 2.15, torch/optim/optimizer.py; ``param_names`` since torch 2.6; names in place of numbers by
torch/distributed/checkpoint/state_dict.py and FSDP.optim_state_dict.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pgaudit.checkpoints.pickles.limits import Budget
from pgaudit.checkpoints.pickles.numbers import number_in
from pgaudit.checkpoints.pickles.records import Stub, Tensor, mapping_in
from pgaudit.checkpoints.plain import plain
from pgaudit.checkpoints.shapes import agreed_keys, shaped_state
from pgaudit.core.built import BY_FULL_NAMES, BY_PARAM_NAMES, BuiltGroup, BuiltOptimizer, BuiltTensor

_NOT_VALUES = frozenset({"params", "param_names"})
_OWN = frozenset({"state", "param_groups", "defaults"})
"""What a state has; ``defaults`` that of an optimizer that was saved whole."""
_TENSOR = 200
"""Bytes of memory."""


def is_optimizer_state(value: object) -> bool:
    """Whether it has the form: a mapping with ``param_groups``, each with ``params``, and ``state``."""
    found = mapping_in(value)
    if found is None or "param_groups" not in found or mapping_in(found.get("state")) is None:
        return False
    groups = found["param_groups"]
    return isinstance(groups, (list, tuple)) and bool(groups) and all(_params(each) is not None for each in groups)


def _params(group: object) -> Sequence[Any] | None:
    found = mapping_in(group)
    params = found.get("params") if found is not None else None
    return params if isinstance(params, (list, tuple)) else None


def read_optimizer(
    value: object,
    key: str = "",
    names: Sequence[Sequence[str]] | None = None,
    names_from: str | None = None,
    budget: Budget | None = None,
) -> BuiltOptimizer:
    """Returns the optimizer that a state says.

    Args:
        value: what :func:`is_optimizer_state` accepts.
        key: where it stands in its file.
        names: the names of each group's tensors, where something else than the state says them.
        names_from: what that is.
        budget: what the optimizer may take.

    Raises:
        Refused: there is not so much left.
    """
    budget = budget or Budget()
    found = mapping_in(value) or {}
    groups = [mapping_in(each) or {} for each in found["param_groups"]]
    states = mapping_in(found["state"]) or {}
    budget.take(_TENSOR * sum(len(_params(group) or ()) for group in groups))
    own = _names(groups)
    if own is not None:
        names, names_from = own
    elif names is None or [len(each) for each in names] != [len(_params(group) or ()) for group in groups]:
        names, names_from = None, None
    further = {} if isinstance(value, Stub) else {key: each for key, each in found.items() if key not in _OWN}
    agreed = agreed_keys(each for each in map(mapping_in, states.values()) if each is not None)
    return BuiltOptimizer(
        groups=tuple(
            _group(group, states, names[index] if names is not None else None, agreed, budget)
            for index, group in enumerate(groups)
        ),
        type=value.qualname.rpartition(".")[2] if isinstance(value, Stub) else None,
        key=key,
        defaults={str(name): plain(each) for name, each in (mapping_in(found.get("defaults")) or {}).items()},
        names_from=names_from,
        further={str(key): plain(each, budget) for key, each in further.items()},
        stray=_stray(groups, states),
    )


def _stray(groups: Sequence[Mapping[Any, Any]], states: Mapping[Any, Any]) -> int:
    """How many states are of no tensor in the groups."""
    numbers = {param for group in groups for param in _params(group) or () if isinstance(param, (int, str))}
    return sum(isinstance(key, (int, str)) and key not in numbers for key in states)


def _names(groups: Sequence[Mapping[Any, Any]]) -> tuple[list[list[str]], str] | None:
    """Returns the names that the groups hold themselves, and as what; None where one group has none."""
    lists = [_texts(group.get("param_names")) for group in groups]
    named = [each for each in lists if each is not None]
    if len(named) == len(groups) and all(len(a) == len(_params(b) or ()) for a, b in zip(named, groups, strict=True)):
        return named, BY_PARAM_NAMES
    params = [_texts(_params(group)) for group in groups]
    whole = [each for each in params if each is not None]
    if len(whole) == len(groups) and any(whole):
        return whole, BY_FULL_NAMES
    return None


def _texts(value: object) -> list[str] | None:
    if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
        return list(value)
    return None


def _group(
    group: Mapping[Any, Any],
    states: Mapping[Any, Any],
    names: Sequence[str] | None,
    agreed: frozenset[str],
    budget: Budget,
) -> BuiltGroup:
    values = {str(key): plain(each, budget) for key, each in group.items() if key not in _NOT_VALUES}
    tensors = tuple(
        _tensor(param, states, names[index] if names is not None else None, agreed)
        for index, param in enumerate(_params(group) or ())
    )
    return BuiltGroup(values, tensors)


def _tensor(param: object, states: Mapping[Any, Any], name: str | None, agreed: frozenset[str]) -> BuiltTensor:
    try:
        state = mapping_in(states.get(param)) or {}
    except TypeError:  # a param that cannot be a key
        state = {}
    shaped: Tensor | None
    if isinstance(param, Tensor):  # of an optimizer that was saved whole
        shaped, trainable = param, param.requires_grad
    else:
        shaped, trainable = shaped_state(state) or next((state[key] for key in agreed if key in state), None), None
    return BuiltTensor(
        name=name,
        shape=None if shaped is None else shaped.shape,
        dtype=None if shaped is None else shaped.dtype,
        trainable=trainable,
        has_state=bool(state),
        steps=_steps(state.get("step")),
        state=tuple((str(key), each.shape if isinstance(each, Tensor) else None) for key, each in state.items()),
    )


def _steps(value: object) -> float | None:
    number = number_in(value) if isinstance(value, Tensor) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or abs(number) > sys.float_info.max:
        return None
    return float(number)

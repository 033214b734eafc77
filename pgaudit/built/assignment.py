"""Built optimizers, and the model's parameters where they are known → an Assignment."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgaudit.built.matching import model_tensors
from pgaudit.built.values import as_float, same
from pgaudit.core.assignment import (
    Assignment,
    Group,
    ModelInfo,
    OptimizerInfo,
    Origin,
    ParamAssignment,
    RecordedParameter,
)
from pgaudit.core.built import BuiltGroup, BuiltOptimizer, BuiltTensor, names_in_groups
from pgaudit.core.parameters import Inventory
from pgaudit.core.setting import NOT_OPTIMIZED, Setting, Value

_OWN = ("lr", "weight_decay")


def assignment_of(
    origin: Origin,
    optimizers: Sequence[BuiltOptimizer],
    inventory: Inventory | None,
    *,
    ref: str | None = None,
    scheduled: bool = False,
) -> Assignment:
    """Returns what each parameter trains with.

    Args:
        origin: ``built`` or ``checkpoint``.
        optimizers: with the model's names for its tensors: see :func:`pgaudit.built.matching.matched`.
        inventory: the model's; None where there is none, or nothing says which tensor is which parameter of it.
        ref: what the user calls the model, where there is no inventory.
        scheduled: whether a scheduler is attached, so that ``initial_lr`` says nothing new.
    """
    known = _Parameters(inventory)
    names = names_in_groups(optimizers, known.params)
    infos, groups = [], []
    for at, optimizer in enumerate(optimizers):
        info, settings = _read(optimizer, scheduled)
        infos.append(info)
        for index, (group, setting) in enumerate(zip(optimizer.groups, settings, strict=True)):
            own = setting.own
            groups.append(Group(at, index, own.lr, own.weight_decay, 0, 0, own))
            for name, tensor in zip(names[at][index], group.tensors, strict=True):
                known.claim(name, tensor, (at, index, setting.for_tensor(tensor)))
    model = ModelInfo(ref, None)
    if inventory is not None:
        model = ModelInfo(inventory.ref, inventory.source, inventory.version, inventory.model_type.short)
    params = tuple(known.assignments())
    first = {(each.optimizer, each.group) for each in params}
    others = tuple(group for group in groups if (group.optimizer, group.index) not in first)
    return Assignment(origin, model, tuple(infos), params, others)


@dataclass
class _Settings:
    """What a group gives its tensors: the same, but for what the optimizer decides for each alone."""

    own: Setting
    _others: dict[frozenset[tuple[str, Any]], Setting] = field(default_factory=dict)

    def for_tensor(self, tensor: BuiltTensor) -> Setting:
        """Returns what a tensor gets."""
        if not tensor.extra:
            return self.own
        key = frozenset(tensor.extra.items())
        if key not in self._others:
            values = {**self.own.values, **{name: Value(value) for name, value in tensor.extra.items()}}
            rest = [(name, value) for name, value in self.own.written if name not in tensor.extra]
            written = (*rest, *tensor.extra.items())
            decided = frozenset(tensor.extra)
            self._others[key] = replace(self.own, values=values, written=written, by_tensor=decided)
        return self._others[key]


_Claim = tuple[int, int, Setting]
"""An optimizer, the index of one of its groups, and what that group holds."""


@dataclass
class _Parameters:
    """All parameters, the model's first, with the groups that hold them."""

    inventory: Inventory | None
    params: dict[str, RecordedParameter] = field(default_factory=dict)
    claims: dict[str, list[_Claim]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.inventory is not None:
            for tensor, each in zip(model_tensors(self.inventory), self.inventory.parameters, strict=True):
                name = str(tensor.name)
                self.params[name] = RecordedParameter(
                    name, tensor.aliases, each.shape, each.numel, each.dtype, each.module_type, each.trainable
                )

    def claim(self, name: str, tensor: BuiltTensor, by: _Claim) -> None:
        """Notes that a group holds a tensor."""
        if name not in self.params:
            self.params[name] = RecordedParameter(
                name, tensor.aliases, tensor.shape, _numel(tensor.shape), tensor.dtype
            )
        self.claims.setdefault(name, []).append(by)

    def assignments(self) -> Iterator[ParamAssignment]:
        """Yields each parameter with what its first group holds."""
        for name, param in self.params.items():
            claims = self.claims.get(name)
            if not claims:
                yield ParamAssignment(param, NOT_OPTIMIZED, None, None)
                continue
            (at, index, setting), *others = claims
            yield ParamAssignment(param, setting, index, at, tuple((which, group) for which, group, _ in others))


def _numel(shape: tuple[int, ...] | None) -> int | None:
    return None if shape is None else math.prod(shape)


def _read(optimizer: BuiltOptimizer, scheduled: bool) -> tuple[OptimizerInfo, list[_Settings]]:
    """What is said of an optimizer, and the settings of its groups."""
    shared = shared_values(optimizer.groups)
    defaults = dict(optimizer.defaults) or shared
    base = {**_usual(optimizer.groups), **{key: defaults[key] for key in _OWN if defaults.get(key) is not None}}
    info = OptimizerInfo(
        optimizer.type,
        optimizer.arguments or shared,
        optimizer.own_defaults,
        _setting(base, (), has_decay=True) if base else NOT_OPTIMIZED,
        optimizer.key,
    )
    settings = [_of_group(group, defaults, scheduled) for group in optimizer.groups]
    inert = [optimizer.unread.intersection(dict(each.written)) for each in settings]
    return info, [_Settings(replace(each, inert=keys)) for each, keys in zip(settings, inert, strict=True)]


def shared_values(groups: Sequence[BuiltGroup]) -> dict[str, Any]:
    """Returns what all groups hold alike: of a file, all that is known of an optimizer's arguments."""
    first, *others = [group.values for group in groups] or [{}]
    return {
        key: value
        for key, value in first.items()
        if key != "initial_lr" and all(key in other and same(other[key], value) for other in others)
    }


def _usual(groups: Sequence[BuiltGroup]) -> dict[str, Any]:
    """The lr and the weight decay that most elements have, where the optimizer itself has no base values."""
    found: dict[str, Any] = {}
    for key in _OWN:
        counts: Counter[Any] = Counter()
        for group in groups:
            if (value := _number(group.values.get(key))) is not None:
                counts[value] += sum(_numel(tensor.shape) or 1 for tensor in group.tensors)
        if counts:
            found[key] = counts.most_common(1)[0][0]
    return found


def _of_group(group: BuiltGroup, defaults: Mapping[str, Any], scheduled: bool) -> Setting:
    written = []
    for key, value in group.values.items():
        if key in _OWN or (key in defaults and same(defaults[key], value)):
            continue
        if key == "initial_lr" and (scheduled or same(value, group.values.get("lr"))):
            continue
        written.append((key, value))
    found = _setting(group.values, written, has_decay="weight_decay" in group.values)
    begin = _number(group.values.get("initial_lr")) if scheduled else None
    return found if begin is None else replace(found, values={**found.values, "initial_lr": Value(begin)})


def _setting(values: Mapping[str, Any], written: Sequence[tuple[str, Any]], *, has_decay: bool) -> Setting:
    own = {
        "lr": Value(_number(values.get("lr"))),
        "weight_decay": Value(_number(values.get("weight_decay")) if has_decay else 0.0),
    }
    return Setting({**own, **{key: Value(value) for key, value in written}}, written=tuple(written))


def _number(value: Any) -> float | None:
    """A number as a float; what is none, such as a schedule of the optimizer's own, as it is not there."""
    return as_float(value) if isinstance(value, (int, float)) else None

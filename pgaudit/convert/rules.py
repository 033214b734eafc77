"""A policy as a list of pgaudit's own rules."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgaudit.constructors.native.match import is_norm
from pgaudit.constructors.native.selectors import NORM
from pgaudit.convert.classes import kinds, name_in
from pgaudit.convert.features import Features, Key, Predicate, union
from pgaudit.convert.job import FROZEN_HINT, Converted, Job
from pgaudit.convert.synthesis import Chosen, rules_for
from pgaudit.convert.words import multiplier, number
from pgaudit.core.parameters import Inventory, ModuleType
from pgaudit.names import escaped
from pgaudit.text import counted


@dataclass
class Line:
    """One rule, as far as it has been written: to whom, and what."""

    predicates: list[Predicate]
    says: dict[str, Hashable] = field(default_factory=dict)
    """``in``, for whether they are in the optimizer, or a hyperparameter: what it is to be."""

    @property
    def mask(self) -> int:
        """Whom the rule is about."""
        return union(predicate.mask for predicate in self.predicates)


def write(job: Job) -> Converted:
    """Returns the policy.

    Raises:
        ConfigError: it cannot be said in rules.
    """
    why = "the constructor `rules` leaves frozen parameters out, and these are in the optimizer"
    job.refuse_if(job.frozen(inside=True), why, FROZEN_HINT)
    whole = frozenset(job.inventory.model_type.bases)  # the model's own class says nothing about a part of it

    def of_module(module: ModuleType) -> list[Key]:
        return kinds((name for name in module.bases if name not in whole), is_norm=is_norm(module))

    trainable = [index for index in job.compared if job.inventory.parameters[index].trainable]
    lines = lines_of(job, Features(job.inventory, of_module, conditions=True, all_names=True), trainable)
    rules, comments = [], {}
    for line in lines:
        rule = {"match": _match(job.inventory, line.predicates), **_says(job, line.says)}
        comments[id(rule)] = counted((line.mask & union(1 << index for index in trainable)).bit_count(), "tensor")
        rules.append(rule)
    config = {"constructor": "rules", "optimizer": job.optimizer_section(job.optimizer.type)}
    if rules:
        config["paramwise_cfg"] = {**({"mode": "layered"} if len(rules) > 1 else {}), "rules": rules}
    return Converted(job.config("pgaudit's own rules", config, comments))


def lines_of(job: Job, features: Features, met: Sequence[int]) -> list[Line]:
    """Returns the rules: for what is left out, for lr, weight decay, and each other setting, as few as may be.

    Args:
        job: the work.
        features: what can be said about parameters.
        met: those that the target asks its rules about.
    """
    lines = _lines("in", rules_for({index: index in job.values for index in met}, True, features))
    for name in (*job.base, *job.extra_names):
        base = job.base.get(name, ABSENT)
        values = {index: held.get(name, ABSENT) for index, held in job.values.items()}
        lines = _woven(lines, _lines(name, rules_for(values, base, features, of_lr=name == "lr")))
    return lines


ABSENT = "\0absent"
"""Stands for a setting that the group does not have, which is that of the optimizer's class."""


def _lines(of: str, rules: Sequence[Chosen]) -> list[Line]:
    """One line a rule; rules of one value become one, where no rule between them minds."""
    lines: list[Line] = []
    for rule in rules:
        for earlier in reversed(lines):
            is_equal = earlier.says[of] == rule.value
            if is_equal and _may_join(earlier.predicates, rule.predicate):
                earlier.predicates.append(rule.predicate)
                break
            if not is_equal and earlier.mask & rule.predicate.mask:
                lines.append(Line([rule.predicate], {of: rule.value}))
                break
        else:
            lines.append(Line([rule.predicate], {of: rule.value}))
    for line in lines:
        line.predicates.sort(key=lambda predicate: predicate.mask & -predicate.mask)  # as they stand in the model
    return lines


def _may_join(predicates: Sequence[Predicate], other: Predicate) -> bool:
    """Names go with names, in a line that is not too long; a class or dimensions stand for themselves."""
    everything = [*predicates, other]
    return (
        not any(each.kinds for each in everything)
        and sum(len(".".join(key)) for each in everything for key in each.keys) < 70
    )


def _woven(first: list[Line], second: list[Line]) -> list[Line]:
    """Both lists in one, each in its order, and lines about the same parameters as one."""
    woven: list[Line] = []
    rest = list(second)
    for line in first:
        keys = [each.keys for each in line.predicates]
        same = next((i for i, other in enumerate(rest) if [each.keys for each in other.predicates] == keys), None)
        if same is not None and line.says.get("in") is not False:  # what is left out says nothing else
            woven += rest[:same]
            line.says |= rest[same].says
            rest = rest[same + 1 :]
        woven.append(line)
    return woven + rest


def _says(job: Job, says: Mapping[str, Hashable]) -> dict[str, Any]:
    if says.get("in") is False:
        return {"freeze": True}
    found: dict[str, Any] = {"freeze": False} if "in" in says else {}
    for name, value in says.items():
        if name in job.base:
            assert isinstance(value, float)
            found |= _value(name, job.base[name], value)
        elif name != "in":
            info = job.optimizer
            own = {**info.defaults, **info.arguments}.get(name)
            found.setdefault("set", {})[name] = own if value == ABSENT else job.source.written(name, value)
    return found


def _value(name: str, base: float, value: float) -> dict[str, Any]:
    """A multiplier where it is as short as the value, which then stays right when the base is changed."""
    if value == 0 and name == "weight_decay":
        return {name: 0}
    mult = multiplier(base, value)
    if mult is None or len(number(mult)) > max(len(number(value)), 4):
        return {name: value}
    return {"lr_mult" if name == "lr" else "decay_mult": int(mult) if mult == int(mult) and mult < 1000 else mult}


def _match(inventory: Inventory, predicates: Sequence[Predicate]) -> Any:
    """Predicates as a match: a glob, a mapping, or a list of them."""
    found = [match for predicate in predicates for match in _matches(inventory, predicate)]
    return found[0] if len(found) == 1 else found


def _matches(inventory: Inventory, predicate: Predicate) -> list[Any]:
    globs = _globs(inventory, predicate) if len(predicate.kinds) < len(predicate.keys) else []
    if not predicate.kinds:
        return globs
    conditions: dict[str, Any] = {"name": globs[0] if len(globs) == 1 else globs} if globs else {}
    for kind, *words in predicate.kinds:
        if kind == "ndim":
            has_scalars = any(visit.ndim == 0 for visit in inventory.visits)
            conditions["ndim"] = [0, 1] if words[0] == "0|1" and has_scalars else 1
        else:
            conditions["type"] = NORM if kind == "norm" else name_in("", words[0])
    return [conditions]


def _globs(inventory: Inventory, predicate: Predicate) -> list[str]:
    """The globs that together match what the predicate says of the name: several, where one would miss the root."""
    names = [name for parameter in inventory.parameters for name in parameter.names]
    place, leaf = predicate.place, predicate.leaf
    if place is None:
        if leaf is None:
            kind, *words = predicate.keys[0]
            return words if kind == "names" else [escaped(name) for name in words]
        own = escaped(leaf[1])
        return [own] * (leaf[1] in names) + [f"*.{own}"] * any(name.endswith(f".{leaf[1]}") for name in names)
    start = escaped(place[1])
    if place[0] == "segment":
        deeper = any(f".{place[1]}." in name for name in names)
        return [f"{start}.*"] * any(name.startswith(f"{place[1]}.") for name in names) + [f"*.{start}.*"] * deeper
    prefixes: tuple[str, ...] = (f"{place[1]}.",)
    if place[0] == "range":
        start += f".{{{place[2]}..{place[3]}}}"
        prefixes = tuple(f"{place[1]}.{number}." for number in range(int(place[2]), int(place[3]) + 1))
    if leaf is None:
        return [f"{start}.*"]
    own = escaped(leaf[1])
    ends = (name.removesuffix(leaf[1]) for name in names if name.startswith(prefixes) and name.endswith(leaf[1]))
    directly = {end in prefixes for end in ends if end.endswith(".")}
    return [f"{start}.{own}"] * (True in directly) + [f"{start}.*.{own}"] * (False in directly)

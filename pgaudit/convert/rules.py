"""A policy as a list of pgaudit's own rules."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgaudit.config.matches import NORM
from pgaudit.constructors.rules.match import is_norm
from pgaudit.convert.features import Features, Key, Predicate, Vocabulary, subjects
from pgaudit.convert.job import FROZEN_HINT, Job, Written
from pgaudit.convert.multipliers import multiplier
from pgaudit.convert.synthesis import Chosen, rules_for
from pgaudit.convert.types import nameable, short_name
from pgaudit.convert.words import block, number
from pgaudit.core.parameters import ModuleType
from pgaudit.names import escaped
from pgaudit.text import counted


@dataclass
class Line:
    """One rule, as far as it has been written: to whom, and what."""

    predicates: list[Predicate]
    says: dict[str, Hashable] = field(default_factory=dict)
    """``in``, ``lr``, ``weight_decay``, or another setting of the group: what each is to be."""

    @property
    def mask(self) -> int:
        """Whom the rule is about."""
        found = 0
        for predicate in self.predicates:
            found |= predicate.mask
        return found


def write(job: Job) -> Written:
    """Returns the policy.

    Raises:
        ConfigError: it cannot be said in rules.
    """
    frozen = job.frozen(inside=True)
    job.refuse_if(
        frozen, "the constructor `rules` leaves frozen parameters out, and these are in the optimizer", FROZEN_HINT
    )
    trainable = [index for index in job.matter if job.inventory.parameters[index].trainable]
    lines = lines_of(job, _vocabulary(job), trainable, all_names=True)
    options: dict[str, Any] = {"mode": "layered"} if len(lines) > 1 else {}
    rules, comments = [], {}
    for line in lines:
        rule = {"match": match_of(job, line.predicates), **_says(job, line.says)}
        comments[id(rule)] = counted((line.mask & _trainable(job)).bit_count(), "tensor")
        rules.append(rule)
    options["rules"] = rules
    config = {**job.model_section, "constructor": "rules", "optimizer": job.optimizer(job.source.spec.name)}
    if rules:
        config["paramwise_cfg"] = options
    return Written("\n".join([*job.heading("pgaudit's own rules"), *block(config, comments=comments), ""]))


def _vocabulary(job: Job) -> Vocabulary:
    whole = frozenset(job.inventory.model_type.bases)

    def types(module: ModuleType) -> list[str]:
        """The whole model's own class says nothing about a part of it."""
        return [name for name in module.bases if name not in whole and nameable(name)]

    return Vocabulary(is_norm, types, ndims=True, both=True)


def _trainable(job: Job) -> int:
    return sum(1 << index for index in job.matter if job.inventory.parameters[index].trainable)


def lines_of(job: Job, vocabulary: Vocabulary, met: Sequence[int], *, all_names: bool) -> list[Line]:
    """Returns the rules: for what is left out, for lr, weight decay, and each other setting, as few as may be.

    Args:
        job: the work.
        vocabulary: what can be said about parameters.
        met: those that the target asks its rules about.
        all_names: whether rules look at all names of a tied parameter, or at the first.
    """
    features = Features(subjects(job.inventory, all_names=all_names), vocabulary)
    lots = job.inside
    lines = _lines("in", rules_for({i: i in lots for i in met}, True, features))
    lrs = rules_for({i: lot.lr for i, lot in lots.items()}, job.base_lr, features, of_lr=True)
    lines = _woven(lines, _lines("lr", lrs))
    decays = rules_for({i: lot.weight_decay for i, lot in lots.items()}, job.base_decay, features)
    lines = _woven(lines, _lines("weight_decay", decays))
    for key in dict.fromkeys(key for lot in lots.values() for key, _ in lot.extra):
        values = {index: dict(lot.extra).get(key, ABSENT) for index, lot in lots.items()}
        lines = _woven(lines, _lines(key, rules_for(values, ABSENT, features)))
    return lines


ABSENT = "\0absent"
"""Stands for a setting that the group does not have, which is that of the optimizer's class."""


def _lines(of: str, rules: Sequence[Chosen]) -> list[Line]:
    """One line a rule; rules of one value become one, where no rule between them minds."""
    lines: list[Line] = []
    for rule in rules:
        home = None
        for earlier in reversed(lines):
            if earlier.says[of] == rule.value and _may_join(earlier.predicates, rule.predicate):
                home = earlier
                break
            if earlier.mask & rule.predicate.mask and earlier.says[of] != rule.value:
                break
        if home is None:
            lines.append(Line([rule.predicate], {of: rule.value}))
        else:
            home.predicates.append(rule.predicate)
    for line in lines:
        line.predicates.sort(key=lambda predicate: predicate.mask & -predicate.mask)  # as they stand in the model
    return lines


def _may_join(predicates: Sequence[Predicate], other: Predicate) -> bool:
    """Names go with names, in a line that is not too long; a class or dimensions stand for themselves."""
    everything = [*predicates, other]
    by_name = all(key[0] not in ("norm", "type", "ndim") for each in everything for key in each.keys)
    return by_name and sum(len(".".join(key)) for each in everything for key in each.keys) < 70


def _woven(first: list[Line], second: list[Line]) -> list[Line]:
    """Both lists in one, each in its order, and lines about the same parameters as one."""
    woven: list[Line] = []
    rest = list(second)
    for line in first:
        same = next((i for i, other in enumerate(rest) if _keys(other) == _keys(line)), None)
        if same is not None and line.says.get("in") is not False:  # what is left out says nothing else
            woven += rest[:same]
            line.says |= rest[same].says
            rest = rest[same + 1 :]
        woven.append(line)
    return woven + rest


def _keys(line: Line) -> list[tuple[Key, ...]]:
    return [predicate.keys for predicate in line.predicates]


def _says(job: Job, says: Mapping[str, Hashable]) -> dict[str, Any]:
    if says.get("in") is False:
        return {"freeze": True}
    found: dict[str, Any] = {"freeze": False} if "in" in says else {}
    for of, value in says.items():
        if of in ("lr", "weight_decay"):
            assert isinstance(value, float)
            found |= _value(job, of, value)
        elif of != "in":
            arguments = {**job.source.report.facts.arguments, **job.source.spec.arguments}
            written = arguments.get(of) if value == ABSENT else job.source.values[of, value]
            found.setdefault("set", {})[of] = written
    return found


def _value(job: Job, of: str, value: float) -> dict[str, Any]:
    """A multiplier where it is as short as the value, which then stays right when the base is changed."""
    base, word = (job.base_lr, "lr_mult") if of == "lr" else (job.base_decay, "decay_mult")
    if value == 0 and of == "weight_decay":
        return {of: 0}
    mult = multiplier(base, value)
    if mult is not None and len(number(mult)) <= max(len(number(value)), 4):
        return {word: int(mult) if mult == int(mult) and mult < 1000 else mult}
    return {of: value}


def match_of(job: Job, predicates: Sequence[Predicate]) -> Any:
    """Returns predicates as a match: a glob, a mapping, or a list of them."""
    found: list[Any] = []
    for predicate in predicates:
        found += _matches(job, predicate)
    return found[0] if len(found) == 1 else found


def _matches(job: Job, predicate: Predicate) -> list[Any]:
    by_name = [key for key in predicate.keys if key[0] not in ("norm", "type", "ndim")]
    globs = globs_of(job, by_name) if by_name else []
    conditions: dict[str, Any] = {}
    if globs:
        conditions["name"] = globs[0] if len(globs) == 1 else globs
    for key in predicate.keys:
        if key[0] == "norm":
            conditions["type"] = NORM
        elif key[0] == "type":
            conditions["type"] = short_name(key[1])
        elif key[0] == "ndim":
            conditions["ndim"] = [0, 1] if key[1] == "0|1" and _has_scalars(job) else 1
    return globs if conditions.keys() == {"name"} else [conditions]


def _has_scalars(job: Job) -> bool:
    return any(visit.ndim == 0 for visit in job.inventory.visits)


def globs_of(job: Job, keys: Sequence[Key]) -> list[str]:
    """Returns the globs that together match what the keys are about: several, where one would miss the root."""
    names = [name for p in job.inventory.parameters for name in (p.name, *p.aliases)]
    place = next((key for key in keys if key[0] in ("prefix", "range", "segment")), None)
    leaf = next((key for key in keys if key[0] in ("leaf", "tail")), None)
    if place is None:
        if leaf is None:
            kind, *rest = keys[0]
            return rest if kind == "names" else [escaped(name) for name in rest]
        own = escaped(leaf[1])
        return [own] * (leaf[1] in names) + [f"*.{own}"] * any(name.endswith(f".{leaf[1]}") for name in names)
    if place[0] == "segment":
        inner = f"{escaped(place[1])}.*"
        deeper = any(f".{place[1]}." in name for name in names)
        return [inner] * any(name.startswith(f"{place[1]}.") for name in names) + [f"*.{inner}"] * deeper
    start = escaped(place[1]) if place[0] == "prefix" else f"{escaped(place[1])}.{{{place[2]}..{place[3]}}}"
    if leaf is None:
        return [f"{start}.*"]
    numbers = range(int(place[2]), int(place[3]) + 1) if place[0] == "range" else ()
    prefixes = tuple(f"{place[1]}.{number}." for number in numbers) or (f"{place[1]}.",)
    ends = [(name, name.removesuffix(leaf[1])) for name in names if name.startswith(prefixes)]
    direct = any(start in prefixes for name, start in ends if name != start)
    inside = any(start.endswith(".") and start not in prefixes for name, start in ends if name != start)
    own = escaped(leaf[1])
    return [f"{start}.{own}"] * direct + [f"{start}.*.{own}"] * inside

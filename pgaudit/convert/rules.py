"""A policy as a list of pgaudit's own rules."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from pgaudit.constructors.native.match import is_norm
from pgaudit.constructors.native.selectors import NORM
from pgaudit.convert.classes import conditions_on, name_in
from pgaudit.convert.job import Converted, Job
from pgaudit.convert.layered import ABSENT, IN_OPTIMIZER, layered_rules
from pgaudit.convert.predicates import Condition, Predicate, Vocabulary, union
from pgaudit.convert.words import multiplier, number
from pgaudit.core.parameters import Inventory, ModuleType
from pgaudit.names import Names
from pgaudit.text import counted


def write(job: Job) -> Converted:
    """Returns the policy.

    Raises:
        ConfigError: it cannot be said in rules.
    """
    job.refuse_frozen(
        "the constructor `rules` leaves frozen parameters out, and these are in the optimizer", inside=True
    )
    whole = frozenset(job.inventory.model_type.bases)  # the model's own class says nothing about a part of it

    def kinds(module: ModuleType) -> list[Condition]:
        return conditions_on((name for name in module.bases if name not in whole), is_norm=is_norm(module))

    vocabulary = Vocabulary(job.views(all_names=True), kinds, conditions=True)
    job = job.on_smallest_base(job.trainable, vocabulary)
    layered = layered_rules({index: job.held[index] for index in job.trainable}, job.base, vocabulary)
    matcher, met = Matcher(job.inventory), union(1 << index for index in job.trainable)
    rules = [{"match": matcher.match(rule.predicates), **_says(job, rule.says)} for rule in layered]
    config: dict[str, Any] = {"constructor": "rules"}
    config["optimizer"] = {"type": job.optimizer.type, **job.optimizer_call()}
    if rules:
        config["paramwise_cfg"] = {**({"mode": "layered"} if len(rules) > 1 else {}), "rules": rules}
    comments = [counted((rule.mask & met).bit_count(), "tensor") for rule in layered]
    return Converted(job.config("pgaudit's own rules", config, comments))


def _says(job: Job, says: Mapping[str, Hashable]) -> dict[str, Any]:
    if says.get(IN_OPTIMIZER) is False:
        return {"freeze": True}
    found: dict[str, Any] = {"freeze": False} if IN_OPTIMIZER in says else {}
    own = {**job.optimizer.defaults, **job.optimizer.arguments}
    for name, value in says.items():
        if name in job.base:
            assert isinstance(value, float)
            found |= _value(name, job.base[name], value)
        elif name != IN_OPTIMIZER:
            written = own.get(name) if value == ABSENT else job.source.as_given(name, value)
            found.setdefault("set", {})[name] = written
    return found


def _value(name: str, base: float, value: float) -> dict[str, Any]:
    """A multiplier where it is as short as the value, which then stays right when the base is changed."""
    if value == 0 and name == "weight_decay":
        return {name: 0}
    mult = multiplier(base, value)
    if mult is None or len(number(mult)) > max(len(number(value)), 4):
        return {name: value}
    return {"lr_mult" if name == "lr" else "decay_mult": int(mult) if mult == int(mult) and mult < 1000 else mult}


_GLOBS = {
    ("is",): ("{0}",),
    ("starts",): ("{0}.*",),
    ("ends",): ("{0}", "*.{0}"),
    ("holds",): ("{0}.*", "*.{0}.*"),
    ("starts", "ends"): ("{0}.{1}", "{0}.*.{1}"),
}
"""The globs that together say the same: several, where one would miss the root."""


class Matcher:
    """Writes predicates as a rule's ``match``."""

    def __init__(self, inventory: Inventory) -> None:
        self._names = Names(name for parameter in inventory.parameters for name in parameter.names)
        self._vectors = [0, 1] if any(visit.ndim == 0 for visit in inventory.visits) else 1

    def match(self, predicates: Sequence[Predicate]) -> Any:
        """Returns a glob, a mapping, or a list of them."""
        found = [match for predicate in predicates for match in self._matches(predicate)]
        return found[0] if len(found) == 1 else found

    def _matches(self, predicate: Predicate) -> list[Any]:
        globs = list(self._globs(predicate.names))
        if not predicate.kinds:
            return globs
        conditions: dict[str, Any] = {"name": globs[0] if len(globs) == 1 else globs} if globs else {}
        for kind, texts in predicate.kinds:
            if kind == "ndim":
                conditions["ndim"] = self._vectors if texts == ("0|1",) else 1
            else:
                conditions["type"] = NORM if kind == "norm" else name_in("", texts[0])
        return [conditions]

    def _globs(self, conditions: Sequence[Condition]) -> Iterator[str]:
        """Those that match anything; each name of a tied parameter, whatever it matches."""
        shapes = _GLOBS[tuple(each.kind for each in conditions)] if conditions else ()
        for texts in zip(*(each.texts for each in conditions), strict=True):
            yield from (glob for shape in shapes if self._names.matching(glob := shape.format(*texts)))

"""A policy as a ``paramwise_cfg`` of OpenMMLab's default constructors: the options that fit, and custom keys for what
they leave. What options come to, the constructor itself is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from pgaudit.config import load_config
from pgaudit.constructors import OptimizerDefaults
from pgaudit.constructors.mmcv import Mmcv
from pgaudit.constructors.mmengine import RENAMED, Mmengine
from pgaudit.constructors.openmmlab import OpenMMLab
from pgaudit.constructors.openmmlab.options import Option
from pgaudit.constructors.openmmlab.rules import searched
from pgaudit.convert.custom_keys import keys_for
from pgaudit.convert.job import FROZEN_HINT, Converted, Job
from pgaudit.convert.predicates import union
from pgaudit.convert.words import multiplier
from pgaudit.text import counted

_TRIED = 4
"""Choices of options for which keys are sought: those that leave the fewest parameters wrong."""

Options = Mapping[str, Any]
"""A ``paramwise_cfg``, or a part of it."""


def write_mmcv(job: Job) -> Converted:
    """Returns the policy as mmcv's default constructor reads it.

    Raises:
        ConfigError: it cannot be said in its words.
    """
    kind = job.optimizer.type
    job.refuse_frozen("mmcv puts frozen parameters into the optimizer, and these are left out", inside=False)
    job.refuse_more("mmcv sets nothing but lr and weight decay")
    decayed = [index for index, held in job.values.items() if held["weight_decay"] and not job.knows_decay]
    job.refuse_if(decayed, f"{kind} knows no weight decay that mmcv could multiply, and these have some")
    _refuse_outside(job, "mmcv")
    writer = _Writer(job, Mmcv(), _base_of_frozen(job) or _base(job))
    options = writer.options()
    frozen = [index for index, parameter in enumerate(job.inventory.parameters) if not parameter.trainable]
    several = [index for index in frozen if options and len(job.inventory.visits_of.get(index, ())) > 1]
    job.refuse_if(several, "mmcv makes a group of each name of a frozen parameter, and torch refuses that")
    # One of the two tells whose config it is.
    ways = {"paramwise_cfg": options} if options else {"constructor": "DefaultOptimizerConstructor"}
    return _written(job, "mmcv", {"optimizer": {**writer.optimizer(kind), **ways}}, options)


def write_mmengine(job: Job) -> Converted:
    """Returns the policy as mmengine's default constructor reads it.

    Raises:
        ConfigError: it cannot be said in its words.
    """
    _refuse_outside(job, "mmengine")
    writer = _Writer(job, Mmengine(), _base(job))
    if not writer.is_one_group:
        job.refuse_frozen("mmengine leaves frozen parameters out, and these are in the optimizer", inside=True)
    options, kind = writer.options(), job.optimizer.type
    names = {ours: theirs for theirs, ours in RENAMED.items()}
    wrapper: dict[str, Any] = {"optimizer": writer.optimizer(names.get(kind or "", kind))}
    wrapper |= {"paramwise_cfg": options} if options else {}
    return _written(job, "mmengine", {"optim_wrapper": wrapper}, options)


def _written(job: Job, target: str, config: dict[str, Any], options: Options) -> Converted:
    groups, had = len(job.values), len(job.source.report.groups)
    note = f"{target} makes a group of each parameter: {counted(groups, 'group')}, not {had:,}"
    return Converted(job.config(target, config), (note,) if options and groups != had else ())


def _refuse_outside(job: Job, target: str) -> None:
    outside = [index for index in job.values if not job.inventory.parameters[index].reachable]
    job.refuse_if(outside, f"{target} takes the attribute `module` for the whole model, and these lie beside it")


def _base_of_frozen(job: Job) -> Mapping[str, float] | None:
    """mmcv's frozen parameters have the base values, so these must be theirs; None where there are none."""
    held = [job.values[index] for index in job.frozen]
    others = [index for index in job.frozen if job.values[index] != held[0]]
    why = "mmcv gives all frozen parameters the base values, and these differ from the others"
    job.refuse_if(others, why, FROZEN_HINT)
    return held[0] if held else None


def _base(job: Job) -> dict[str, float]:
    """The base values of which all others are multiples; the source's own if they will do."""
    found = {"lr": 0.0, "weight_decay": 0.0}
    for of in found if job.knows_decay else ("lr",):
        values = Counter(held[of] for held in job.values.values())
        tried = [job.base[of], *(value for value, _ in values.most_common())]
        fits = (base for base in tried if all(multiplier(base, value) is not None for value in values))
        found[of] = next(fits, job.base[of])
    return found


def _key(values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Values as something that can be hashed."""
    return tuple(values.items())


def _length(options: Options) -> tuple[int, int]:
    """How long it is; among equals, options are better than keys."""
    keys = options.get("custom_keys", ())
    return len(options) + len(keys), len(keys)


@dataclass(frozen=True)
class _Writer:
    """Looks for options and keys."""

    job: Job
    constructor: OpenMMLab
    base: Mapping[str, float]

    def optimizer(self, kind: str | None) -> dict[str, Any]:
        """Returns the optimizer; its base values are always written, for multipliers need them."""
        return {"type": kind, **self.job.optimizer_call(self.base)}

    @cached_property
    def is_one_group(self) -> bool:
        """Whether the optimizer holds all that the model's own ``parameters()`` yields, at the base values."""
        job, whole = self.job, set(self.job.inventory.whole)
        reachable = (index for index in job.compared if job.inventory.parameters[index].reachable)
        return all(job.held[index] == (self.base if index in whole else None) for index in reachable)

    @cached_property
    def _wanted(self) -> dict[int, Hashable]:
        """What each parameter trains with about which rules are asked."""
        return {index: _key(self.job.values[index]) for index in self.job.trainable if index in self.job.values}

    @cached_property
    def _needed(self) -> Options:
        several = any(len(visits) > 1 for visits in self.job.inventory.visits_of.values())
        return {"bypass_duplicate": True} if several else {}

    def options(self) -> Options:
        """Returns ``paramwise_cfg``; empty where the base values will do."""
        if self.is_one_group:
            return {}
        parameters = self.job.inventory.parameters
        left_out = [i for i in self.job.trainable if self.job.held[i] is None and parameters[i].reachable]
        why = f"{self.constructor.name} leaves no trainable parameter out, and these are not in the optimizer"
        self.job.refuse_if(left_out, why, "freeze them in the model, with requires_grad_(False)")
        choices = sorted(self._choices(), key=lambda options: (-self._right(options).bit_count(), len(options)))
        best = min(map(self._complete, choices[:_TRIED]), key=_length)
        return best or {"bypass_duplicate": True}  # an empty one would mean one group, with all that is frozen

    def _complete(self, options: Options) -> Options:
        """Adds keys to options, for what they leave wrong; drops the options that the keys leave no turn."""
        visits = self.job.inventory.visits_of
        names = [searched(visits[index][0]) if index in visits else "" for index in range(len(self.job.held))]
        keys = keys_for(names, self._wanted, self._right(options))
        by_key = union(1 << index for index in self._wanted if any(key in names[index] for key in keys))
        everything = union(1 << index for index in self._wanted)
        for name in options:
            fewer = {option: mult for option, mult in options.items() if option != name}
            if not everything & ~(self._right(fewer) | by_key):
                options = fewer
        settings = {key: self._settings(index) for key, index in keys.items()}
        return {**options, **self._needed, **({"custom_keys": settings} if settings else {})}

    def _choices(self) -> Iterator[Options]:
        """Every choice of options, each at the value that most of its parameters have."""
        ways: list[list[Options]] = []
        for option in self.constructor.dialect.options:
            if option.of == "lr" or self.job.knows_decay:
                mults = (multiplier(self.base[option.of], value) for value in self._usual(option))
                ways.append([{}, *({option.name: mult} for mult in mults if mult is not None)])
        for chosen in product(*ways):
            yield {name: mult for each in chosen for name, mult in each.items()}

    def _usual(self, option: Option) -> list[float]:
        """The values that most parameters have which an option is about; and most of those that other options leave."""
        firsts = {index: self.job.inventory.visits_of[index][0] for index in self._wanted}
        of_kind = [index for index, visit in firsts.items() if option.matches(visit)]
        chosen = [index for index in of_kind if self.constructor.dialect.first(firsts[index], option.of) is option]
        counts = (Counter(self.job.values[index][option.of] for index in taken) for taken in (chosen, of_kind))
        return list(dict.fromkeys(value for count in counts for value, _ in count.most_common(1)))

    def _right(self, options: Options) -> int:
        """The parameters to which the options alone give what is wanted, by the constructor itself."""
        config = load_config(
            {
                "constructor": self.constructor.name,
                "optimizer": self.optimizer(self.job.optimizer.type),
                "paramwise_cfg": {**options, **self._needed} or {"bypass_duplicate": True},
            }
        )
        defaults = OptimizerDefaults(self.base["lr"], self.base["weight_decay"], arguments=self.job.optimizer.defaults)
        decisions = self.constructor.decide(self.job.inventory, config, defaults).params
        settings = {index: decisions[index].setting for index in self._wanted}
        held = {i: _key({"lr": s.lr or 0.0, "weight_decay": s.weight_decay or 0.0}) for i, s in settings.items()}
        return union(1 << index for index, values in self._wanted.items() if held[index] == values)

    def _settings(self, index: int) -> dict[str, Any]:
        """What a custom key has to set for a parameter."""
        job, copies = self.job, self.constructor.dialect.copies_settings
        found: dict[str, Any] = {}
        for name, value in job.values[index].items():
            base = self.base.get(name)
            if base is None:
                found[name] = job.source.as_given(name, value)
            elif value != base and (name == "lr" or job.knows_decay or copies):
                mult = multiplier(base, value) if name == "lr" or job.knows_decay else None
                if mult is None and not copies:
                    why = f"mmcv multiplies the base {name}, and no number times {base!r} is exactly {value!r}"
                    job.refuse_if([index], why)
                found |= {name: value} if mult is None else {"lr_mult" if name == "lr" else "decay_mult": mult}
        return found

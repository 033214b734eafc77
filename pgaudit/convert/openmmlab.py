"""A policy as a ``paramwise_cfg`` of OpenMMLab's default constructors: the options that fit, and custom keys for what
they leave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from pgaudit.config import load_config
from pgaudit.constructors import OptimizerDefaults
from pgaudit.constructors.mmcv import Mmcv
from pgaudit.constructors.mmengine import RENAMED, Mmengine
from pgaudit.constructors.openmmlab import OpenMMLab
from pgaudit.constructors.openmmlab.options import Option
from pgaudit.constructors.openmmlab.rules import searched
from pgaudit.convert.custom_keys import keys_for, winner
from pgaudit.convert.job import FROZEN_HINT, Converted, Job
from pgaudit.convert.words import multiplier
from pgaudit.text import counted

_TRIED = 4
"""Choices of options for which keys are sought: those that leave the fewest parameters wrong."""


def write_mmcv(job: Job) -> Converted:
    """Returns the policy as mmcv's default constructor reads it.

    Raises:
        ConfigError: it cannot be said in its words.
    """
    left_out, kind = job.frozen(inside=False), job.optimizer.type
    job.refuse_if(left_out, "mmcv puts frozen parameters into the optimizer, and these are left out", FROZEN_HINT)
    names = ", ".join(job.extra_names)
    job.refuse_if(job.extra, f"mmcv sets nothing but lr and weight decay, and these have {names}")
    decayed = [index for index, held in job.values.items() if held["weight_decay"] and not job.knows_decay]
    job.refuse_if(decayed, f"{kind} knows no weight decay that mmcv could multiply, and these have some")
    writer = _Writer(_with_frozen_at_base(job), Mmcv())
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
    writer = _Writer(job, Mmengine())
    inside = [] if writer.is_one_group else job.frozen(inside=True)
    job.refuse_if(inside, "mmengine leaves frozen parameters out, and these are in the optimizer", FROZEN_HINT)
    options = writer.options()
    names = {ours: theirs for theirs, ours in RENAMED.items()}
    kind = job.optimizer.type
    wrapper: dict[str, Any] = {"optimizer": writer.optimizer(names.get(kind or "", kind))}
    wrapper |= {"paramwise_cfg": options} if options else {}
    return _written(job, "mmengine", {"optim_wrapper": wrapper}, options)


def _written(job: Job, target: str, config: dict[str, Any], options: Mapping[str, Any]) -> Converted:
    groups, had = len(job.values), len(job.source.report.groups)
    note = f"{target} makes a group of each parameter: {counted(groups, 'group')}, not {had:,}"
    return Converted(job.config(target, config), (note,) if options and groups != had else ())


def _with_frozen_at_base(job: Job) -> Job:
    """mmcv's frozen parameters have the base values, so these must be theirs."""
    found = {index: _key(job.values[index]) for index in job.frozen(inside=True)}
    if not found:
        return job
    base = Counter(found.values()).most_common(1)[0][0]
    others = [index for index, key in found.items() if key != base]
    why = "mmcv gives all frozen parameters the base values, and these differ from the others"
    job.refuse_if(others, why, FROZEN_HINT)
    return replace(job, chosen_base=dict(base))


def _key(values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Values as something that can be hashed."""
    return tuple(values.items())


def _length(options: Mapping[str, Any]) -> tuple[int, int]:
    """How long it is; among equals, options are better than keys."""
    keys = options.get("custom_keys", ())
    return len(options) + len(keys), len(keys)


class _Writer:
    """Looks for options and keys; asks the constructor itself what they come to."""

    def __init__(self, job: Job, constructor: OpenMMLab) -> None:
        parameters, visits = job.inventory.parameters, job.inventory.visits_of
        lost = [i for i, p in enumerate(parameters) if not p.reachable and job.held[i] is not None]
        name = constructor.name
        job.refuse_if(lost, f"{name} takes the attribute `module` for the whole model, and these lie beside it")
        self._constructor = constructor
        self._job = job if job.chosen_base is not None else replace(job, chosen_base=self._base(job))
        self._needed = {"bypass_duplicate": True} if any(len(met) > 1 for met in visits.values()) else {}
        self._values = {index: held for index, held in job.values.items() if parameters[index].trainable}
        self._wanted = {index: _key(held) for index, held in self._values.items()}
        self._names = [searched(visits[i][0]) if i in visits else "" for i in range(len(parameters))]

    @staticmethod
    def _base(job: Job) -> dict[str, float]:
        """The base values of which all others are multiples; the source's own if they will do."""
        found = {"lr": 0.0, "weight_decay": 0.0}
        for of in found if job.knows_decay else ("lr",):
            values = Counter(held[of] for held in job.values.values())
            tried = [job.base[of], *(value for value, _ in values.most_common())]
            fits = (base for base in tried if all(multiplier(base, value) is not None for value in values))
            found[of] = next(fits, job.base[of])
        return found

    def optimizer(self, kind: str | None) -> dict[str, Any]:
        """Returns the optimizer; its base values are always written, for multipliers need them."""
        return self._job.optimizer_section(kind, always=True)

    @property
    def is_one_group(self) -> bool:
        """Whether the optimizer holds all that the model's own ``parameters()`` yields, at the base values."""
        job, whole = self._job, set(self._job.inventory.whole)
        reachable = (index for index in job.compared if job.inventory.parameters[index].reachable)
        return all(job.held[index] == (job.base if index in whole else None) for index in reachable)

    def options(self) -> dict[str, Any]:
        """Returns ``paramwise_cfg``; empty where the base values will do."""
        if self.is_one_group:
            return {}
        job = self._job
        parameters = job.inventory.parameters
        left_out = [
            i for i in job.compared if job.held[i] is None and parameters[i].reachable and parameters[i].trainable
        ]
        why = f"{self._constructor.name} leaves no trainable parameter out, and these are not in the optimizer"
        job.refuse_if(left_out, why, "freeze them in the model, with requires_grad_(False)")
        choices = sorted(self._choices(), key=lambda options: (len(self._wrong(options)), len(options)))
        best = min(map(self._complete, choices[:_TRIED]), key=_length)
        return best or {"bypass_duplicate": True}  # an empty one would mean one group, with all that is frozen

    def _complete(self, options: Mapping[str, float]) -> dict[str, Any]:
        """Adds keys to options, for what they leave wrong."""
        keys = keys_for(self._names, self._wanted, self._held(options))
        options = self._without_needless(options, keys)
        by_key: dict[Hashable, int] = {self._wanted[index]: index for index in reversed(self._wanted)}
        settings = {key: self._settings(by_key[value]) for key, value in keys.items()}
        return {**options, **self._needed, **({"custom_keys": settings} if settings else {})}

    def _without_needless(self, options: Mapping[str, float], keys: Mapping[str, Hashable]) -> Mapping[str, float]:
        """Drops the options that matter only to parameters that a key takes."""
        for name in options:
            fewer = {option: mult for option, mult in options.items() if option != name}
            if all(winner(self._names[index], keys) is not None for index in self._wrong(fewer)):
                options = fewer
        return options

    def _choices(self) -> Iterator[dict[str, float]]:
        """Every choice of options, each at the value that most of its parameters have."""
        job = self._job
        ways: list[list[dict[str, float]]] = []
        for option in self._constructor.dialect.options:
            if option.of == "lr" or job.knows_decay:
                mults = (multiplier(job.base[option.of], value) for value in self._usual(option))
                ways.append([{}, *({option.name: mult} for mult in mults if mult is not None)])
        for chosen in product(*ways):
            yield {name: mult for each in chosen for name, mult in each.items()}

    def _usual(self, option: Option) -> list[float]:
        """The values that most parameters have which an option is about; and most of those that other options leave."""
        dialect = self._constructor.dialect
        firsts = {index: self._job.inventory.visits_of[index][0] for index in self._wanted}
        of_kind = [index for index, visit in firsts.items() if option.matches(visit)]
        chosen = [index for index in of_kind if dialect.first(firsts[index], option.of) is option]
        counts = (Counter(self._values[index][option.of] for index in taken) for taken in (chosen, of_kind))
        return list(dict.fromkeys(value for count in counts for value, _ in count.most_common(1)))

    def _wrong(self, options: Mapping[str, float]) -> list[int]:
        """The parameters that the options alone do not give what is wanted."""
        held = self._held(options)
        return [index for index, value in self._wanted.items() if held[index] != value]

    def _held(self, options: Mapping[str, float]) -> dict[int, Hashable]:
        """What the options alone come to, by the constructor itself."""
        job = self._job
        config = load_config(
            {
                "constructor": self._constructor.name,
                "optimizer": self.optimizer(job.optimizer.type),
                "paramwise_cfg": {**options, **self._needed} or {"bypass_duplicate": True},
            }
        )
        defaults = OptimizerDefaults(job.base["lr"], job.base["weight_decay"], arguments=job.optimizer.defaults)
        decisions = self._constructor.decide(job.inventory, config, defaults).params
        settings = {index: decisions[index].setting for index in self._wanted}
        return {i: _key({"lr": s.lr or 0.0, "weight_decay": s.weight_decay or 0.0}) for i, s in settings.items()}

    def _settings(self, index: int) -> dict[str, Any]:
        """What a custom key has to set for a parameter."""
        job, copies = self._job, self._constructor.dialect.copies_settings
        found: dict[str, Any] = {}
        for name, value in self._values[index].items():
            base = job.base.get(name)
            if base is None:
                found[name] = job.source.written(name, value)
            elif value != base and (name == "lr" or job.knows_decay or copies):
                mult = multiplier(base, value) if name == "lr" or job.knows_decay else None
                if mult is None and not copies:
                    why = f"mmcv multiplies the base {name}, and no number times {base!r} is exactly {value!r}"
                    job.refuse_if([index], why)
                found |= {name: value} if mult is None else {"lr_mult" if name == "lr" else "decay_mult": mult}
        return found

"""A policy as a ``paramwise_cfg`` of OpenMMLab's default constructors: the options that fit, and custom keys for what
they leave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from pgaudit.config import load_config
from pgaudit.constructors import OptimizerDefaults
from pgaudit.constructors.mmcv import Mmcv
from pgaudit.constructors.mmengine import RENAMED, Mmengine
from pgaudit.constructors.openmmlab import OpenMMLab
from pgaudit.constructors.openmmlab.options import Option, searched
from pgaudit.convert.custom_keys import keys_for, winner
from pgaudit.convert.job import FROZEN_HINT, Job, Written
from pgaudit.convert.lots import Lot
from pgaudit.convert.multipliers import multiplier
from pgaudit.convert.words import block
from pgaudit.core.errors import ConfigError
from pgaudit.text import counted

_TRIED = 4
"""Choices of options for which keys are sought: those that leave the fewest parameters wrong."""


def write_mmcv(job: Job) -> Written:
    """Returns the policy as mmcv's default constructor reads it.

    Raises:
        ConfigError: it cannot be said in its words.
    """
    left_out = job.frozen(inside=False)
    job.refuse_if(left_out, "mmcv puts frozen parameters into the optimizer, and these are left out", FROZEN_HINT)
    extra = [index for index, lot in job.inside.items() if lot.extra]
    job.refuse_if(extra, f"mmcv sets nothing but lr and weight decay, and these have {_settings(job, extra)}")
    decayed = [index for index, lot in job.inside.items() if lot.weight_decay and not job.knows_decay]
    job.refuse_if(
        decayed, f"{job.source.spec.name} knows no weight decay that mmcv could multiply, and these have some"
    )
    writer = _Writer(_with_frozen_at_base(job), Mmcv())
    options = writer.options()
    frozen = [index for index, parameter in enumerate(job.inventory.parameters) if not parameter.trainable]
    several = [index for index in frozen if options and len(job.inventory.visits_of.get(index, ())) > 1]
    job.refuse_if(several, "mmcv makes a group of each name of a frozen parameter, and torch refuses that")
    # One of the two tells whose config it is.
    ways = {"paramwise_cfg": options} if options else {"constructor": "DefaultOptimizerConstructor"}
    optimizer = {**writer.optimizer(job.source.spec.name), **ways}
    return _written(job, "mmcv", {"optimizer": optimizer}, options)


def write_mmengine(job: Job) -> Written:
    """Returns the policy as mmengine's default constructor reads it.

    Raises:
        ConfigError: it cannot be said in its words.
    """
    writer = _Writer(job, Mmengine())
    inside = [] if writer.is_one_group else job.frozen(inside=True)
    job.refuse_if(inside, "mmengine leaves frozen parameters out, and these are in the optimizer", FROZEN_HINT)
    options = writer.options()
    names = {ours: theirs for theirs, ours in RENAMED.items()}
    name = job.source.spec.name
    wrapper: dict[str, Any] = {"optimizer": writer.optimizer(names.get(name, name))}
    wrapper |= {"paramwise_cfg": options} if options else {}
    return _written(job, "mmengine", {"optim_wrapper": wrapper}, options)


def _written(job: Job, target: str, config: dict[str, Any], options: Mapping[str, Any]) -> Written:
    text = "\n".join([*job.heading(target), *block({**job.model_section, **config}), ""])
    groups = len(job.inside)
    had = len(job.source.report.groups)
    if not options or groups == had:
        return Written(text)
    return Written(text, notes=(f"{target} makes a group of each parameter: {counted(groups, 'group')}, not {had:,}",))


def _settings(job: Job, indices: list[int]) -> str:
    return ", ".join(dict.fromkeys(key for index in indices for key, _ in job.inside[index].extra))


def _with_frozen_at_base(job: Job) -> Job:
    """mmcv's frozen parameters have the base values, so these must be theirs."""
    frozen = job.frozen(inside=True)
    lots = Counter(job.inside[index] for index in frozen)
    if not lots:
        return job
    base = lots.most_common(1)[0][0]
    others = [index for index in frozen if job.inside[index] != base]
    job.refuse_if(
        others, "mmcv gives all frozen parameters the base values, and these differ from the others", FROZEN_HINT
    )
    return replace(job, base=(base.lr, base.weight_decay))


def _lines(options: Mapping[str, Any]) -> tuple[int, int]:
    """How long it is; among equals, options are better than keys."""
    keys = options.get("custom_keys", ())
    return len(options) + len(keys), len(keys)


@dataclass(frozen=True)
class _Choice:
    options: Mapping[str, float]
    held: Mapping[int, Lot]
    wrong: int


class _Writer:
    """Looks for options and keys; asks the constructor itself what they come to."""

    def __init__(self, job: Job, constructor: OpenMMLab) -> None:
        self._constructor = constructor
        self._copies = constructor.dialect.copies_settings
        self._job = job if job.base is not None else replace(job, base=self._base(job))
        job = self._job
        lost = [i for i, p in enumerate(job.inventory.parameters) if not p.reachable and job.lots[i] is not None]
        name = constructor.name
        job.refuse_if(lost, f"{name} takes the attribute `module` for the whole model, and these lie beside it")
        self._wanted = {i: lot for i, lot in job.inside.items() if job.inventory.parameters[i].trainable}
        self._names = [
            searched(job.inventory.visits_of[index][0]) if index in job.inventory.visits_of else ""
            for index in range(len(job.lots))
        ]

    def _base(self, job: Job) -> tuple[float, float]:
        """The base values of which all others are multiples; the source's own if they will do."""
        found = []
        for of, own in (("lr", job.base_lr), ("weight_decay", job.base_decay)):
            if of == "weight_decay" and not job.knows_decay:
                found.append(0.0)
                break
            values = Counter(getattr(lot, of) for lot in job.inside.values())
            tried = [own, *(value for value, _ in values.most_common())]
            fits = (base for base in tried if all(multiplier(base, value) is not None for value in values))
            found.append(next(fits, own))
        return found[0], found[1]

    def optimizer(self, kind: str) -> dict[str, Any]:
        """Returns the optimizer; its base values are always written, for multipliers need them."""
        return self._job.optimizer(kind, always=True)

    @property
    def _reachable(self) -> dict[int, Lot | None]:
        job = self._job
        return {index: job.lots[index] for index in job.matter if job.inventory.parameters[index].reachable}

    @property
    def is_one_group(self) -> bool:
        """Whether the optimizer holds all that the model's own ``parameters()`` yields, at the base values."""
        base, whole = Lot(self._job.base_lr, self._job.base_decay), set(self._job.inventory.whole)
        return all(lot == (base if index in whole else None) for index, lot in self._reachable.items())

    def options(self) -> dict[str, Any]:
        """Returns ``paramwise_cfg``; empty where the base values will do."""
        if self.is_one_group:
            return {}
        job, lots = self._job, self._reachable
        left_out = [index for index, lot in lots.items() if lot is None and job.inventory.parameters[index].trainable]
        why = f"{self._constructor.name} leaves no trainable parameter out, and these are not in the optimizer"
        job.refuse_if(left_out, why, "freeze them in the model, with requires_grad_(False)")
        needed = {"bypass_duplicate": True} if any(len(v) > 1 for v in job.inventory.visits_of.values()) else {}
        choices = sorted(self._choices(needed), key=lambda choice: (choice.wrong, len(choice.options)))
        found = [self._complete(choice, needed) for choice in choices[:_TRIED]]
        best = min(found, key=_lines)
        return best or {"bypass_duplicate": True}  # an empty one would mean one group, with all that is frozen

    def _complete(self, choice: _Choice, needed: Mapping[str, Any]) -> dict[str, Any]:
        keys = keys_for(self._names, self._wanted, choice.held)
        choice = self._without_needless(choice, keys, needed)
        settings = {key: self._settings(key, lot) for key, lot in keys.items()}
        return {**choice.options, **needed, **({"custom_keys": settings} if settings else {})}

    def _without_needless(self, choice: _Choice, keys: Mapping[str, Lot], needed: Mapping[str, Any]) -> _Choice:
        """Drops the options that matter only to parameters that a key takes."""
        deciding = {index: winner(self._names[index], keys) for index in self._wanted}
        for name in choice.options:
            fewer = {option: mult for option, mult in choice.options.items() if option != name}
            held = self._held({**fewer, **needed})
            if all(deciding[i] is not None or held[i] == lot for i, lot in self._wanted.items()):
                choice = _Choice(fewer, held, choice.wrong)
        return choice

    def _choices(self, needed: Mapping[str, Any]) -> Iterator[_Choice]:
        """Every choice of options, each at the value that most of its parameters have."""
        job = self._job
        ways: list[list[tuple[str, float] | None]] = []
        for option in self._constructor.dialect.options:
            if option.of == "weight_decay" and not job.knows_decay:
                continue
            base = job.base_lr if option.of == "lr" else job.base_decay
            mults = (multiplier(base, value) for value in self._usual(option))
            ways.append([None, *((option.name, mult) for mult in mults if mult is not None)])
        for chosen in product(*ways):
            options = dict(each for each in chosen if each is not None)
            held = self._held({**options, **needed})
            wrong = sum(held[index] != lot for index, lot in self._wanted.items())
            yield _Choice(options, held, wrong)

    def _usual(self, option: Option) -> list[float]:
        """The values that most parameters have which an option is about; and most of those that other options leave."""
        dialect = self._constructor.dialect
        every = frozenset(each.name for each in dialect.options)
        firsts = {index: self._job.inventory.visits_of[index][0] for index in self._wanted}
        of_kind = [index for index, visit in firsts.items() if option.matches(visit)]
        chosen = [index for index in of_kind if option.name in dialect.choose(firsts[index], every)]
        counts = (Counter(getattr(self._wanted[index], option.of) for index in taken) for taken in (chosen, of_kind))
        return list(dict.fromkeys(value for count in counts for value, _ in count.most_common(1)))

    def _held(self, options: Mapping[str, Any]) -> dict[int, Lot]:
        """What the options alone come to, by the constructor itself."""
        job = self._job
        config = load_config(
            {
                "constructor": self._constructor.name,
                "optimizer": self.optimizer(job.source.spec.name),
                "paramwise_cfg": options or {"bypass_duplicate": True},
            }
        )
        facts = OptimizerDefaults(job.base_lr, job.base_decay, arguments=job.source.report.facts.arguments)
        decisions = self._constructor.decide(job.inventory, config, facts).params
        settings = ((index, decisions[index].setting) for index in self._wanted)
        return {index: Lot(s.lr or 0.0, s.weight_decay or 0.0) for index, s in settings}

    def _settings(self, key: str, lot: Lot) -> dict[str, Any]:
        job = self._job
        found: dict[str, Any] = {}
        for of, word, base, value in (
            ("lr", "lr_mult", job.base_lr, lot.lr),
            ("weight_decay", "decay_mult", job.base_decay, lot.weight_decay),
        ):
            if value == base or (of == "weight_decay" and not job.knows_decay and not self._copies):
                continue
            mult = multiplier(base, value) if of == "lr" or job.knows_decay else None
            if mult is not None:
                found[word] = mult
            elif self._copies:
                found[of] = value
            else:
                index = next(index for index, wanted in self._wanted.items() if wanted == lot)
                raise ConfigError(
                    f"mmcv multiplies the base {of}, and no number times {base!r} is exactly {value!r}: "
                    f"{job.named([index])}"
                )
        return {**found, **{name: job.source.values[name, value] for name, value in lot.extra}}

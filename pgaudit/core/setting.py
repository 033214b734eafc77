"""The hyperparameters that a parameter trains with, and what decided each."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from pgaudit.core.location import Location

_OWN_COLUMNS = ("lr", "weight_decay")


@dataclass(frozen=True)
class Provenance:
    """What decided a value: an option in the config's own word, and where it stands."""

    option: str
    """``custom_keys``, ``norm_decay_mult`` ..., ``default``, ``optimizer_default``, ``frozen`` or ``duplicate``."""
    key: str | None = None
    """The custom key or pattern, where the option has several."""
    location: Location | None = None

    @property
    def name(self) -> tuple[str, str | None]:
        """What tells one rule from another, wherever in the file it stands."""
        return self.option, self.key

    @property
    def full(self) -> str:
        """Its name in one word: ``norm_decay_mult``, or ``custom_keys.fc``."""
        return self.option if self.key is None else f"{self.option}.{self.key}"

    @property
    def short(self) -> str:
        """Its key, or its option where it has no key."""
        return self.option if self.key is None else self.key

    @property
    def words(self) -> frozenset[str]:
        """All words by which a user may mean it: its option, its key, or both."""
        return frozenset({self.option, self.short, self.full})

    @property
    def is_base(self) -> bool:
        """Whether it is none of the config's rules: the optimizer's own value holds."""
        return self.option in ("default", "optimizer_default")


@dataclass(frozen=True, slots=True)
class Value:
    """One hyperparameter of a parameter's group."""

    value: Any
    provenance: Provenance | None = None
    """None for what was read from something that was built."""


@dataclass(frozen=True, eq=False)
class Setting:
    """The hyperparameters that a parameter trains with. Parameters that get the same from the same share one object.

    A setting without values is that of a parameter in no group.
    """

    values: Mapping[str, Value]
    """By name: ``lr`` and ``weight_decay``, as Python floats, and what else the group holds."""
    inert: frozenset[str] = frozenset()
    """The names of values that neither the optimizer nor a scheduler reads: notes of the library's own."""
    written: tuple[tuple[str, Any], ...] = ()
    """The keys that the library writes into the group beside ``params``, with what it gives for each. The optimizer's
    class may make something else of it, which is then what :attr:`values` says.
    """
    excluded: Provenance | None = None
    """What keeps the parameter out of every group, where something does; None also where the constructor never meets
    it.
    """
    silent: Provenance | None = None
    """A rule that matched, and states no value."""
    by_tensor: frozenset[str] = frozenset()
    """The names of values that the optimizer decides for each tensor; its group does not hold them."""
    over_time: int = 0
    """Tells it, where it was read from a file, from others that hold the same and get other lrs over time."""

    @classmethod
    def of(
        cls,
        lr: float | None,
        weight_decay: float | None,
        lr_rule: Provenance | None,
        weight_decay_rule: Provenance | None,
        written: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        *,
        inert: frozenset[str] = frozenset(),
        more: Mapping[str, Value] = MappingProxyType({}),
        silent: Provenance | None = None,
    ) -> Setting:
        """Returns the setting of a parameter in a group.

        Args:
            lr: what its group holds.
            weight_decay: what its group holds.
            lr_rule: what decided the lr, and all else that the library writes, unless ``more`` says otherwise.
            weight_decay_rule: what decided the weight decay.
            written: what the library writes into the group, in its order.
            inert: the keys of it that nobody reads.
            more: further values, each with what decided it.
            silent: a rule that matched, and states no value.
        """
        items = tuple(dict(written).items())
        own = {"lr": Value(lr, lr_rule), "weight_decay": Value(weight_decay, weight_decay_rule)}
        others = {key: Value(value, lr_rule) for key, value in items if key not in own}
        return cls({**own, **others, **more}, inert, items, silent=silent)

    @classmethod
    def left_out(cls, by: Provenance) -> Setting:
        """Returns the setting of a parameter that an option, or its being frozen, keeps out of every group."""
        return cls({}, excluded=by)

    def holding(self, **values: Any) -> Setting:
        """Returns the setting with other values, by the same rules."""
        changed = {name: Value(value, self.provenance(name)) for name, value in values.items()}
        return replace(self, values={**self.values, **changed})

    def shared_with(self, other: Setting) -> Setting:
        """Returns the setting without what the optimizer decides otherwise for another tensor; itself where there is
        nothing.
        """
        unlike = {key for key in self.by_tensor if self.get(key) != other.get(key)}
        if not unlike:
            return self
        values = {key: held for key, held in self.values.items() if key not in unlike}
        return replace(self, values=values, written=tuple(item for item in self.written if item[0] not in unlike))

    def scheduled_at(self, peak: float | None) -> Setting:
        """Returns the setting with the ``lr_scale`` that makes a schedule's full height ``peak``, or with the first lr
        that does, where the group holds a scale; itself for None.

        Raises:
            ValueError: no number times the lr, or the scale, is ``peak``.
        """
        if peak is None or (self.lr_scale is not None and self.peak_lr == peak):
            return self
        if self.lr_scale is not None:
            return replace(self, values={**self.values, "initial_lr": Value(_factor(self.lr_scale, peak))})
        values = {**self.values, "lr_scale": Value(_factor(self.lr, peak), self.lr_rule)}
        return replace(self, values=values, inert=self.inert - {"lr_scale"})

    def get(self, name: str) -> Any:
        """Returns a hyperparameter; None where the group does not hold it."""
        held = self.values.get(name)
        return held.value if held else None

    def provenance(self, name: str) -> Provenance | None:
        """Returns what decided a hyperparameter, or what keeps the parameter out of every group."""
        held = self.values.get(name)
        return held.provenance if held else self.excluded

    @property
    def lr(self) -> float | None:
        """The learning rate of the group; None where there is none."""
        found: float | None = self.get("lr")
        return found

    @property
    def weight_decay(self) -> float | None:
        """The weight decay of the group, 0 for a class that knows none; None where there is no group."""
        found: float | None = self.get("weight_decay")
        return found

    @property
    def lr_rule(self) -> Provenance | None:
        """What decided the lr."""
        return self.provenance("lr")

    @property
    def weight_decay_rule(self) -> Provenance | None:
        """What decided the weight decay."""
        return self.provenance("weight_decay")

    @cached_property
    def rules(self) -> frozenset[Provenance]:
        """All that decided something, or what keeps the parameter out of every group."""
        found = {held.provenance for held in self.values.values()} | {self.excluded, self.silent}
        return frozenset(rule for rule in found if rule)

    @property
    def lr_scale(self) -> float | None:
        """By what the library's own schedulers multiply every lr that they set; the lr in the group is not multiplied.
        None where they know no such factor.
        """
        found: float | None = None if "lr_scale" in self.inert else self.get("lr_scale")
        return found

    @property
    def peak_lr(self) -> float | None:
        """The lr that a schedule's full height comes to, whether or not it takes the lr as it is. Under way, the lr is
        what the scheduler made of the first one, which it keeps as ``initial_lr`` (timm 1.0.31, ``Scheduler``).
        """
        begin = self.get("initial_lr")
        lr = begin if isinstance(begin, float) and self.lr is not None else self.lr
        return self.lr if lr is None or self.lr_scale is None else lr * self.lr_scale

    @cached_property
    def extra(self) -> dict[str, Any]:
        """What the group holds beside lr and weight decay, by the library's hand."""
        return {key: self.values[key].value for key, _ in self.written if key not in _OWN_COLUMNS}

    @cached_property
    def read(self) -> dict[str, Any]:
        """What of :attr:`extra` somebody reads."""
        return {key: value for key, value in self.extra.items() if key not in self.inert}

    @cached_property
    def unscaled(self) -> dict[str, Any]:
        """What of :attr:`extra` changes the training and does not show in :attr:`peak_lr`."""
        return {key: value for key, value in self.read.items() if key != "lr_scale"}

    @cached_property
    def for_schedules(self) -> tuple[Hashable, ...]:
        """All that a schedule may look at: the lr, and what else the group holds, whether or not the class reads it."""
        held = {key: value for key, value in self.extra.items() if key not in self.by_tensor}
        return self.lr, _sorted(held), self.over_time

    @cached_property
    def effect(self) -> tuple[Hashable, ...]:
        """All that the training notices. Settings of equal effect may differ in their rules and inert keys."""
        return self.lr, self.peak_lr, self.weight_decay, _sorted(self.unscaled)

    @cached_property
    def merging(self) -> tuple[Hashable, ...]:
        """What groups must have in common to become one: all that anybody reads."""
        return self.lr, self.weight_decay, _sorted(self.read)


def _factor(lr: float | None, product: float) -> float:
    """Returns a number that makes ``product`` of an lr or a scale, to the last bit. Rounding twice may miss it by a
    little.
    """
    near = 1.0 if lr == product else product / lr if lr else math.nan
    tried = [near]
    for towards in (-math.inf, math.inf):
        number = near
        for _ in range(3):
            number = math.nextafter(number, towards)
            tried.append(number)
    for number in tried:
        if lr is not None and (lr * number == product or product != product):
            return number
    raise ValueError(f"no multiple of {lr}: {product}")


def _sorted(extra: Mapping[str, Any]) -> str:
    """Keys and values as something to compare; a value may be a list."""
    return repr(sorted(extra.items(), key=lambda item: str(item[0]))) if extra else ""


NOT_OPTIMIZED = Setting({})
"""For a parameter that is in no group, because the constructor never meets it."""


def deciding_rules(setting: Setting) -> tuple[Provenance, ...]:
    """Returns the rules, without repetition, that made a setting what it is: those beside the base, or else the base
    rule itself.
    """
    rules = {rule.name: rule for rule in (setting.lr_rule, setting.weight_decay_rule) if rule}
    special = tuple(rule for rule in rules.values() if not rule.is_base)
    return special or tuple(rules.values())[:1]

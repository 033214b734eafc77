"""The lists of patterns of one config, ready to be asked once a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.config import Config
from pgaudit.config.grammars.regex import compiled, no_decay_patterns, pattern_errors
from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.core.setting import Provenance, Setting
from pgaudit.expressions import Expression

AT = "paramwise_cfg"


@dataclass(frozen=True, slots=True)
class PatternEntry:
    """One pattern of a list, and its value."""

    rule: Provenance
    index: int
    """Its place in the list."""
    fits: Expression
    value: Any


class RegexRules:
    """What each pattern gives.

    Raises:
        ConfigError: where big_vision would raise.
    """

    def __init__(self, config: Config, facts: OptimizerDefaults) -> None:
        self._config = config
        self._options: Mapping[str, Any] = config.paramwise_cfg or {}
        self.base_lr = config.optimizer["lr"]
        self.base_wd = config.optimizer.get("weight_decay") or 0.0
        for at, message, hint in pattern_errors(self._options, (), decays=bool(self.base_wd)):
            raise config.error(message, AT, *at, hint=hint)
        if self.base_wd and self._options.get("wd_mults") is None:
            message, hint = no_decay_patterns()
            raise config.error(message, "optimizer", "weight_decay", hint=hint)
        self.schedule, self.lr_mults, self.wd_mults = map(self._entries, ("schedule", "lr_mults", "wd_mults"))
        self.lr_rule = Provenance("default", None, config.location("optimizer", "lr"))
        decay_at = config.location("optimizer", "weight_decay")
        self.base = Setting.of(facts.lr, float(self.base_wd), self.lr_rule, Provenance("default", None, decay_at))
        self.no_decay_rule = self.base.weight_decay_rule
        if self.wd_mults and self.base_wd:
            self.no_decay_rule = Provenance("wd_mults", None, config.location(AT, "wd_mults"))
        frozen = Provenance("frozen")
        self.frozen = Setting.left_out(frozen)
        self._settings: dict[tuple[int | None, int | None], Setting] = {}
        self._nulls: dict[int, Setting] = {}

    def _entries(self, option: str) -> Sequence[PatternEntry]:
        given = self._options.get(option)
        entries = []
        for index, (pattern, value) in enumerate(given if isinstance(given, (list, tuple)) else ()):
            fits = compiled(pattern, (AT, option, index, 0))
            assert not isinstance(fits, str)
            rule = Provenance(option, pattern, self._config.location(AT, option, index))
            entries.append(PatternEntry(rule, index, fits, value))
        return entries

    def setting(self, name: str) -> Setting | None:
        """Returns what a trainable parameter gets; None where no pattern of the schedule fits its name."""
        if self.schedule:
            scheduled = first(self.schedule, name)
            if scheduled is None:
                return None
            if scheduled.value is None:
                return self._nulls.setdefault(scheduled.index, Setting.left_out(scheduled.rule))
        lr, decay = first(self.lr_mults, name), first(self.wd_mults, name)
        key = (None if lr is None else lr.index, None if decay is None else decay.index)
        if key not in self._settings:
            self._settings[key] = self._made(lr, decay)
        return self._settings[key]

    def _made(self, lr: PatternEntry | None, decay: PatternEntry | None) -> Setting:
        rate = float(self.base_lr) if lr is None else self.product(lr)
        amount = 0.0 if decay is None else self.product(decay)
        lr_rule = self.lr_rule if lr is None else lr.rule
        decay_rule = self.no_decay_rule if decay is None else decay.rule
        return Setting.of(rate, amount, lr_rule, decay_rule, {"lr": rate, "weight_decay": amount})

    def product(self, entry: PatternEntry) -> float:
        """Returns what an entry makes of the base value."""
        what, base = ("lr", self.base_lr) if entry.rule.option == "lr_mults" else ("weight decay", self.base_wd)
        return times(self._config, what, base, entry.value, (AT, entry.rule.option, entry.index, 1))


def first(entries: Sequence[PatternEntry], name: str) -> PatternEntry | None:
    """Returns the first entry whose pattern fits the whole name."""
    for entry in entries:
        if entry.fits.fullmatch(name):
            return entry
    return None

"""The lists of patterns of one config as rule chains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import BOTH, Computation, Decided
from pgaudit.constructors.regex.patterns import compiled, no_decay_patterns, pattern_errors
from pgaudit.constructors.regex.spans import spans_of
from pgaudit.constructors.rule import Gives, Rule, for_all
from pgaudit.core.config import Config
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting

AT = "paramwise_cfg"
_SCHEDULE = "schedule"
"""The list that says what trains, and a word for what its patterns decide. Those with null alone have a place."""
_MULTS: Mapping[str, Decided] = {"lr_mults": "lr", "wd_mults": "weight_decay"}


def chains_of(config: Config, defaults: OptimizerDefaults) -> RuleChains:
    """Returns the patterns, list by list. What no pattern of the schedule fits is decided as not optimized.

    Raises:
        ConfigError: where big_vision would raise.
    """
    lr_rule, decay_rule = (Provenance("default", None, config.location("optimizer", of)) for of in _MULTS.values())
    base = Setting.of(defaults.lr, float(config.optimizer.get("weight_decay") or 0.0), lr_rule, decay_rule)
    decays = bool(base.weight_decay)
    _refuse(config, decays=decays)
    schedule, lr_mults, wd_mults = (_patterns(config, option) for option in (_SCHEDULE, *_MULTS))
    why_lr = "no pattern of `lr_mults` fits" if lr_mults else "there are no `lr_mults`"
    lr_mults.append(for_all(lr_rule, Computation("lr", float(config.optimizer["lr"])), why_lr))
    why_decay = "no pattern of `wd_mults` fits: no decay" if decays else "there is no weight decay"
    no_decay = Provenance("wd_mults", None, config.location(AT, "wd_mults"))
    no_decay_rule = no_decay if decays and wd_mults else decay_rule
    wd_mults.append(for_all(no_decay_rule, Computation("weight_decay", 0.0), why_decay))

    made: dict[tuple[Provenance, Provenance], Setting] = {}  # which pattern of the schedule fits makes none of its own

    def setting(won: Winners, visit: Visit) -> Setting:
        if schedule and _SCHEDULE not in won:
            return NOT_OPTIMIZED
        if schedule and won[_SCHEDULE].at:
            null = won[_SCHEDULE].provenance
            return made.setdefault((null, null), Setting.left_out(null))
        lr, decay = (won[of].gives[of](visit).result for of in _MULTS.values())
        rules = won["lr"].provenance, won["weight_decay"].provenance
        return made.setdefault(rules, Setting.of(lr, decay, *rules, {"lr": lr, "weight_decay": decay}))

    return RuleChains([*schedule, *lr_mults, *wd_mults], base, setting, principle)


def principle(winner: Provenance, loser: Provenance) -> str:
    """Says why one rule beats another."""
    if winner.option == "frozen":
        return "a frozen parameter is left out before any pattern is asked"
    if winner.option == loser.option:
        return "the first pattern of a list that fits wins"
    if loser.option == _SCHEDULE:
        return "an earlier pattern of `schedule` fits"
    return "what has null in `schedule` is left out, whatever the multipliers"


def _refuse(config: Config, *, decays: bool) -> None:
    options = config.paramwise_cfg or {}
    for at, message, hint in pattern_errors(options, (), decays=decays):
        raise config.error(message, AT, *at, hint=hint)
    if decays and options.get("wd_mults") is None:
        message, hint = no_decay_patterns()
        raise config.error(message, "optimizer", "weight_decay", hint=hint)


def _patterns(config: Config, option: str) -> list[Rule]:
    """The patterns of one list."""
    given = (config.paramwise_cfg or {}).get(option)
    entries = given if isinstance(given, (list, tuple)) else ()
    return [_pattern(config, (AT, option, index), *entry) for index, entry in enumerate(entries)]


def _pattern(config: Config, at: tuple[str, str, int], pattern: str, value: Any) -> Rule:
    """One pattern with its value."""
    fits, option, of = compiled(pattern, (*at, 0)), at[1], _MULTS.get(at[1])
    assert not isinstance(fits, str)

    def product(visit: Visit) -> Computation:
        assert of is not None
        base = config.optimizer.get(of) or 0.0
        return Computation(of, times(config, of.replace("_", " "), base, value, (*at, 1)), base, value)

    means = "" if of else "; null: it is left out" if value is None else "; not null: it trains"
    gives: dict[Decided, Gives] = {of: product} if of else {}
    return Rule(
        Provenance(option, pattern, config.location(*at)),
        lambda _, text: fits.fullmatch(text),
        lambda _, text: f"fits the whole name{means}" if fits.fullmatch(text) else "does not fit the whole name",
        gives,
        frozenset() if of else frozenset({_SCHEDULE}),
        at if of or value is None else (),
        frozenset({of} if of else BOTH),
        lambda text: spans_of(fits)(text),
        regex=True,
    )

"""The entries of one config as rules, and what the library would say where two claim one parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import FROZEN, untouched
from pgaudit.constructors.engine import RuleChains, Winners, first_wins
from pgaudit.constructors.evaluation import Computation, Decided, Spans
from pgaudit.constructors.rtdetr.entries import AT, CALL, PATTERN, entries_of, pattern_errors
from pgaudit.constructors.rule import Gives, Rule
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance, Setting, Value
from pgaudit.expressions import Expression
from pgaudit.text import counted, quoted, visible

_GROUP = "group"
"""A word for what every entry decides: in which group a parameter is."""
_VALUES: Sequence[Decided] = ("lr", "weight_decay")


def chains_of(config: Config, defaults: OptimizerDefaults) -> tuple[RuleChains, Sequence[Setting]]:
    """Returns the entries as rules, and what the group of each holds.

    Raises:
        ConfigError: a pattern is none.
    """
    for at, message, hint in pattern_errors(config.paramwise_cfg, ()):
        raise config.error(message, AT, *at, hint=hint)
    base, entries = untouched(config, defaults), entries_of(config) or []
    rules = [_rule(config, index, entry) for index, entry in enumerate(entries)]
    held = [_setting(entry, rule.provenance, base, defaults) for entry, rule in zip(entries, rules, strict=True)]
    by_rule = dict(zip(rules, held, strict=True))

    def setting(won: Winners, visit: Visit) -> Setting:
        return by_rule[won[_GROUP]] if won else base

    return RuleChains(rules, base, setting, principle, why_base="no entry states it"), held


def principle(winner: Provenance, loser: Provenance) -> str:
    """Says why one rule beats another."""
    return f"{CALL} asks for trainable parameters alone" if winner == FROZEN else first_wins(winner, loser)


def _rule(config: Config, index: int, entry: Mapping[str, Any]) -> Rule:
    at = (AT, PATTERN, index)
    pattern = Expression(entry[PATTERN], (*at, PATTERN))
    gives: dict[Decided, Gives] = {of: partial(_given, of, float(entry[of])) for of in _VALUES if of in entry}
    return Rule(
        Provenance(PATTERN, pattern.text, config.location(*at)),
        lambda _, text: pattern.search(text),
        lambda _, text: "found in the name" if pattern.search(text) else "not found in the name",
        gives,
        frozenset({_GROUP}),
        at,
        frozenset(gives),
        partial(_spans, pattern),
        regex=True,
    )


def _given(of: Decided, value: float, visit: Visit) -> Computation:
    return Computation(of, value)


def _spans(pattern: Expression, text: str) -> Spans:
    """Where it is found; an empty match is a match, but of nothing in particular."""
    return tuple((start, end) for start, end in pattern.spans(text) if start < end)


def _setting(entry: Mapping[str, Any], by: Provenance, base: Setting, defaults: OptimizerDefaults) -> Setting:
    """What the group of an entry holds: its keys but for the pattern, as they are."""
    written = {key: value for key, value in entry.items() if key != PATTERN}
    lr, decay = (Value(float(entry[of]), by) if of in entry else base.values[of] for of in _VALUES)
    return Setting.of(
        lr.value,
        decay.value,
        lr.provenance,
        decay.provenance,
        written,
        inert=defaults.inert(written),
        more={key: Value(value, by) for key, value in written.items() if key not in _VALUES},
        silent=None if written else by,
    )


def overlap(config: Config, rules: Sequence[Rule], claims: Sequence[tuple[Visit, Sequence[int]]]) -> ConfigError | None:
    """Returns the error about entries that claim the same parameter; None where there are none.

    The library compares numbers alone: how often entries claim something, with how many parameters there are. Only
    where they are equal does it come to torch, which looks for parameters in several groups.

    Args:
        config: the config.
        rules: its entries.
        claims: each name of a trainable parameter, and which entries claim it.
    """
    twice = [(visit, claimed) for visit, claimed in claims if len(claimed) > 1]
    if not twice:
        return None
    visit, (first, second, *_) = twice[0]
    both = " and ".join(_named(rules, (first, second)))
    also = sum(claimed[:2] == [first, second] for _, claimed in twice) - 1
    others = f" and {counted(also, 'other')}" if also else ""
    equal = sum(len(claimed) for _, claimed in claims) == len(claims)
    raised = "torch would raise ValueError" if equal else f"{CALL} would raise AssertionError, without a word"
    message = f"{both} both claim {visible(visit.name)}{others}; {raised}"
    hint = "entries do not exclude each other: let one of them say what the other leaves, such as (?!.*bias)"
    return config.error(message, *rules[second].at, PATTERN, hint=hint)


def _named(rules: Sequence[Rule], which: Iterable[int]) -> list[str]:
    return [quoted(rules[index].provenance.key or "") for index in which]

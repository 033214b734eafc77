"""How pgaudit's own policy is written: ``optimizer``, and a list of rules in ``paramwise_cfg``. A word that it does not
know is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgaudit.constructors.native.selectors import Match, read_match
from pgaudit.core.layout import Layout
from pgaudit.core.location import Path
from pgaudit.files.schemas import ANYTHING, FLAG, NON_NEGATIVE, array, each, fields, mapping, one_of
from pgaudit.files.validation import Invalid, schema_errors

_RIVALS = (("lr", "lr_mult"), ("weight_decay", "decay_mult"))
_VALUES = {mult: value for value, mult in _RIVALS}
SAYS = ("lr_mult", "decay_mult", "lr", "weight_decay", "freeze", "set")
"""What a rule can say, beside what it is about."""


PARAMWISE = mapping(
    {
        "rules": array(ANYTHING),
        "mode": one_of(["layered", "first"]),
        "unmatched": one_of(["base", "freeze", "error"]),
    },
    closed=True,
    needs=["rules"],
)
"""Rules are read one by one."""

RULE = mapping(
    {
        "match": ANYTHING,
        **fields("lr_mult decay_mult lr weight_decay", NON_NEGATIVE),
        "freeze": FLAG,
        "set": each(),
    },
    closed=True,
    needs=["match"],
)
"""One rule; its match is read by :mod:`pgaudit.constructors.native.selectors`."""


@dataclass(frozen=True)
class PlainRule:
    """One rule of the list."""

    match: Match
    says: Mapping[str, Any]
    """What it says, by the words of :data:`SAYS`."""


def rules_of(paramwise_cfg: Mapping[str, Any] | None) -> list[PlainRule]:
    """Returns the rules of a config that has been validated."""
    found = []
    for index, rule in enumerate((paramwise_cfg or {}).get("rules") or []):
        match, _ = read_match(rule["match"], ("paramwise_cfg", "rules", index, "match"))
        assert match is not None
        found.append(PlainRule(match, {word: rule[word] for word in SAYS if word in rule}))
    return found


def errors(layout: Layout) -> list[Invalid]:
    """Returns what is wrong with the list, and with each rule."""
    options = layout.paramwise_cfg
    at = layout.sections["paramwise_cfg"]
    if options is None:
        return []
    found: list[Invalid] = schema_errors(PARAMWISE, options, at)
    rules = options.get("rules") if isinstance(options, dict) else None
    if not isinstance(rules, (list, tuple)):
        return found
    if len(rules) > 1 and "mode" not in options:
        message = "several rules, and `mode` does not say how they work together"
        hint = "mode: layered (later rules override), or mode: first (the first wins)"
        found.append(Invalid((*at, "rules"), message, hint))
    seen: dict[tuple[Match, str], int] = {}
    for index, rule in enumerate(rules):
        found += schema_errors(RULE, rule, (*at, "rules", index))
        if isinstance(rule, dict):
            found += _of_rule(rule, (*at, "rules", index), seen, index, first_wins=options.get("mode") == "first")
    return found


def _of_rule(
    rule: dict[str, Any], at: Path, seen: dict[tuple[Match, str], int], index: int, *, first_wins: bool
) -> list[Invalid]:
    found: list[Invalid] = []
    if "match" in rule:
        match, errors = read_match(rule["match"], (*at, "match"))
        found += errors
        said = {"mode: first"} if first_wins else {_VALUES.get(word, word) for word in SAYS if word in rule}
        before = {seen.setdefault((match, what), index) for what in said} if match is not None else {index}
        if earlier := before - {index}:
            message = f"the same match as that of rules.{min(earlier)}, about the same"
            found.append(Invalid((*at, "match"), message, "say all that is meant for it in one rule"))
    for value, mult in _RIVALS:
        if value in rule and mult in rule:
            found.append(Invalid((*at, mult), f'"{value}" and "{mult}" say two things about one value', "keep one"))
    if rule.get("freeze") is True and (others := [word for word in SAYS if word in rule and word != "freeze"]):
        found.append(Invalid((*at, others[0]), f'what is frozen has no "{others[0]}"', "remove one of them"))
    if rule.keys() <= {"match"}:
        found.append(Invalid(at, "the rule says nothing", f"it may say {', '.join(SAYS)}"))
    if isinstance(given := rule.get("set"), dict):
        for word in given:
            if word in ("lr", "weight_decay", "params"):
                message = f'"{word}" does not belong into `set`'
                found.append(Invalid((*at, "set", word), message, "write it into the rule"))
    return found

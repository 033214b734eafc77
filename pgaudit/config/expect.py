"""``expect:``, the gate's contract: which parameters each rule may hit, what parameters must get, how many groups there
may be, and from which severity on a finding fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgaudit.config.schema import EXPECT, EXPECTED_AT, EXPECTED_PARAM, EXPECTED_RULE
from pgaudit.core.expectations import Expectations, LrExpectation, ParamExpectation, RuleExpectation
from pgaudit.core.location import Location, Path
from pgaudit.core.schedule import STEP_DIGITS
from pgaudit.files.reading import read_file, refuse
from pgaudit.files.schemas import whole
from pgaudit.files.validation import Invalid, described, schema_errors
from pgaudit.files.yaml_text import read_yaml
from pgaudit.text import quoted


def expectations(section: Mapping[str, Any], at: Path, path: str | None, keys: Mapping[Path, Location]) -> Expectations:
    """Returns a valid section as expectations.

    Args:
        section: what stands under ``expect``, or a whole file of its own.
        at: where the section stands in its file; empty for a file of its own.
        path: the file.
        keys: the locations of the file's keys.
    """
    rules = tuple(_rule(name, given, (*at, "rules", name)) for name, given in (section.get("rules") or {}).items())
    params = tuple(_param(glob, given, (*at, "params", glob)) for glob, given in (section.get("params") or {}).items())
    max_groups = whole((section.get("groups") or {}).get("max"))
    fail_on = (section.get("findings") or {}).get("fail_on")
    exhaustive = bool(section.get("exhaustive", False))
    return Expectations(rules, exhaustive, params, max_groups, fail_on, at, path, keys)


def load_expectations(path: str) -> Expectations:
    """Reads expectations from a file of their own, which may have them under ``expect:``.

    Raises:
        ConfigError: with all that is wrong with the file.
    """
    example = "for example rules: {custom_keys.head: 'head.*'}"
    document = read_yaml(read_file(path, "expectations"), path, least=example)
    top = document.value
    nested = isinstance(top, Mapping) and set(top) == {"expect"}
    section, at = (top["expect"], ("expect",)) if nested else (top, ())
    refuse(expect_errors(section, at), document, path)
    return expectations(section, at, path, document.keys)


def _rule(name: str, given: Any, at: Path) -> RuleExpectation:
    if isinstance(given, (int, float)):
        return RuleExpectation(name, None, whole(given), at)
    if isinstance(given, (str, list, tuple)):
        return RuleExpectation(name, _words(given), None, at)
    params = given.get("params")
    return RuleExpectation(name, None if params is None else _words(params), whole(given.get("count")), at)


def _param(glob: str, given: Mapping[str, Any], at: Path) -> ParamExpectation:
    values, rules = ("lr", "weight_decay", "scheduled_lr"), ("rule", "lr_rule", "weight_decay_rule")
    lr, decay, scheduled = map(given.get, values)
    rule, lr_rule, decay_rule = map(given.get, rules)
    steps = [(_step(step), wanted["lr"], (*at, "at", step)) for step, wanted in (given.get("at") or {}).items()]
    over_time = tuple(LrExpectation(step, lr, place) for step, lr, place in sorted(steps) if step is not None)
    return ParamExpectation(glob, lr, decay, rule, lr_rule, decay_rule, at, scheduled, over_time)


def _step(key: Any) -> int | None:
    """The number of steps that a key means; None for what is none. A file has it as digits, Python also as a number."""
    if isinstance(key, str) and key.isascii() and key.isdecimal():
        return int(key) if len(key) <= STEP_DIGITS else None
    return key if isinstance(key, int) and not isinstance(key, bool) and 0 <= key < 10**STEP_DIGITS else None


def _words(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def expect_errors(section: Any, at: Path) -> list[Invalid]:
    """Returns what is wrong with a section."""
    found = schema_errors(EXPECT, section, at)
    if not isinstance(section, Mapping):
        return found
    for name, given in _entries(section, "rules"):
        found += _rule_errors(given, (*at, "rules", name))
    for glob, given in _entries(section, "params"):
        below = (*at, "params", glob)
        found += schema_errors(EXPECTED_PARAM, given, below)
        if isinstance(given, Mapping):
            found += _step_errors(given.get("at"), (*below, "at"))
            if all(value is None for value in given.values()):
                found.append(Invalid(below, "say what these parameters must get", "lr, weight_decay or rule"))
    return found


def _step_errors(given: Any, at: Path) -> list[Invalid]:
    """What is wrong with expectations at steps."""
    if given is None:
        return []
    example = "for example at: {0: {lr: 1.0e-6}, 1000: {lr: 1.0e-5}}"
    if not isinstance(given, Mapping) or not given:
        message = f"expected steps, got {described(given)}" if given != {} else "say at which steps"
        return [Invalid(at, message, example)]
    found: list[Invalid] = []
    seen: dict[int, Any] = {}
    for key, wanted in given.items():
        step = _step(key)
        if step is None:
            found.append(Invalid((*at, key), f"{quoted(key)} is no step: a whole number from 0 up is", example))
            continue
        if step in seen:
            found.append(Invalid((*at, key), f"the step {step} stands here twice, first as {quoted(seen[step])}"))
        seen.setdefault(step, key)
        found += schema_errors(EXPECTED_AT, wanted, (*at, key))
    return found


def _entries(section: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    entries = section.get(name)
    return list(entries.items()) if isinstance(entries, Mapping) else []


def _rule_errors(given: Any, at: Path) -> list[Invalid]:
    if isinstance(given, bool) or not isinstance(given, (int, float, str, list, tuple, Mapping)):
        message = f"expected globs of names, a count, or both, got {described(given)}"
        return [Invalid(at, message, "for example {params: 'head.*', count: 2}")]
    short = not isinstance(given, Mapping)
    written: dict[str, Any] = {"count" if isinstance(given, (int, float)) else "params": given}
    if isinstance(given, Mapping):
        written = dict(given)
    single = isinstance(written.get("params"), str)
    if single:
        written["params"] = [written["params"]]
    found: list[Invalid] = []
    for where, message, hint in schema_errors(EXPECTED_RULE, written, at):
        steps = where[len(at) :]
        if single and steps[0] == "params":
            steps = steps[:1]
        # What is wrong with the short form stands where it stands, not under a word that is not there.
        found.append(Invalid((*at, *(steps[1:] if short else steps)), message, hint))
    return found

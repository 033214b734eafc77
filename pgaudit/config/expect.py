"""``expect:``, the gate's contract: which parameters each rule may hit, what parameters must get, how many groups there
may be, and from which severity on a finding fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgaudit.config.schema import EXPECT, EXPECTED_PARAM, EXPECTED_RULE
from pgaudit.core.expectations import Expectations, ParamExpectation, RuleExpectation
from pgaudit.core.location import Location, Path
from pgaudit.files.reading import read_file, refuse
from pgaudit.files.schemas import whole
from pgaudit.files.validation import Invalid, described, schema_errors
from pgaudit.files.yaml_text import read_yaml


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
    return ParamExpectation(glob, lr, decay, rule, lr_rule, decay_rule, at, scheduled)


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
        if isinstance(given, Mapping) and all(value is None for value in given.values()):
            found.append(Invalid(below, "say what these parameters must get", "lr, weight_decay or rule"))
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

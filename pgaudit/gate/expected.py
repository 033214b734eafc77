"""Report × expectations → what is not as expected."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from pgaudit.config import Expectations
from pgaudit.config.expect import ParamExpectation, RuleExpectation
from pgaudit.constructors import Rule
from pgaudit.errors import place
from pgaudit.gate.records import Notice
from pgaudit.report import BASE_RULES, Report, Row, deciding_rules
from pgaudit.serialize import portable
from pgaudit.text import counted, did_you_mean, quoted, visible

_CLOSE = 1e-9
"""Relative; 0.1 × 0.1 is not 0.01 to the last bit, and a person writes 0.01."""


def unexpected(report: Report, expect: Expectations) -> Iterator[Notice]:
    """Yields a notice for each expectation that does not hold, in the file's order of sections."""
    hits = _hits(report)
    for rule in expect.rules:
        yield from _rule(report, expect, rule, hits)
    if expect.exhaustive:
        yield from _unlisted(report, expect, hits)
    for param in expect.params:
        yield from _param(report, expect, param)
    if expect.max_groups is not None and len(report.groups) > expect.max_groups:
        message = f"expected at most {counted(expect.max_groups, 'group')}, got {len(report.groups):,}"
        hint = "pgaudit.build_optimizer merges groups of equal settings; this counts what the constructor makes"
        yield _notice("expect-groups", "too-many-groups", message, expect, (*expect.at, "groups", "max"), hint=hint)


def _hits(report: Report) -> dict[Rule, list[Row]]:
    """What each rule decided; the base rules only what no other one touched, as in the summary."""
    hits: dict[Rule, list[Row]] = defaultdict(list)
    for row in report.rows:
        for rule in deciding_rules(row.setting):
            hits[rule].append(row)
    return hits


def rule_words(rule: Rule) -> set[str]:
    """Returns all words by which a rule may be meant: its option, its key, or both."""
    if rule.key is None:
        return {rule.option}
    return {rule.option, rule.key, f"{rule.option}.{rule.key}"}


def _rule(
    report: Report, expect: Expectations, expected: RuleExpectation, hits: dict[Rule, list[Row]]
) -> Iterator[Notice]:
    found = {rule: rows for rule, rows in hits.items() if expected.rule in rule_words(rule)}
    rows = list({row.name: row for members in found.values() for row in members}.values())
    if not rows and expected.count != 0:
        known = sorted(set().union(*map(rule_words, hits)))
        message = f"{quoted(expected.rule)} decides nothing; expected {_amount(expected)}"
        hint = did_you_mean(expected.rule, known)
        yield _notice("expect-rules", "rule-hits-nothing", message, expect, expected.at, hint=hint)
        return
    if expected.params is not None:
        strangers = [row for row in rows if not any(_matches(row, glob) for glob in expected.params)]
        if strangers:
            where = _of_rule(report, next(iter(found)))
            message = (
                f"{quoted(expected.rule)}{where} may hit {_globs(expected.params)}, and hits "
                f"{_named(strangers)} as well"
            )
            yield _notice("expect-rules", "unexpected-rule-hit", message, expect, expected.at, strangers, expected.rule)
    if expected.count is not None and len(rows) != expected.count:
        message = f"{quoted(expected.rule)} hits {counted(len(rows), 'parameter')}, expected {expected.count:,}"
        yield _notice("expect-rules", "unexpected-rule-count", message, expect, expected.at, rows, expected.rule)


def _unlisted(report: Report, expect: Expectations, hits: dict[Rule, list[Row]]) -> Iterator[Notice]:
    listed = {expected.rule for expected in expect.rules}
    for rule, rows in hits.items():
        if rule.option in BASE_RULES or rule_words(rule) & listed:
            continue
        name = max(rule_words(rule), key=len)
        message = f"{quoted(name)}{_of_rule(report, rule)} is not listed, and hits {_named(rows)}"
        yield _notice("expect-rules", "unexpected-rule-hit", message, expect, (*expect.at, "exhaustive"), rows, name)


def _param(report: Report, expect: Expectations, expected: ParamExpectation) -> Iterator[Notice]:
    rows = [row for row in report.rows if _matches(row, expected.glob)]
    if not rows:
        names = [row.name for row in report.rows]
        hint = did_you_mean(expected.glob, names) or "a glob over whole names, such as '*.bias'"
        message = f"{quoted(expected.glob)} matches no parameter"
        yield _notice("expect-params", "dead-expectation", message, expect, expected.at, hint=hint)
    different: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        for wanted, got, rule in _differences(expected, row):
            different[wanted, got, _by(report, rule)].append(row)
    for (wanted, got, by), members in different.items():
        glob = "" if members[0].name == expected.glob else f" ({quoted(expected.glob)})"
        message = f"{_named(members)}{glob}: expected {wanted}, got {got}{by}"
        yield _notice("expect-params", "unexpected-setting", message, expect, expected.at, members)


def _differences(expected: ParamExpectation, row: Row) -> Iterator[tuple[str, str, Rule | None]]:
    """What was wanted, what is, and the rule that decided it."""
    setting = row.setting
    for word, wanted, got, rule in (
        ("lr", expected.lr, row.lr, setting.lr_rule),
        ("weight_decay", expected.weight_decay, row.weight_decay, setting.weight_decay_rule),
    ):
        if wanted is not None and (got is None or not math.isclose(wanted, got, rel_tol=_CLOSE)):
            yield f"{word} {wanted:g}", "none" if got is None else f"{got:g}", rule
    decided = [rule for rule in (setting.lr_rule, setting.weight_decay_rule) if rule]
    for word, name, rules in (
        ("rule", expected.rule, decided),
        ("lr_rule", expected.lr_rule, decided[:1]),
        ("weight_decay_rule", expected.weight_decay_rule, decided[1:]),
    ):
        if name is not None and not any(name in rule_words(rule) for rule in rules):
            special = next((rule for rule in rules if rule.option not in BASE_RULES), rules[0] if rules else None)
            got_words = max(rule_words(special), key=len) if special else "none"
            yield f"{word} {visible(name)}", visible(got_words), special


def _by(report: Report, rule: Rule | None) -> str:
    if rule is None:
        return ", not in the optimizer"
    return f" by {visible(max(rule_words(rule), key=len))}{_of_rule(report, rule)}"


def _of_rule(report: Report, rule: Rule) -> str:
    where = place(portable(report.config.path), rule.position) if rule.position else ""
    return f" ({visible(where)})" if where else ""


def _matches(row: Row, glob: str) -> bool:
    return any(fnmatchcase(name, glob) for name in (row.name, *row.parameter.aliases))


def _named(rows: Sequence[Row]) -> str:
    first = visible(rows[0].name)
    return first if len(rows) == 1 else f"{counted(len(rows), 'parameter')} such as {first}"


def _globs(globs: Sequence[str]) -> str:
    return ", ".join(map(quoted, globs)) or "nothing"


def _amount(expected: RuleExpectation) -> str:
    if expected.count is not None:
        return counted(expected.count, "parameter")
    return _globs(expected.params or ()) if expected.params else "some parameter"


def _notice(
    code: str,
    name: str,
    message: str,
    expect: Expectations,
    at: tuple[str | int, ...],
    rows: Sequence[Row] = (),
    key: str | None = None,
    *,
    hint: str | None = None,
) -> Notice:
    position = expect.position(at)
    names = tuple(row.name for row in rows)
    return Notice(code, name, "error", True, message, hint, expect.path, position, names, key)

"""Report × expectations → what is not as expected."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.errors import ConfigError
from pgaudit.core.expectations import Expectations, ParamExpectation, RuleExpectation
from pgaudit.core.findings import Finding, Hint, meant
from pgaudit.core.location import Path
from pgaudit.core.setting import Provenance, deciding_rules
from pgaudit.gate.expected_over_time import CLOSE, differences_over_time
from pgaudit.report import Report
from pgaudit.serialize import portable_location
from pgaudit.text import counted, quoted, visible


def unexpected(report: Report, expect: Expectations) -> Iterator[Finding]:
    """Yields a finding for each expectation that does not hold, in the file's order of sections."""
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
        yield _finding("expect-groups", "too-many-groups", message, expect, (*expect.at, "groups", "max"), hint=hint)


def _hits(report: Report) -> dict[Provenance, list[ParamAssignment]]:
    """What each rule decided; the base rules only what no other one touched, as in the summary."""
    hits: dict[Provenance, list[ParamAssignment]] = defaultdict(list)
    for row in report.params:
        for rule in deciding_rules(row.setting):
            hits[rule].append(row)
    return hits


def _rule(
    report: Report, expect: Expectations, expected: RuleExpectation, hits: dict[Provenance, list[ParamAssignment]]
) -> Iterator[Finding]:
    found = {rule: rows for rule, rows in hits.items() if expected.rule in rule.words}
    rows = list({row.name: row for members in found.values() for row in members}.values())
    if not rows:
        if expected.count != 0 and expected.params != ():
            known = sorted({word for rule in hits for word in rule.words})
            message = f"{quoted(expected.rule)} decides nothing; expected {_amount(expected)}"
            hint = meant(expected.rule, known) or f"these do: {', '.join(map(visible, known))}"
            yield _finding("expect-rules", "rule-hits-nothing", message, expect, expected.at, hint=hint)
        return
    allowed = _allowed(report, expect, expected)
    for rule, members in found.items():
        strangers = [row for row in members if allowed is not None and allowed.isdisjoint(row.names)]
        if strangers:
            message = f"{_worded(report, rule)} may hit {_globs(expected.params or ())}, and hits {_named(strangers)}"
            yield _finding("expect-rules", "unexpected-rule-hit", message, expect, expected.at, strangers, rule.full)
    if expected.count is not None and len(rows) != expected.count:
        words = ", ".join(_worded(report, rule) for rule in found)
        message = f"expected {counted(expected.count, 'tensor')}, got {len(rows):,} by {words}"
        yield _finding("expect-rules", "unexpected-rule-count", message, expect, expected.at, rows, expected.rule)


def _allowed(report: Report, expect: Expectations, expected: RuleExpectation) -> set[str] | None:
    """The names that a rule may hit; None for any."""
    if expected.params is None:
        return None
    return {name for glob in expected.params for name in _names(report, expect, glob, expected.at)}


def _names(report: Report, expect: Expectations, glob: str, at: Path) -> frozenset[str]:
    """The names that a glob stands for; ConfigError for what is none."""
    if fault := report.names.fault(glob):
        raise ConfigError(f"{quoted(glob)} is not a glob: {fault}", location=expect.location(at))
    return report.names.matching(glob)


def _unlisted(report: Report, expect: Expectations, hits: dict[Provenance, list[ParamAssignment]]) -> Iterator[Finding]:
    listed = {expected.rule for expected in expect.rules}
    for rule, rows in hits.items():
        if rule.is_base or rule.words & listed:
            continue
        message = f"{_worded(report, rule)} is not listed, and hits {_named(rows)}"
        at = (*expect.at, "exhaustive")
        yield _finding("expect-rules", "unexpected-rule-hit", message, expect, at, rows, rule.full)


def _param(report: Report, expect: Expectations, expected: ParamExpectation) -> Iterator[Finding]:
    rows = report.called(_names(report, expect, expected.glob, expected.at))
    if not rows:
        hint = report.names.hint(expected.glob) or "a glob over whole names, such as '*.bias'"
        message = f"{quoted(expected.glob)} matches no parameter"
        yield _finding("expect-params", "dead-expectation", message, expect, expected.at, hint=hint)
    different: dict[tuple[str, str, Path], list[ParamAssignment]] = defaultdict(list)
    for row in rows:
        for wanted, got in _differences(report, expected, row):
            different[wanted, got, expected.at].append(row)
        for wanted, got, at in differences_over_time(report, expected, row):
            different[wanted, got, at].append(row)
    for (wanted, got, at), members in different.items():
        glob = "" if members[0].name == expected.glob else f" ({quoted(expected.glob)})"
        message = f"{_named(members)}{glob}: expected {wanted}, got {got}"
        rules = {rule.full: None for row in members for rule in deciding_rules(row.setting)}
        key = next(iter(rules), None)
        yield _finding("expect-params", "unexpected-setting", message, expect, at, members, key)


def _differences(report: Report, expected: ParamExpectation, row: ParamAssignment) -> Iterator[tuple[str, str]]:
    """What was wanted, and what is, with the rule that decided it and its place."""
    setting = row.setting
    for word, wanted, got, rule in (
        ("lr", expected.lr, row.lr, setting.lr_rule),
        ("scheduled_lr", expected.scheduled_lr, setting.peak_lr, setting.lr_rule),
        ("weight_decay", expected.weight_decay, row.weight_decay, setting.weight_decay_rule),
    ):
        if wanted is not None and got is None:
            yield f"{word} {wanted!r}", "none, for it is not in the optimizer"
        elif wanted is not None and got is not None and not math.isclose(wanted, got, rel_tol=CLOSE):
            by = f"by {_worded(report, rule)}" if rule else f"in group {row.group}"
            yield f"{word} {wanted!r}", f"{got!r} {by}"
    lr_rule, decay_rule = (tuple(filter(None, [rule])) for rule in (setting.lr_rule, setting.weight_decay_rule))
    for word, name, rules, said in (
        ("rule", expected.rule, lr_rule + decay_rule, deciding_rules(setting)),
        ("lr_rule", expected.lr_rule, lr_rule, lr_rule),
        ("weight_decay_rule", expected.weight_decay_rule, decay_rule, decay_rule),
    ):
        if name is not None and not any(name in rule.words for rule in rules):
            words = ", ".join(_worded(report, rule) for rule in said)
            yield f"{word} {visible(name)}", words or "none, for it is not in the optimizer"


def _worded(report: Report, rule: Provenance) -> str:
    """A rule, and where it stands."""
    at = portable_location(rule.location)
    return f"{visible(rule.full)} ({visible(at)})" if at else visible(rule.full)


def _named(rows: Sequence[ParamAssignment]) -> str:
    first = visible(rows[0].name)
    return first if len(rows) == 1 else f"{counted(len(rows), 'tensor')} such as {first}"


def _globs(globs: Sequence[str]) -> str:
    return ", ".join(map(quoted, globs)) or "nothing"


def _amount(expected: RuleExpectation) -> str:
    if expected.count is not None:
        return counted(expected.count, "tensor")
    return _globs(expected.params or ()) if expected.params else "some parameter"


def _finding(
    code: str,
    name: str,
    message: str,
    expect: Expectations,
    at: tuple[str | int, ...],
    rows: Sequence[ParamAssignment] = (),
    key: str | None = None,
    *,
    hint: Hint | None = None,
) -> Finding:
    names = tuple(row.name for row in rows)
    return Finding(code, name, "error", message, None, expect.location(at), names, key).hinted(hint)

"""Findings that a config ignores, with a reason, and what has become of each such request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pgaudit.checks.base import Finding
from pgaudit.config import Ignore


@dataclass(frozen=True)
class Verdict:
    """Findings sorted into those that stay and those that are ignored."""

    kept: tuple[Finding, ...]
    ignored: tuple[Finding, ...]
    amounts: tuple[tuple[Ignore, int], ...]
    """How much each request covers: parameters, and findings about none."""


def sorted_out(findings: Sequence[Finding], ignores: Sequence[Ignore]) -> Verdict:
    """Sorts findings by the config's requests to ignore some.

    A finding about several parameters is ignored only if a request covers them all. A request that covers more than
    the amount that it expects ignores nothing: what it permits has grown. Where several requests cover a finding, it
    counts for the first.
    """
    covered: dict[int, list[Finding]] = {number: [] for number in range(len(ignores))}
    for finding in findings:
        number = next((n for n, ignore in enumerate(ignores) if _covers(ignore, finding)), None)
        if number is not None:
            covered[number].append(finding)
    amounts = [sum(max(len(finding.params), 1) for finding in members) for members in covered.values()]
    ignored = {
        id(finding)
        for ignore, amount, members in zip(ignores, amounts, covered.values(), strict=True)
        if ignore.count is None or amount <= ignore.count
        for finding in members
    }
    return Verdict(
        tuple(finding for finding in findings if id(finding) not in ignored),
        tuple(finding for finding in findings if id(finding) in ignored),
        tuple(zip(ignores, amounts, strict=True)),
    )


def _covers(ignore: Ignore, finding: Finding) -> bool:
    if ignore.code != finding.code:
        return False
    of = finding.key or ""
    if ignore.keys and not any(key == of or fnmatchcase(of, key) for key in ignore.keys):  # a pattern may hold [ or *
        return False
    if ignore.params:
        return bool(finding.params) and all(
            any(fnmatchcase(param, pattern) for pattern in ignore.params) for param in finding.params
        )
    return True

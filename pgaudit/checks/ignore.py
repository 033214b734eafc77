"""Findings that a config ignores, with a reason, and what has become of each such request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgaudit.core.config import Ignore
from pgaudit.core.findings import Finding
from pgaudit.names import Names


@dataclass(frozen=True)
class Verdict:
    """Findings sorted into those that stay and those that are ignored."""

    kept: tuple[Finding, ...]
    ignored: tuple[Finding, ...]
    amounts: tuple[tuple[Ignore, int], ...]
    """How much each request covers: parameters, and findings about none."""


def sorted_out(findings: Sequence[Finding], ignores: Sequence[Ignore], names: Names) -> Verdict:
    """Sorts findings by the config's requests to ignore some; ``names`` are those of the model.

    A finding about several parameters is ignored only if a request covers them all. A request that covers more than
    the amount that it expects ignores nothing: what it permits has grown. Where several requests cover a finding, it
    counts for the first.
    """
    covers = [_Request(ignore, findings, names).covers for ignore in ignores]
    covered: dict[int, list[Finding]] = {number: [] for number in range(len(ignores))}
    for finding in findings:
        number = next((n for n, asked in enumerate(covers) if asked(finding)), None)
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


class _Request:
    """One request, and the keys and parameters that its globs stand for."""

    def __init__(self, ignore: Ignore, findings: Sequence[Finding], names: Names) -> None:
        self._ignore = ignore
        keys = Names(finding.key or "" for finding in findings)
        self._keys = frozenset(key for text in ignore.keys for key in keys.matching(text))
        self._params = frozenset(name for text in ignore.params for name in names.matching(text))

    def covers(self, finding: Finding) -> bool:
        """Whether it is about a finding."""
        if self._ignore.code != finding.code or (self._ignore.keys and (finding.key or "") not in self._keys):
            return False
        return not self._ignore.params or (bool(finding.params) and self._params.issuperset(finding.params))

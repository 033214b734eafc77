"""A report × what a user says of its findings → the findings that count, as grave as the user has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pgaudit.core.findings import Finding, Severity, gravity
from pgaudit.report import Report


@dataclass(frozen=True)
class Choice:
    """Which findings count, by their codes. What stops an audit counts always."""

    only: frozenset[str] = frozenset()
    """Those that count; empty for all."""
    ignored: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """How grave some are, in place of their own severity."""

    def of(self, report: Report) -> Report:
        """Returns the report with these findings; the others are counted as ignored."""
        if self == Choice():
            return report
        known = (replace(each, severity=self.severities.get(each.code, each.severity)) for each in report.findings)
        graded = sorted(known, key=lambda each: -gravity(each.severity))
        kept = tuple(each for each in graded if self._counts(each))
        rest = tuple(each for each in graded if not self._counts(each))
        return replace(report, findings=kept, ignored=(*report.ignored, *rest))

    def _counts(self, finding: Finding) -> bool:
        return finding.code not in self.ignored and (not self.only or finding.code in self.only)


ALL = Choice()
"""Every finding, as it is."""

"""What a sweep does, and what it keeps of each audit: plain data, small enough for thousands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pgaudit.core.findings import Finding, Severity, Threshold, at_least, gravity

CLEAN, FAILED, BROKEN = 0, 1, 2
"""Exit codes: nothing failed; a finding did; something could not be audited."""


@dataclass(frozen=True, slots=True)
class Task:
    """One model, and the configs to audit it under: building the model is the dear part."""

    model: str
    """What stands for it in results."""
    configs: tuple[str, ...]
    """The configs' names."""
    ref: str = ""
    """What builds it; empty for its name."""


@dataclass(frozen=True, slots=True)
class CodeCount:
    """All findings of one code in one audit."""

    findings: int
    parameters: int
    """How many different parameters they are about."""
    worst: Finding
    """The one about most parameters, which it does not name."""
    worst_parameters: int

    @property
    def code(self) -> str:
        """Their code."""
        return self.worst.code

    @property
    def severity(self) -> Severity:
        """Their severity."""
        return self.worst.severity

    @property
    def order(self) -> tuple[int, int]:
        """What orders them, the gravest last; of equals, the one about most parameters."""
        return gravity(self.severity), self.worst_parameters


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What came of one model under one config."""

    model: str
    config: str
    parameters: int = 0
    numel: int = 0
    groups: int = 0
    decayed: int = 0
    """Parameters whose weight decay is above 0."""
    decayed_numel: int = 0
    findings: tuple[CodeCount, ...] = ()
    """By code."""
    source: str = ""
    """What built the model, with its version: ``timm 1.0.31``."""
    errors: tuple[Finding, ...] = ()
    """Why it could not be audited; then all else is empty."""
    trace: str = field(default="", compare=False)
    """Where an error comes from, for those who ask. It is not kept in files."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others of its sweep."""
        return self.model, self.config

    @property
    def gravest(self) -> CodeCount | None:
        """The gravest of its findings."""
        return max(self.findings, key=lambda found: found.order, default=None)

    @property
    def severity(self) -> Severity | None:
        """Of its gravest finding; None without findings."""
        return self.gravest.severity if self.gravest else None

    def count(self, severity: Severity) -> int:
        """Returns how many findings it has of a severity."""
        return sum(found.findings for found in self.findings if found.severity == severity)


def counted_findings(findings: Iterable[Finding]) -> tuple[CodeCount, ...]:
    """Returns findings counted by code."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    return tuple(_found(held) for _, held in sorted(by_code.items()))


def _found(findings: Sequence[Finding]) -> CodeCount:
    worst = max(findings, key=lambda finding: len(finding.params))
    params = {name for finding in findings for name in finding.params}
    without = replace(worst, params=(), key=None, keys=())
    return CodeCount(len(findings), len(params), without, len(worst.params))


def exit_code(results: Iterable[SweepResult], fail_on: Threshold = "never") -> int:
    """Returns 2 if anything could not be audited, 1 if a finding is at least as grave as ``fail_on``, else 0."""
    code = CLEAN
    for result in results:
        if result.errors:
            return BROKEN
        if at_least(result.severity, fail_on):
            code = FAILED
    return code

"""What a sweep does, and what it keeps of each audit: plain data, small enough for thousands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pgaudit.core.errors import Problem
from pgaudit.core.findings import Finding, Severity
from pgaudit.core.location import Location

CLEAN, FAILED, BROKEN = 0, 1, 2
"""Exit codes: nothing failed; a finding did; something could not be audited."""
GRAVITY: dict[str, int] = {"info": 0, "warning": 1, "error": 2, "never": 3}
"""Severities, and what none of them reaches."""


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
class Worst:
    """One finding, the gravest of several; of equals, the one about most parameters."""

    code: str
    name: str
    severity: Severity
    message: str
    hint: str | None
    parameters: int
    location: Location | None

    @property
    def gravity(self) -> tuple[int, int]:
        """What orders findings."""
        return GRAVITY[self.severity], self.parameters


@dataclass(frozen=True, slots=True)
class CodeCount:
    """All findings of one code in one audit."""

    findings: int
    parameters: int
    """How many different parameters they are about."""
    worst: Worst

    @property
    def code(self) -> str:
        """Their code."""
        return self.worst.code

    @property
    def severity(self) -> Severity:
        """Their severity."""
        return self.worst.severity


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
    problems: tuple[Problem, ...] = ()
    """Why it could not be audited; then all else is empty."""
    trace: str = field(default="", compare=False)
    """Where an error comes from, for those who ask. It is not kept in files."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others of its sweep."""
        return self.model, self.config

    @property
    def worst(self) -> Worst | None:
        """The gravest finding."""
        return max((found.worst for found in self.findings), key=lambda worst: worst.gravity, default=None)

    @property
    def gravity(self) -> int:
        """Of its gravest finding; -1 without findings."""
        return GRAVITY[self.worst.severity] if self.worst else -1

    def count(self, severity: Severity) -> int:
        """Returns how many findings it has of a severity."""
        return sum(found.findings for found in self.findings if found.severity == severity)


def counted_findings(findings: Iterable[Finding]) -> tuple[CodeCount, ...]:
    """Returns findings counted by code."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    return tuple(
        CodeCount(len(held), len({name for finding in held for name in finding.params}), _worst_of(held))
        for _, held in sorted(by_code.items())
    )


def _worst_of(findings: Sequence[Finding]) -> Worst:
    of = max(findings, key=lambda finding: len(finding.params))
    return Worst(of.code, of.name, of.severity, of.message, of.hint, len(of.params), of.location)


def exit_code(results: Iterable[SweepResult], fail_on: str = "never") -> int:
    """Returns 2 if anything could not be audited, 1 if a finding is at least as grave as ``fail_on``, else 0."""
    code = CLEAN
    for result in results:
        if result.problems:
            return BROKEN
        if result.gravity >= GRAVITY[fail_on]:
            code = FAILED
    return code

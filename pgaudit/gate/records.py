"""What is to be checked, and what came of it, as plain data: all that the formats read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgaudit.config.project import Origin
from pgaudit.core.errors import Problem
from pgaudit.core.findings import Finding, Severity
from pgaudit.core.location import Location
from pgaudit.models.cache import Cache
from pgaudit.text import visible

CLEAN, FAILED, BROKEN = 0, 1, 2
"""Exit codes: nothing failed; something did; something could not be checked."""


@dataclass(frozen=True, slots=True)
class Audit:
    """One thing to check."""

    model: str | None
    """None for the model that the config names."""
    config: str
    name: str = ""
    """What the user calls it; empty for the config's path."""
    model_args: Mapping[str, Any] = field(default_factory=dict)
    constructor: str | None = None
    lock: str | None = None
    expect: str | None = None
    """A file of expectations; they take the place of the config's own."""
    baseline: str | None = None
    fail_on: str | None = None
    """The severity from which on findings fail; None for what the expectations say, or else ``error``."""
    cache: Cache | None = None
    """Where saved inventories of timm's models are kept."""
    origin: Origin | None = None
    """Where a project file lists it; None for the command line."""

    @property
    def title(self) -> str:
        """What stands for it in messages."""
        return self.name or (f"{self.model} {self.config}" if self.model else self.config)

    def relock(self, *, update: bool = True) -> str:
        """Returns the command that writes the lock anew."""
        words = ["pgaudit", "lock", *([self.model] if self.model else []), self.config]
        for key, value in self.model_args.items():
            words += ["--model-arg", f"{key}={value if isinstance(value, str) else json.dumps(value, default=str)}"]
        words += ["--constructor", self.constructor] if self.constructor else []
        return visible(shlex.join([*words, "-o", self.lock or "FILE", *(["--update"] if update else [])]))


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to say about an audit; some make it fail."""

    code: str
    """A finding's code, or ``expect-rules``, ``expect-params``, ``expect-groups``, ``lock``, ``baseline``."""
    name: str
    level: Severity
    fails: bool
    message: str
    hint: str | None = None
    location: Location | None = None
    params: tuple[str, ...] = ()
    """All parameters that it is about."""
    key: str | None = None
    """The rule that it is about, in the config's words."""


@dataclass(frozen=True)
class Outcome:
    """What came of one audit."""

    audit: Audit
    notices: tuple[Notice, ...] = ()
    """In the order of the files that they point to."""
    problems: tuple[Problem, ...] = ()
    """Why it could not be checked; then there are no notices."""
    parameters: int = 0
    groups: int = 0
    ignored: int = 0
    """Findings that the config ignores, or the baseline knows."""
    notes: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    """The files that were read for it."""
    trace: str = ""
    """Where the error of an audit that could not be checked comes from, for those who ask."""

    @property
    def failures(self) -> tuple[Notice, ...]:
        """The notices that make the gate fail."""
        return tuple(notice for notice in self.notices if notice.fails)

    @property
    def exit_code(self) -> int:
        """0 where nothing failed, 1 where something did, 2 where it could not be checked."""
        return BROKEN if self.problems else FAILED if self.failures else CLEAN


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Returns the gravest exit code of several audits."""
    return max((outcome.exit_code for outcome in outcomes), default=CLEAN)


def of_finding(finding: Finding, *, fails: bool) -> Notice:
    """Returns a finding as a notice."""
    return Notice(
        finding.code,
        finding.name,
        finding.severity,
        fails,
        finding.message,
        finding.hint,
        finding.location,
        finding.params,
        finding.key,
    )

"""What is to be checked, and what came of it, as plain data: all that the formats read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgaudit.config.project import Origin
from pgaudit.core.findings import Finding, Threshold, at_least
from pgaudit.gate.choice import ALL, Choice
from pgaudit.models.cache import Cache
from pgaudit.text import visible

if TYPE_CHECKING:
    from pgaudit.config.what_if import WhatIf

CLEAN, FAILED, BROKEN = 0, 1, 2
"""Exit codes: nothing failed; something did; something could not be checked."""
AGREED = frozenset({"expect-rules", "expect-params", "expect-groups", "lock", "baseline"})
"""The codes of what is otherwise than was agreed: in expectations, a lock file or a baseline."""


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
    fail_on: Threshold | None = None
    """The severity from which on findings fail; None for what the expectations say, or else ``error``."""
    key: str | None = None
    """Which optimizer of a checkpoint."""
    at: tuple[int, ...] = ()
    """Further steps or epochs at which findings look at the lr."""
    scheduler: str | None = None
    """A schedule as YAML, in place of the source's."""
    steps: int | None = None
    """How long the run is, where the source does not say it."""
    epoch_steps: int | None = None
    cache: Cache | None = None
    """Where saved inventories of timm's models are kept."""
    choice: Choice = ALL
    """Which findings count."""
    what_if: WhatIf | None = None
    """Values that take the place of the config's own."""
    origin: Origin | None = None
    """Where a project file lists it; None for the command line."""

    @property
    def title(self) -> str:
        """What stands for it in messages."""
        return " ".join(filter(None, [self.name or self.model, "" if self.name else self.config, self.tried]))

    @property
    def tried(self) -> str:
        """The values that take the place of the config's own, as they are typed; empty for none."""
        return self.what_if.words if self.what_if else ""

    def relock(self, *, update: bool = True) -> str:
        """Returns the command that writes the lock anew."""
        words = ["pgaudit", "lock", *([self.model] if self.model else []), self.config]
        for key, value in self.model_args.items():
            words += ["--model-arg", f"{key}={value if isinstance(value, str) else json.dumps(value, default=str)}"]
        options = {"constructor": self.constructor, "key": self.key, "scheduler": self.scheduler}
        lengths = {"steps": self.steps, "epoch-steps": self.epoch_steps}
        for name, given in {**options, **lengths}.items():
            words += [f"--{name}", str(given)] if given else []
        return visible(shlex.join([*words, "-o", self.lock or "FILE", *(["--update"] if update else [])]))


@dataclass(frozen=True)
class Outcome:
    """What came of one audit."""

    audit: Audit
    findings: tuple[Finding, ...] = ()
    """In the order of the files that they point to. One that could not be checked has nothing but what stopped it."""
    fail_on: Threshold = "error"
    """The severity from which on the findings of checks fail."""
    parameters: int = 0
    groups: int = 0
    ignored: int = 0
    """Findings that the config ignores, or the baseline knows."""
    notes: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    """The files that were read for it."""
    trace: str = ""
    """Where the error of an audit that could not be checked comes from, for those who ask."""

    def fails(self, finding: Finding) -> bool:
        """Returns whether one of its findings makes the gate fail: an error that stops it, or about what was agreed,
        always does; a check's finding does from a severity on.
        """
        agreed = finding.stops or finding.code in AGREED
        return at_least(finding.severity, "error" if agreed else self.fail_on)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Why it could not be checked."""
        return tuple(finding for finding in self.findings if finding.stops)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that make the gate fail, where it could be checked."""
        return tuple(finding for finding in self.findings if self.fails(finding) and not finding.stops)

    @property
    def others(self) -> tuple[Finding, ...]:
        """The findings that fail nothing."""
        return tuple(finding for finding in self.findings if not self.fails(finding))

    @property
    def exit_code(self) -> int:
        """0 where nothing failed, 1 where something did, 2 where it could not be checked."""
        return BROKEN if self.errors else FAILED if self.failures else CLEAN


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Returns the gravest exit code of several audits."""
    return max((outcome.exit_code for outcome in outcomes), default=CLEAN)

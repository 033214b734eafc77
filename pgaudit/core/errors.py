"""The exception tree. Every error that a user can cause is one of these; the command line maps each to exit code 2.

PgauditError
├── UsageError       an argument makes no sense
├── ConfigError      the config file, or what it asks of the library; carries all that is wrong with a file
└── ModelError       the model reference cannot be turned into an inventory
"""

from __future__ import annotations

from collections.abc import Sequence

from pgaudit.core.findings import Finding, Hint
from pgaudit.core.location import Location


class PgauditError(Exception):
    """The base of every error that pgaudit raises on purpose."""

    def __init__(
        self,
        findings: str | Sequence[Finding],
        hint: Hint | None = None,
        location: Location | None = None,
        *,
        example: Sequence[str] = (),
    ) -> None:
        """Takes all that is wrong, or one message with what belongs to it.

        Args:
            findings: a message, or all that is wrong.
            hint: how to fix it.
            location: where it is wrong.
            example: lines of code that the hint speaks of.
        """
        if isinstance(findings, str):
            findings = [Finding.error(findings, location, hint, example)]
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__("\n".join(finding.sentence for finding in self.findings))


class UsageError(PgauditError):
    """An argument or option makes no sense."""


class ConfigError(PgauditError):
    """The config cannot be read, or the real library would refuse it."""


class ModelError(PgauditError):
    """The model reference cannot be turned into an inventory."""


class OnlyAModel(UsageError):
    """A reference holds a model, and no optimizer."""

"""What is wrong or doubtful, and how grave it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pgaudit.core.location import Location
from pgaudit.text import visible

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The gravest first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about an assignment that is probably not what its author meant."""

    code: str
    name: str
    severity: Severity
    message: str
    hint: str | None = None
    location: Location | None = None
    params: tuple[str, ...] = ()
    """All parameters that it is about, where it is about any."""
    key: str | None = None
    """What it is about in the config's own words: a custom key, a pattern, or an option."""
    keys: tuple[str, ...] = ()
    """Further words of the config that it is about: rules that have no effect for the same cause."""

    @property
    def param(self) -> str | None:
        """The one parameter that it is about; None where there are several, or none."""
        return self.params[0] if len(self.params) == 1 else None

    def __repr__(self) -> str:
        where = f" {self.location}" if self.location else ""
        return f"<Finding {visible(f'{self.code} {self.name} [{self.severity}]{where}')}: {visible(self.message)}>"

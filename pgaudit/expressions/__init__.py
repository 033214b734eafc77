"""Regular expressions of a config, run as Python's ``re`` runs them, but in bounded time."""

from __future__ import annotations

from pgaudit.expressions.expression import Expression, SlowExpression, SlowToCompile

__all__ = ["Expression", "SlowExpression", "SlowToCompile"]

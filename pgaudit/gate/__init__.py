"""The gate: expectations, the lock file and the baseline → what fails, and why."""

from pgaudit.gate.records import Audit, Outcome
from pgaudit.gate.run import run

__all__ = ["Audit", "Outcome", "run"]

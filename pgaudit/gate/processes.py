"""Runs audits in processes of their own: one that dies takes no other with it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import BrokenExecutor

from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.gate.records import Audit, Outcome
from pgaudit.processes import processes


def in_processes(run: Callable[[Audit], Outcome], audits: Sequence[Audit], jobs: int) -> Generator[Outcome, None, None]:
    """Yields the outcome of each audit, in their order; ``run`` must be a function of a module.

    Closing the generator ends its processes.
    """
    with processes(jobs) as submit:
        futures = [submit(run, audit) for audit in audits]
        for audit, future in zip(audits, futures, strict=True):
            try:
                yield future.result()
            except BrokenExecutor:  # a process has died, and the pool with it, whosever fault it was
                yield _alone(run, audit)


def _alone(run: Callable[[Audit], Outcome], audit: Audit) -> Outcome:
    try:
        with processes(1) as submit:
            outcome: Outcome = submit(run, audit).result()
            return outcome
    except BrokenExecutor:
        hint = "the code of the model, or the lack of memory, has ended it"
        at = audit.origin.location("model") if audit.origin else Location(audit.config)
        return Outcome(audit, (Finding.error("the process that checked it has died", at, hint),))

"""Runs all tasks of a sweep. One that fails, or ends its process, stops no other."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial

from pgaudit.core.findings import Finding
from pgaudit.sweep.records import SweepResult, Task
from pgaudit.sweep.work import Work, perform
from pgaudit.workers.run import WHY_DIED, Pool
from pgaudit.workers.run import run as run_tasks


def run(work: Work, tasks: Sequence[Task], pool: Pool) -> Generator[tuple[SweepResult, ...], None, None]:
    """Yields the results of each task as they come, those of its configs together."""
    with closing(run_tasks(partial(perform, work), tasks, pool)) as found:
        for number, results in found:
            yield _died(tasks[number]) if results is None else results


def _died(task: Task) -> tuple[SweepResult, ...]:
    error = Finding.error("the process that audited it has died", hint=WHY_DIED)
    return tuple(SweepResult(task.model, config, errors=(error,)) for config in task.configs)

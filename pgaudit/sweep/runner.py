"""Runs all tasks. One that fails, or ends its process, stops no other."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing

from pgaudit.core.findings import Finding
from pgaudit.sweep.pools import Lost, Pool
from pgaudit.sweep.records import SweepResult, Task
from pgaudit.sweep.work import Work


def run(work: Work, tasks: Sequence[Task], pool: Pool) -> Generator[tuple[SweepResult, ...], None, None]:
    """Yields the results of each task as they come, those of its configs together."""
    waiting = {task.model: task for task in tasks}
    while waiting:
        started: list[str] = []
        try:
            with closing(pool.stream(work, _noted(list(waiting.values()), started))) as stream:
                for results in stream:
                    if results is not None:
                        del waiting[results[0].model]
                        yield results
        except Lost:
            pass
        assert started  # or else this would never end
        # Whose fault it was shows when each of those that had begun runs alone.
        for model in [model for model in started if model in waiting]:
            yield _alone(work, waiting.pop(model), pool)


def _noted(tasks: Iterable[Task], started: list[str]) -> Iterator[Task]:
    for task in tasks:
        started.append(task.model)
        yield task


def _alone(work: Work, task: Task, pool: Pool) -> tuple[SweepResult, ...]:
    try:
        with closing(pool.stream(work, [task])) as stream:
            for results in stream:
                if results is not None:
                    return results
    except Lost:
        pass
    error = Finding.error(
        "the process that audited it has died", hint="the code of the model, or the lack of memory, has ended it"
    )
    return tuple(SweepResult(task.model, config, errors=(error,)) for config in task.configs)

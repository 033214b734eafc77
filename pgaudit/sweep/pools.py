"""Where tasks run: in this process, or wherever joblib can send them."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, as_completed, wait
from dataclasses import dataclass
from typing import Any, Protocol

from pgaudit.core.errors import PgauditError, UsageError
from pgaudit.processes import processes
from pgaudit.sweep.records import SweepResult, Task
from pgaudit.sweep.work import Work, perform
from pgaudit.text import format_exception

_LOSSES = frozenset(("KilledWorker", "WorkerCrashedError", "RayActorError"))
"""What dask and ray raise for a task whose process has died, by name: they need not be installed."""


Results = Generator[tuple[SweepResult, ...] | None, None, None]
"""What comes of tasks, in the order in which they end."""


class Lost(Exception):
    """A process has died, and what it and others had not finished is lost."""


class Pool(Protocol):
    """Runs tasks."""

    def stream(self, work: Work, tasks: Iterable[Task]) -> Results:
        """Yields the results of each task as they come, and None for a task whose process has died.

        It takes tasks no sooner than they can be run, or soon after.

        Raises:
            Lost: more than the task that ended its process may be lost.
        """


class InProcess:
    """One task after another, in this process."""

    def stream(self, work: Work, tasks: Iterable[Task]) -> Results:
        """Yields the results of each task."""
        for task in tasks:
            yield perform(work, task)


@dataclass(frozen=True)
class Processes:
    """Processes of this machine that are there for this alone."""

    jobs: int

    def stream(self, work: Work, tasks: Iterable[Task]) -> Results:
        """Yields the results of each task as they come."""
        open_: set[Future[tuple[SweepResult, ...]]] = set()
        try:
            with processes(self.jobs, silent=True) as submit:
                for task in tasks:
                    open_.add(submit(perform, work, task))
                    if len(open_) == 2 * self.jobs:  # as many wait as are run
                        done, open_ = wait(open_, return_when=FIRST_COMPLETED)
                        yield from (future.result() for future in done)
                yield from (future.result() for future in as_completed(open_))
        except BrokenExecutor as error:
            raise Lost(str(error)) from error


@dataclass(frozen=True)
class Joblib:
    """A backend of joblib."""

    name: str
    backend: Any
    """What joblib takes for it: the name, or the backend itself."""
    jobs: int | None
    """Tasks at a time; None where a cluster decides."""

    def stream(self, work: Work, tasks: Iterable[Task]) -> Results:
        """Yields the results of each task as they come; of a backend that cannot tell, after each round."""
        from joblib import delayed

        calls = (delayed(perform)(work, task) for task in tasks)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of workers that are begun anew, of tasks that Ctrl-C cancels
            try:
                yield from self._streamed(calls) or self._in_rounds(calls)
            except (PgauditError, Lost):
                raise
            except Exception as error:
                if is_loss(error):
                    raise Lost(str(error)) from error
                hint = "are pgaudit and all that the models need installed where its workers run?"
                raise UsageError(f"--backend {self.name} fails: {format_exception(error)}", hint) from error

    def _streamed(self, calls: Iterator[Any]) -> Results | None:
        try:
            parallel = self._parallel("generator_unordered")
        except ValueError:  # a backend that cannot do that
            return None
        results: Results = parallel(calls)
        return results

    def _in_rounds(self, calls: Iterator[Any]) -> Results:
        parallel = self._parallel("list")
        size = 4 * max(parallel._effective_n_jobs(), 1)
        while batch := list(itertools.islice(calls, size)):
            yield from parallel(batch)

    def _parallel(self, return_as: str) -> Any:
        from joblib import Parallel, parallel_config

        options: dict[str, Any] = {"batch_size": 1}  # one model may take a thousand times as long as another
        if self.jobs:
            options["pre_dispatch"] = self.jobs
        # joblib would run a single job in this process
        with parallel_config(backend=self.backend, n_jobs=-1 if self.jobs is None else max(self.jobs, 2)):
            return Parallel(return_as=return_as, **options)


def is_loss(error: BaseException) -> bool:
    """Whether an error means that the process of a task has died."""
    return isinstance(error, BrokenExecutor) or any(kind.__name__ in _LOSSES for kind in type(error).__mro__)

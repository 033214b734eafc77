"""Where tasks run: in this process, or wherever joblib can send them."""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
import warnings
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from pgaudit.errors import PgauditError, UsageError
from pgaudit.sweep.records import Result, Task
from pgaudit.sweep.work import Work, perform
from pgaudit.text import said

_LOSSES = frozenset(("KilledWorker", "WorkerCrashedError", "RayActorError"))
"""What dask and ray raise for a task whose process has died, by name: they need not be installed."""


Results = Generator[tuple[Result, ...] | None, None, None]
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
class Joblib:
    """A backend of joblib."""

    name: str
    backend: Any
    """What joblib takes for it: the name, or the backend itself."""
    jobs: int | None
    """Tasks at a time; None where a cluster decides."""
    own: bool = False
    """Whether the processes are there for this alone."""

    def stream(self, work: Work, tasks: Iterable[Task]) -> Results:
        """Yields the results of each task as they come; of a backend that cannot tell, after each round."""
        from joblib import delayed

        call = delayed(perform)
        calls = (call(work, task, own_process=self.own) for task in tasks)
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
                raise UsageError(f"--backend {self.name} fails: {said(error)}", hint) from error

    def _streamed(self, calls: Iterator[Any]) -> Results | None:
        try:
            parallel = self._parallel("generator_unordered")
        except ValueError:  # a backend that cannot do that
            return None
        with _deaf_to_ctrl_c() if self.own else contextlib.nullcontext():
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
        if self.jobs and not self.own:
            options["pre_dispatch"] = self.jobs
        # joblib would run a single job in this process
        with parallel_config(backend=self.backend, n_jobs=-1 if self.jobs is None else max(self.jobs, 2)):
            return Parallel(return_as=return_as, **options)


def is_loss(error: BaseException) -> bool:
    """Whether an error means that the process of a task has died."""
    return isinstance(error, BrokenExecutor) or any(kind.__name__ in _LOSSES for kind in type(error).__mro__)


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes and threads that begin here never hear of Ctrl-C, which a terminal sends to all: this process ends
    them. It hears of it afterwards itself.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""Tasks through a backend of joblib: threads, or whatever cluster it can reach."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from typing import Any

from pgaudit.core.errors import PgauditError, UsageError
from pgaudit.text import format_exception
from pgaudit.workers.run import Lost, R, Results, T

_LOSSES = frozenset(("KilledWorker", "WorkerCrashedError", "RayActorError"))
"""What dask and ray raise for a task whose process has died, by name: they need not be installed."""


@dataclass(frozen=True)
class Joblib:
    """A backend of joblib."""

    name: str
    backend: Any
    """What joblib takes for it: the name, or the backend itself."""
    jobs: int | None
    """Tasks at a time; None where a cluster decides."""

    def stream(self, function: Callable[[T], R], tasks: Iterable[T]) -> Results[R]:
        """Yields the result of each task as they come; of a backend that cannot tell, after each round."""
        from joblib import delayed

        calls = (delayed(function)(task) for task in tasks)
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

    def _streamed(self, calls: Iterator[Any]) -> Results[Any] | None:
        try:
            parallel = self._parallel("generator_unordered")
        except ValueError:  # a backend that cannot do that
            return None
        results: Results[Any] = parallel(calls)
        return results

    def _in_rounds(self, calls: Iterator[Any]) -> Results[Any]:
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

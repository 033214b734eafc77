"""Runs a function on many tasks; each whose process dies is told of, and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
Results = Generator[R | None, None, None]
"""What comes of tasks, in the order in which they end; None for a task whose process has died."""


WHY_DIED = "the code of the model, or the lack of memory, has ended it"
"""The hint for a task whose process has died."""


class Lost(Exception):
    """A process has died, and what it and others had not finished is lost."""


class Pool(Protocol):
    """Runs tasks."""

    def stream(self, function: Callable[[T], R], tasks: Iterable[T]) -> Results[R]:
        """Yields the result of each task. It takes tasks no sooner than they can be run, or soon after.

        Args:
            function: one of a module, or a ``partial`` of one.
            tasks: what can be sent to another process, as the results can.

        Raises:
            Lost: more than the task that ended its process may be lost.
        """


class InProcess:
    """One task after another, in this process."""

    def stream(self, function: Callable[[T], R], tasks: Iterable[T]) -> Results[R]:
        """Yields the result of each task."""
        yield from map(function, tasks)


def run(function: Callable[[T], R], tasks: Sequence[T], pool: Pool) -> Generator[tuple[int, R | None], None, None]:
    """Yields the place of each task and its result as they come; None for a task that ends its process.

    Closing the generator ends what still runs.
    """
    batches = [list(enumerate(tasks))]
    while batches:
        batch = batches.pop()
        waiting, started = dict(batch), list[int]()
        with suppress(Lost), closing(pool.stream(partial(_numbered, function), _noted(batch, started))) as stream:
            for found in stream:
                if found is not None:
                    del waiting[found[0]]
                    yield found
        if len(batch) == 1:
            yield from ((number, None) for number in waiting)
        elif waiting:  # whose fault it was shows when each of those that had begun runs alone
            assert started  # or else this would never end
            suspects = [number for number in started if number in waiting]
            alone = [[(number, waiting.pop(number))] for number in suspects]
            batches += [each for each in ([*waiting.items()], *alone) if each]


def _numbered(function: Callable[[T], R], task: tuple[int, T]) -> tuple[int, R]:
    return task[0], function(task[1])


def _noted(batch: Iterable[tuple[int, T]], started: list[int]) -> Iterator[tuple[int, T]]:
    for number, task in batch:
        started.append(number)
        yield number, task

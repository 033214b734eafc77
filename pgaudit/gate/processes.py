"""Runs audits in processes of their own: one that dies takes no other with it, and Ctrl-C waits for none."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess

from pgaudit.errors import Problem
from pgaudit.gate.records import Audit, Outcome

_PATIENCE = 5.0
"""Seconds in which a process that was told to end has to end."""


def in_processes(run: Callable[[Audit], Outcome], audits: Sequence[Audit], jobs: int) -> Generator[Outcome, None, None]:
    """Yields the outcome of each audit, in their order; ``run`` must be a function of a module.

    Closing the generator ends its processes.
    """
    with _pool(jobs) as pool:
        with _deaf_to_ctrl_c():
            futures = [pool.submit(run, audit) for audit in audits]
        for audit, future in zip(audits, futures, strict=True):
            try:
                yield future.result()
            except BrokenExecutor:  # a process has died, and the pool with it, whosever fault it was
                yield _alone(run, audit)


def _alone(run: Callable[[Audit], Outcome], audit: Audit) -> Outcome:
    with _pool(1) as pool:
        with _deaf_to_ctrl_c():
            future = pool.submit(run, audit)
        try:
            return future.result()
        except BrokenExecutor:
            hint = "the code of the model, or the lack of memory, has ended it"
            problem = Problem("the process that checked it has died", hint=hint)
            placed = audit.origin.placed(problem, "model") if audit.origin else replace(problem, path=audit.config)
            return Outcome(audit, problems=(placed,))


@contextlib.contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes end at once when something is raised."""
    others = set(active_children())
    # A fork of a process in which torch has started its threads may hang.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        begun = set(active_children()) - others
        for child in begun:
            child.terminate()
        if not _have_ended(begun):
            for child in begun:  # it hangs where no signal reaches it
                child.kill()
            _have_ended(begun)
        raise
    pool.shutdown()


def _have_ended(children: Collection[BaseProcess]) -> bool:
    """Whether all have ended, given some time.

    Each is asked again and again, for ``join`` is no answer: the pool's own thread waits for the same processes, and
    whoever comes second is told nothing until the first has noted how the process ended.
    """
    deadline = time.monotonic() + _PATIENCE
    while any(child.is_alive() for child in children):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that begin here ignore Ctrl-C, which a terminal sends to all: this one ends them, without their
    tracebacks.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

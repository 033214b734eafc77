"""Processes of this machine. Ctrl-C is not for them, and none outlives the process that began it, however that ends."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, as_completed, wait
from dataclasses import dataclass

from pgaudit.environment import variable_set
from pgaudit.workers.run import InProcess, Lost, Pool, R, Results, T

_PR_SET_PDEATHSIG = 1
"""As linux/prctl.h says."""
_EVERY = 0.5
"""Seconds between two looks at the parent."""


@dataclass(frozen=True)
class Processes:
    """Processes that are there for one call of :meth:`stream` alone; at its end, whatever the reason, none is left."""

    jobs: int
    """Tasks at a time."""
    silent: bool = False
    """Whether nothing that is written there is anybody's: not even what libraries in C write."""

    def stream(self, function: Callable[[T], R], tasks: Iterable[T]) -> Results[R]:
        """Yields the result of each task as they come."""
        from joblib.externals.loky import ProcessPoolExecutor

        if os.name == "posix":
            _start_trackers()
        pool = ProcessPoolExecutor(self.jobs, initializer=_begin, initargs=(os.getpid(), self.silent))
        open_: set[Future[R]] = set()
        with warnings.catch_warnings():
            # A worker that has loaded torch meanwhile is taken for one that leaks, and another takes its place.
            warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
            try:
                for task in tasks:
                    with _deaf_to_ctrl_c():
                        open_.add(pool.submit(function, task))
                    if len(open_) == 2 * self.jobs:  # as many wait as are run
                        done, open_ = wait(open_, return_when=FIRST_COMPLETED)
                        yield from (future.result() for future in done)
                yield from (future.result() for future in as_completed(open_))
            except BrokenExecutor as error:
                raise Lost(str(error)) from error
            finally:
                warnings.simplefilter("ignore")  # where there is no `pgrep`, of what the killed have begun themselves
                with _threads_end_silently():
                    pool.shutdown(wait=True, kill_workers=True)


def local_pool(jobs: int, *, silent: bool = False) -> Pool:
    """Returns where that many tasks run at a time: a single one in this very process."""
    return InProcess() if jobs <= 1 else Processes(jobs, silent)


def _start_trackers() -> None:
    """Starts the processes that clear up after killed ones, Python's and loky's. They would begin with the first one,
    and let Ctrl-C through to that; and what is left to clear when it comes at an unlucky moment is nothing to warn of.
    """
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    with variable_set("PYTHONWARNINGS", "ignore::UserWarning"):
        resource_tracker.ensure_running()
        loky_tracker.ensure_running()


@contextlib.contextmanager
def _threads_end_silently() -> Iterator[None]:
    """The pool's own thread may be handing out a call while its processes are ended, and would print what it raises."""
    before = threading.excepthook
    threading.excepthook = lambda _: None
    try:
        yield
    finally:
        threading.excepthook = before


def _begin(parent: int, silent: bool) -> None:
    _killed_with_its_parent()
    if silent:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        os.close(nowhere)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _killed_with_its_parent() -> None:
    """On Linux the kernel sees to it, even while code in C lets no thread of Python run."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):  # a libc without it
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with(parent: int) -> None:
    """Waits for the end of the process that began this one, even a violent one, of which nobody would tell."""
    while os.getppid() == parent:
        time.sleep(_EVERY)
    os._exit(1)


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

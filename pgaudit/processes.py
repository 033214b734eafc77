"""Processes that run audits. One that dies takes no other with it, Ctrl-C is not for them, and none outlives the process
that began it, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from typing import Protocol

    P = ParamSpec("P")
    R = TypeVar("R")

    class Submit(Protocol):
        """Begins a call in one of the processes. A process that dies is a ``BrokenExecutor`` of all that is open."""

        def __call__(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]: ...


_EVERY = 0.5
"""Seconds between two looks at the parent."""


@contextlib.contextmanager
def processes(jobs: int, *, silent: bool = False) -> Iterator[Submit]:
    """Yields a function that begins calls; at the end, whatever the reason, no process is left.

    Args:
        jobs: calls at a time.
        silent: whether nothing that is written there is anybody's: not even what libraries in C write.
    """
    from joblib.externals.loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(os.getpid(), silent))

    def submit(function: Any, /, *args: Any, **kwargs: Any) -> Any:
        with _deaf_to_ctrl_c():
            return pool.submit(function, *args, **kwargs)

    try:
        yield submit
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where there is no `pgrep`, of what the killed have begun themselves
            pool.shutdown(wait=True, kill_workers=True)


def _begin(parent: int, silent: bool) -> None:
    if silent:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        os.close(nowhere)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


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

"""Clusters that joblib can reach, and what each of them needs so that a worker that dies is noticed."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

from pgaudit.core.errors import UsageError
from pgaudit.text import format_exception, visible
from pgaudit.workers.joblib_pool import Joblib, is_loss
from pgaudit.workers.run import Lost, Pool

_PATIENCE = 10
"""Seconds in which a scheduler has to answer."""
_SPARK_LOSSES = ("Python worker exited unexpectedly", "ExecutorLostFailure")
"""What spark says of a task whose process has died, in an error that is of one kind for whatever happened."""


@contextlib.contextmanager
def _dask(jobs: int | None, scheduler: str | None) -> Iterator[Pool]:
    import dask

    client_of: Any = import_module("distributed").Client
    address = scheduler or dask.config.get("scheduler-address", None)
    if not address:
        hint = "--scheduler tcp://host:8786, the scheduler's file, or DASK_SCHEDULER_ADDRESS in the environment"
        raise UsageError("no dask scheduler is named", hint)
    where = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # errors are raised as well
    try:
        client = client_of(**where, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(f"no dask scheduler answers at {visible(address)}: {format_exception(error)}") from error
    with client:
        yield Joblib("dask", _telling(client), jobs)


def _telling(client: Any) -> Any:
    """joblib's backend for dask says nothing of a task whose workers have died, and waits for it for ever; this one
    makes a result of it.
    """
    from joblib._dask import DaskDistributedBackend

    class Telling(DaskDistributedBackend):  # type: ignore[misc]  # joblib has no types
        def submit(self, func: Any, callback: Callable[[Any], None] | None = None) -> Any:
            future = super().submit(func, callback)
            if callback is not None:
                future.add_done_callback(lambda done: _tell(done.exception(), callback))
            return future

    return Telling(client=client, wait_for_workers_timeout=_PATIENCE)


def _tell(error: BaseException | None, callback: Callable[[Any], None]) -> None:
    if error is not None:
        callback([None] if is_loss(error) else error)


@contextlib.contextmanager
def _ray(jobs: int | None, scheduler: str | None) -> Iterator[Pool]:
    ray = import_module("ray")
    address = scheduler or os.environ.get("RAY_ADDRESS") or "auto"
    logging.getLogger("ray").setLevel(logging.CRITICAL)  # errors are raised as well
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except Exception as error:  # of ray's own kinds
        hint = "`ray start --head` starts one here; --scheduler ray://host:10001 or RAY_ADDRESS names another"
        raise UsageError(f"no ray cluster answers at {visible(address)}: {format_exception(error)}", hint) from error
    try:
        import_module("ray.util.joblib").register_ray()
        # A thread of ray's prints there what it thinks of a process that died, whatever it was told about logs.
        with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
            yield Joblib("ray", "ray", jobs)
    finally:
        ray.shutdown()


@contextlib.contextmanager
def _spark(jobs: int | None, _: str | None) -> Iterator[Pool]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of how it places tasks
            backend = _raising()
    except Exception as error:  # of pyspark's own kinds
        hint = "SPARK_REMOTE, or spark.master in spark-defaults.conf, names a cluster; without, java runs one here"
        raise UsageError(f"no spark session can be had: {format_exception(error)}", hint) from error
    yield Joblib("spark", backend, jobs)


def _raising() -> Any:
    """joblib's backend for spark returns the error of a task as if it were its result; this one raises it."""
    from joblibspark.backend import SparkDistributedBackend

    class Raising(SparkDistributedBackend):  # type: ignore[misc]  # it has no types
        def retrieve_result(self, out: Any, timeout: float | None = None) -> Any:
            found = super().retrieve_result(out, timeout)
            error = getattr(found, "exc", None)
            if error is None:
                return found
            raise Lost(str(error)) if any(words in str(error) for words in _SPARK_LOSSES) else error

    return Raising()


class Cluster(NamedTuple):
    """One that joblib reaches with the help of another package."""

    package: str
    """What it needs."""
    install: str
    open: Callable[[int | None, str | None], contextlib.AbstractContextManager[Pool]]
    """Opens a pool there, from the tasks at a time and the scheduler."""


CLUSTERS = {
    "dask": Cluster("distributed", 'pip install "dask[distributed]"', _dask),
    "ray": Cluster("ray", "pip install ray", _ray),
    "spark": Cluster("joblibspark", "pip install joblibspark pyspark", _spark),
}
"""By the name of the backend."""

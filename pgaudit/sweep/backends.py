"""``--backend NAME``: processes of this machine, or a cluster that joblib can reach."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pgaudit.errors import UsageError
from pgaudit.sweep.pools import InProcess, Joblib, Pool, is_loss
from pgaudit.text import did_you_mean, quoted, said, visible

LOCAL = "loky"
"""The backend where none is named: processes of their own, which notices when one of them dies."""
_PATIENCE = 10
"""Seconds in which a scheduler has to answer."""
_PACKAGES = {"dask": ("distributed", 'pip install "dask[distributed]"'), "ray": ("ray", "pip install ray")}
_PACKAGES["spark"] = ("joblibspark", "pip install joblibspark")
"""What a backend needs, and how to install it."""
_UNFIT = {
    "multiprocessing": "it waits for ever for a process that has died; loky, the default, runs as many and notices",
    "sequential": "--jobs 1 runs all in this process",
}


def refuse_unfit(backend: str, scheduler: str | None) -> None:
    """Refuses a backend that cannot be used, before anything heavy.

    Raises:
        UsageError: it is unknown, not installed or unfit; or nobody says where its scheduler is.
    """
    if backend in _UNFIT:
        raise UsageError(f"--backend {backend} is not offered", _UNFIT[backend])
    known = _known()
    if backend not in known:
        hint = did_you_mean(backend, known) or f"known: {', '.join(known)}"
        raise UsageError(f"joblib has no backend {quoted(backend)}", hint)
    package, install = _PACKAGES.get(backend, ("joblib", ""))
    if find_spec(package) is None:
        raise UsageError(f"--backend {backend} needs the package {package}", install)
    if scheduler is not None and backend not in ("dask", "ray"):
        raise UsageError(f"--backend {backend} has no scheduler", "--scheduler is for --backend dask or ray")


def _known() -> list[str]:
    from joblib.parallel import BACKENDS, EXTERNAL_BACKENDS

    return sorted({*BACKENDS, *EXTERNAL_BACKENDS, *_PACKAGES} - set(_UNFIT))


def usable_jobs() -> int:
    """Returns the number of CPUs that this process may use."""
    from joblib import cpu_count

    return int(cpu_count())


@contextlib.contextmanager
def open_pool(
    backend: str, jobs: int | None, scheduler: str | None = None, *, most: int | None = None
) -> Iterator[Pool]:
    """Opens where tasks run; ends what it began.

    Args:
        backend: a name that :func:`refuse_unfit` does not refuse.
        jobs: tasks at a time; 1 on this machine for this very process; None for as many as it can.
        scheduler: of dask or ray; None for the one that its environment or its configuration names.
        most: how many tasks there are.

    Raises:
        UsageError: no scheduler is named, none answers, or it has no workers.
    """
    if backend == LOCAL:
        with _loky(min(jobs or usable_jobs(), most or 1)) as pool:
            yield pool
    elif backend == "threading":
        yield Joblib(backend, backend, jobs or usable_jobs())
    else:
        with _CLUSTERS.get(backend, _registered)(backend, jobs, scheduler) as pool:
            yield pool


@contextlib.contextmanager
def _loky(jobs: int) -> Iterator[Pool]:
    if jobs == 1:
        yield InProcess()
        return
    from joblib.externals.loky import get_reusable_executor

    try:
        yield Joblib(LOCAL, LOCAL, jobs, own=True)
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)


@contextlib.contextmanager
def _dask(_: str, jobs: int | None, scheduler: str | None) -> Iterator[Pool]:
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
        raise UsageError(f"no dask scheduler answers at {visible(address)}: {said(error)}") from error
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
def _ray(backend: str, jobs: int | None, scheduler: str | None) -> Iterator[Pool]:
    ray = import_module("ray")
    address = scheduler or os.environ.get("RAY_ADDRESS") or "auto"
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except Exception as error:  # of ray's own kinds
        hint = "`ray start --head` starts one here; --scheduler ray://host:10001 or RAY_ADDRESS names another"
        raise UsageError(f"no ray cluster answers at {visible(address)}: {said(error)}", hint) from error
    try:
        import_module("ray.util.joblib").register_ray()
        yield Joblib(backend, backend, jobs)
    finally:
        ray.shutdown()


@contextlib.contextmanager
def _registered(backend: str, jobs: int | None, _: str | None) -> Iterator[Pool]:
    """A backend that registers itself with joblib."""
    if backend == "spark":
        import_module("joblibspark").register_spark()
    yield Joblib(backend, backend, jobs)


_CLUSTERS = {"dask": _dask, "ray": _ray}

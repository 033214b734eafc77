"""``--backend NAME``: processes of this machine, or a cluster that joblib can reach."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec

from pgaudit.core.errors import UsageError
from pgaudit.sweep.clusters import CLUSTERS, registered
from pgaudit.sweep.pools import InProcess, Joblib, Pool, Processes
from pgaudit.text import did_you_mean, quoted

LOCAL = "loky"
"""The backend where none is named: processes of their own, which notices when one of them dies."""
_PACKAGES = {"dask": ("distributed", 'pip install "dask[distributed]"'), "ray": ("ray", "pip install ray")}
_PACKAGES["spark"] = ("joblibspark", "pip install joblibspark pyspark")
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
        jobs = min(jobs or usable_jobs(), most or 1)
        yield InProcess() if jobs == 1 else Processes(jobs)
    elif backend == "threading":
        yield Joblib(backend, backend, jobs or usable_jobs())
    else:
        with CLUSTERS.get(backend, registered)(backend, jobs, scheduler) as pool:
            yield pool

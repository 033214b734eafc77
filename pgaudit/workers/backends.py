"""``--backend NAME``: processes of this machine, or a cluster that joblib can reach."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec

from pgaudit.core.errors import UsageError
from pgaudit.text import did_you_mean, quoted
from pgaudit.workers.clusters import CLUSTERS
from pgaudit.workers.joblib_pool import Joblib
from pgaudit.workers.processes import local_pool
from pgaudit.workers.run import Pool

LOCAL = "loky"
"""The backend where none is named: processes of their own, which notices when one of them dies."""
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
    cluster = CLUSTERS.get(backend)
    if cluster is not None and find_spec(cluster.package) is None:
        raise UsageError(f"--backend {backend} needs the package {cluster.package}", cluster.install)
    if scheduler is not None and backend not in ("dask", "ray"):
        raise UsageError(f"--backend {backend} has no scheduler", "--scheduler is for --backend dask or ray")


def _known() -> list[str]:
    from joblib.parallel import BACKENDS, EXTERNAL_BACKENDS

    return sorted({*BACKENDS, *EXTERNAL_BACKENDS, *CLUSTERS} - set(_UNFIT))


@contextlib.contextmanager
def open_pool(backend: str, jobs: int | None, scheduler: str | None = None, *, most: int = 1) -> Iterator[Pool]:
    """Opens where tasks run; ends what it began.

    Args:
        backend: a name that :func:`refuse_unfit` does not refuse.
        jobs: tasks at a time; 1 on this machine for this very process; None for as many as it can.
        scheduler: of dask or ray; None for the one that its environment or its configuration names.
        most: how many tasks there are.

    Raises:
        UsageError: no scheduler is named, none answers, or it has no workers.
    """
    from joblib import cpu_count

    if backend in CLUSTERS:
        with CLUSTERS[backend].open(jobs, scheduler) as pool:
            yield pool
    elif backend == LOCAL:
        yield local_pool(min(jobs or cpu_count(), most), silent=True)
    else:
        yield Joblib(backend, backend, jobs or (cpu_count() if backend == "threading" else None))

"""A hundred thousand parameters stand in the explorer, are filtered and are sorted while a person waits for nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

from benchmarks.figures import REPOSITORY, Figure, emit, environment
from benchmarks.growth import POLICIES
from benchmarks.mixture import mixture

PARAMETERS, MILLION = 100_000, 1_000_000
WORDS = "experts*w2 weight"
HOW = (
    "A mixture of experts, audited before the clock starts, in textual's own driver without a terminal, 160 by 45. "
    "Filling is from the app's making, with its modules imported and nothing of it run yet, until its screen has "
    "settled: rows, tree and explanation. A process of its own each, the median of three."
)


def figures() -> list[Figure]:
    """Seconds until rows are on the screen, against a second: from nothing, and after a filter's words."""
    found = []
    for parameters in (PARAMETERS, MILLION):
        runs = [_measured(parameters) for _ in range(3)]
        for which, what in enumerate((f"filling {parameters:,} rows", "filtering them", "sorting them by lr")):
            taken = sorted(run[which] for run in runs)[1]
            found.append(Figure(what, taken, 1.0, "s", "a second", parameters / PARAMETERS, HOW))
    return found


def _measured(parameters: int) -> list[float]:
    arguments = [sys.executable, "-m", "benchmarks.exploring", str(parameters)]
    done = subprocess.run(arguments, env=environment(), cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    measured: list[float] = json.loads(done.stdout)
    return measured


async def _measure(parameters: int) -> list[float]:
    from pgaudit import audit
    from pgaudit.explore.app import Explorer
    from pgaudit.explore.session import Session
    from pgaudit.memory import gc_frozen
    from pgaudit.render.terminal import TableOptions

    session = Session(audit(mixture(parameters), POLICIES["mmcv"]))
    with gc_frozen():
        begin = time.perf_counter()
        app = Explorer(session, TableOptions())
        async with app.run_test(size=(160, 45)) as pilot:
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert "tries, in this order" in app.query_one("#why").text  # type: ignore[attr-defined]
            fill, begin = time.perf_counter() - begin, time.perf_counter()
            app.query_one("#filter").value = WORDS  # type: ignore[attr-defined]
            await pilot.pause()
            assert 0 < len(app.table.chosen) < parameters
            filtered = time.perf_counter() - begin
            app.query_one("#filter").value = ""  # type: ignore[attr-defined]
            await pilot.pause()
            begin = time.perf_counter()
            app.action_sort()
            app.action_sort()
            await pilot.pause()
            assert app.lens.sort == "lr"
            return [fill, filtered, time.perf_counter() - begin]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(asyncio.run(_measure(int(sys.argv[1])))))
    else:
        emit(figures())

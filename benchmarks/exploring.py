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
    "From the app's making, with its modules imported and nothing of it run yet, until its first frame, which has "
    "rows; and until all has settled, the first explanation with it. Filtering and sorting are from the key to that, "
    "too. A process of its own each, the median of three."
)
WHAT = ("showing {:,} rows", "and why the first has its values", "filtering them", "sorting them by lr")


def figures() -> list[Figure]:
    """Seconds until rows are on the screen, against a second: from nothing, and after a filter's words."""
    found = []
    for parameters in (PARAMETERS, MILLION):
        runs = [_measured(parameters) for _ in range(3)]
        for what, taken in zip(WHAT, zip(*runs, strict=True), strict=True):
            target = parameters / PARAMETERS
            found.append(Figure(what.format(parameters), sorted(taken)[1], 1.0, "s", "a second", target, HOW))
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

    class Watched(Explorer):
        shown = 0.0

        def on_ready(self) -> None:
            self.shown = time.perf_counter()
            assert len(self.table.chosen) == parameters

    session = Session(audit(mixture(parameters), POLICIES["mmcv"]))
    with gc_frozen():
        begin = time.perf_counter()
        app = Watched(session, TableOptions())
        async with app.run_test(size=(160, 45)) as pilot:
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert "tries, in this order" in app.query_one("#why").text  # type: ignore[attr-defined]
            shown, settled, begin = app.shown - begin, time.perf_counter() - begin, time.perf_counter()
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
            return [shown, settled, filtered, time.perf_counter() - begin]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(asyncio.run(_measure(int(sys.argv[1])))))
    else:
        emit(figures())

"""A hundred thousand parameters stand in the explorer, are filtered and are sorted while a person waits for nothing."""

from __future__ import annotations

import asyncio
import time

from benchmarks.figures import Figure, emit
from benchmarks.growth import POLICIES
from benchmarks.mixture import mixture
from pgaudit import audit
from pgaudit.explore.app import Explorer
from pgaudit.explore.session import Session
from pgaudit.render.terminal import TableOptions

PARAMETERS = 100_000
WORDS = "experts*w2 weight"
HOW = (
    f"A mixture of experts of {PARAMETERS:,} parameters in textual's own driver without a terminal, 160 by 45, until "
    "the screen has settled; the median of three."
)


def figures() -> list[Figure]:
    """Seconds until rows are on the screen, against a second: from nothing, and after a filter's words."""
    report = audit(mixture(PARAMETERS), POLICIES["mmcv"])
    runs = [asyncio.run(_measured(Session(report))) for _ in range(3)]
    fill, filtered, by_lr = (sorted(run[which] for run in runs)[1] for which in range(3))
    return [
        Figure(f"filling {PARAMETERS:,} rows", fill, 1.0, "s", "a second", 1.0, HOW),
        Figure("filtering them", filtered, 1.0, "s", "a second", 1.0, HOW),
        Figure("sorting them by lr", by_lr, 1.0, "s", "a second", 1.0, HOW),
    ]


async def _measured(session: Session) -> tuple[float, float, float]:
    begin = time.perf_counter()
    app = Explorer(session, TableOptions())
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.pause()
        fill, begin = time.perf_counter() - begin, time.perf_counter()
        app.query_one("#filter").value = WORDS  # type: ignore[attr-defined]
        await pilot.pause()
        assert 0 < len(app.table.chosen) < PARAMETERS
        filtered = time.perf_counter() - begin
        app.query_one("#filter").value = ""  # type: ignore[attr-defined]
        await pilot.pause()
        begin = time.perf_counter()
        app.action_sort()
        app.action_sort()
        await pilot.pause()
        assert app.lens.sort == "lr"
        return fill, filtered, time.perf_counter() - begin


if __name__ == "__main__":
    emit(figures())

"""What a claim measures: figures, each against its rival in the same run, and how to take them."""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
ORACLE = REPOSITORY / ".oracles" / "mmcv1"


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    ours: float | None
    """None where the tool does not do it yet."""
    rival: float
    unit: str
    against: str
    target: float
    """The most that ``ours / rival`` may be."""
    how: str

    @property
    def ratio(self) -> float | None:
        """Ours over the rival's."""
        return None if self.ours is None else self.ours / self.rival

    @property
    def verdict(self) -> str:
        """Whether the target is met, or by how much it is missed."""
        if self.ratio is None:
            return "not there yet"
        return "yes" if self.ratio <= self.target else f"**no**, {self.ratio / self.target - 1:.0%} over"


def emit(figures: Sequence[Figure]) -> None:
    """Writes a claim's figures for :mod:`benchmarks.run`, which runs each claim in a process of its own."""
    print(json.dumps([asdict(figure) for figure in figures]))


def environment(**more: str) -> dict[str, str]:
    """Returns what processes are run with: offline, narrow enough to render in full, and with compiled modules kept,
    as those of an installed package are.
    """
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "NO_COLOR": "1", **more}


def seconds(arguments: Sequence[str], env: Mapping[str, str]) -> float:
    """Returns how long a Python process takes, from its start to its end.

    Raises:
        RuntimeError: it failed; with what it wrote.
    """
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], env=env, cwd=REPOSITORY, capture_output=True, text=True)
    spent = time.perf_counter() - begin
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return spent


def interleaved(runs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Returns the median of each, run A B A B, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            spent = run()
            if number:
                times[name].append(spent)
    return {name: statistics.median(taken) for name, taken in times.items()}


def timed(call: Callable[[], object], times: int = 1) -> Callable[[], float]:
    """Returns a run of a call in this process, for :func:`interleaved`: the median of so many calls."""

    def once() -> float:
        gc.collect()
        begin = time.perf_counter()
        call()
        return time.perf_counter() - begin

    return lambda: statistics.median(once() for _ in range(times))


def process(*arguments: str, **env: str) -> Callable[[], float]:
    """Returns a run of a Python process, for :func:`interleaved`."""
    return lambda: seconds(arguments, environment(**env))

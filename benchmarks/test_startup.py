"""`--help` and `--version` answer at once: whole processes, next to a bare Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

ROUNDS = 9
LIMIT = 0.2
"""Seconds on an idle machine; the bare interpreter's share is measured beside it."""


def _median(arguments: list[str]) -> float:
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begin)
    return sorted(times)[ROUNDS // 2]


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_first_answer(option: str) -> None:
    bare = _median(["-c", "pass"])
    whole = _median(["-m", "pgaudit", option])
    print(f"\npgaudit {option}: {whole:.3f} s; bare Python: {bare:.3f} s")
    assert whole <= LIMIT

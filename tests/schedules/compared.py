"""Compares pgaudit's answer about a schedule with what the real library does in a real training."""

from __future__ import annotations

from typing import Any

from tests.parity.client import Oracle

BEYOND = 2
"""So many steps after the run are asked, too."""


def compare(oracle: Oracle, request: dict[str, Any]) -> dict[str, Any]:
    """Asserts that every lr of the run is that of the real library, bit for bit, and that both refuse or neither.

    Args:
        oracle: a process that answers as :mod:`tests.schedules.ours` says.
        request: the schedule, the groups, and how long the run is: ``steps`` and ``loader``, the length of an epoch.

    Returns:
        pgaudit's answer.
    """
    steps = request["steps"]
    told = oracle.ask(**{**request, "at": list(range(steps + BEYOND + 1))})
    ours, real = told["ours"], told["real"]
    if "error" in ours:
        assert real["error"] is not None, (request, ours)
        return dict(ours)
    expected = real[ours["unit"]]
    if real["error"] not in (None, "ValueError"):
        raise AssertionError(f"pgaudit follows what raises {real['error']}: {request} {ours}")
    if real["error"] is None:
        run = steps if ours["unit"] == "step" else -(-steps // request["loader"])
        assert len(expected) == run + 1, request
        assert ours["run"] == run, (request, ours)
    assert ours["lrs"][: len(expected)] == expected, (request, ours, real)
    return dict(ours)

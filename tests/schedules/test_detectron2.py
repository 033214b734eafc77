"""detectron2's schedules, as detectron2 itself makes them.

detectron2 is no package of PyPI. ``tests/data/detectron2_schedules.json`` holds what its own ``build_lr_scheduler``
answered to random sections (at commit 02b5c4e295, torch 2.15, fvcore 0.1.5.post20221221), stepped for real; ``null`` is
where it raises after the last iteration, and ``error`` what it raises before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parity.client import Oracle

CASES = json.loads((Path(__file__).parents[1] / "data/detectron2_schedules.json").read_text())


@pytest.fixture(scope="module")
def library() -> Iterator[Oracle]:
    """pgaudit beside fvcore."""
    with Oracle("detectron2", "tests.schedules.ours", "fvcore") as oracle:
        yield oracle


def asked(oracle: Oracle, solver: dict[str, Any], lrs: list[float], at: list[int], **more: Any) -> dict[str, Any]:
    request = {"library": "detectron2", "given": solver, "at_key": ["SOLVER"], "lrs": lrs, "at": at, **more}
    found: dict[str, Any] = oracle.ask(**request)["ours"]
    return found


def test_random_sections_are_those_of_detectron2_bit_for_bit(library: Oracle) -> None:
    compared = 0
    for case in CASES:
        found = asked(library, case["solver"], case["lrs"], case["at"])
        if "error" in case:
            assert case["error"] in found["error"], (case, found)
            continue
        told = [None if lrs[0] is None else lrs for lrs in found["lrs"]]
        assert told == case["found"], (case, found)
        compared += 1
    assert compared >= 300


def test_a_section_that_says_nothing_has_the_defaults(library: Oracle) -> None:
    found = asked(library, {}, [1.0], [0, 1000, 29999, 30000, 40000, 40001])
    assert [lr for (lr,) in found["lrs"]] == [0.001, 1.0, 1.0, 0.1, 0.1, None]
    assert found["title"] == "WarmupMultiStepLR STEPS [30000] GAMMA 0.1 WARMUP_ITERS 1000 MAX_ITER 40000"
    assert (found["points"], found["warms_up"], found["run"]) == ([0, 1000, 30000, 40000], 1000, 40000)


def test_texts_are_literals_as_yacs_has_it(library: Oracle) -> None:
    found = asked(library, {"STEPS": "(5, 8)", "MAX_ITER": "10", "WARMUP_ITERS": 0}, [1.0], [4, 5, 8])
    assert [lr for (lr,) in found["lrs"]] == [1.0, 0.1, 0.1**2]


@pytest.mark.parametrize(
    ("solver", "message", "hint"),
    [
        ({"LR_SCHEDULER_NAME": "WarmupCosinLR"}, "Unknown LR scheduler", 'did you mean "WarmupCosineLR"?'),
        ({"GAMMA": "a tenth"}, "Type mismatch", None),
        ({"WARMUP_METHOD": "burnin"}, "Unknown warmup method: burnin", None),
        ({"MAX_ITER": 0}, "MAX_ITER is no length of a run", None),
        ({"LR_SCHEDULER_NAME": "WarmupCosineLR", "BASE_LR": 0.1, "BASE_LR_END": 0.2}, "AssertionError", None),
    ],
)
def test_what_detectron2_refuses(library: Oracle, solver: dict[str, Any], message: str, hint: str | None) -> None:
    found = asked(library, solver, [1.0], [0])
    assert message in found["error"]
    assert found["hint"] == hint


def test_in_our_own_words_only_the_keys_of_a_schedule_are_known(library: Oracle) -> None:
    given = {"type": "WarmupCosineLR", "WARMUP_ITERS": 0}
    found = asked(library, given, [1.0], [0, 5, 10], at_key=[], run=10)
    assert found["run"] == 10
    assert [round(lr, 12) for (lr,) in found["lrs"]] == [1.0, 0.5, 0.0]
    wrong = asked(library, {**given, "MAX_ITERS": 10}, [1.0], [0], at_key=[])
    assert wrong["hint"] == 'did you mean "MAX_ITER"?'

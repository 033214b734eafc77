from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from tests.budget import examples
from tests.checks.cases import has_words
from tests.checks.schedule_cases import of_live, of_policy, optimizer_of

COSINE = {"type": "CosineAnnealingLR", "T_max": 300}
SHORT = {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 50}
WARM_UP: list[Any] = [{"type": "LinearLR", "total_iters": 5}, {**COSINE, "T_max": 100}, {"milestones": [5]}]
FOUND: dict[str, tuple[Any, int, str]] = {
    "too long": (COSINE, 100, "T_max 300 ends after 300 steps, and the run after 100 steps, at lr 0.075, not 0"),
    "too short, and back at the top": (
        COSINE, 600, "after 300 steps, and the run after 600 steps: the lr climbs again, to 0.09999…after 599 steps",
    ),
    "much too short": (COSINE, 5000, "the lr climbs again, to 0.1, not 0 after 600 steps"),
    "too short, and refuses": (SHORT, 60, "ends after 49 steps, and the run after 60 steps: it refuses to go on"),
    "a cycle that is too long": ({**SHORT, "total_steps": 300}, 100, "ends after 299 steps"),
    "DeepSpeed's": (
        {"type": "deepspeed:WarmupDecayLR", "total_num_steps": 1000, "warmup_num_steps": 10},
        500,
        "at lr 5.06061e-4, not 1.0101e-6",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("scheduler", "run", "message"), FOUND.values(), ids=FOUND)
def test_they_differ(scheduler: Any, run: int, message: str) -> None:
    (finding,) = of_policy(scheduler, run=run)
    assert (finding.code, finding.params, finding.severity) == ("PG045", (), "warning")
    assert has_words(finding.message, message), finding.message
    assert finding.hint == f"let it take {run:,} steps in all"


SILENT: dict[str, tuple[Any, int | None]] = {
    "the same": (COSINE, 300),
    "a warm-up that was not counted": (WARM_UP, 100),
    "the last step": (SHORT, 50),
    "a short cycle": ({**SHORT, "total_steps": 4}, 4),
    "one without an end": ({"type": "StepLR", "step_size": 30}, 20),
    "restarts": ({"type": "CosineAnnealingWarmRestarts", "T_0": 30}, 100),
    "the length of the run, by itself": ({"type": "CosineAnnealingLR"}, 100),
    "nobody knows how long the run is": (COSINE, None),
    "stays at its end": ({"type": "deepspeed:WarmupCosineLR", "total_num_steps": 100, "warmup_num_steps": 9}, 500),
}


@pytest.mark.parametrize(("scheduler", "run"), SILENT.values(), ids=SILENT)
def test_they_fit(scheduler: Any, run: int | None) -> None:
    assert of_policy(scheduler, run=run) == []


@settings(max_examples=examples(150))
@given(st.integers(2, 60), st.integers(1, 200))
def test_a_random_cosine_fits_just_where_the_run_really_ends_low(length: int, run: int) -> None:
    optimizer = optimizer_of([0.1] * 3)
    scheduler, lrs = lr_scheduler.CosineAnnealingLR(optimizer, length), [0.1]
    for _ in range(run):
        optimizer.step()
        scheduler.step()
        lrs.append(optimizer.param_groups[0]["lr"])
    highest = lrs[run] if run <= length else max(lrs[length:run])
    live = optimizer_of([0.1] * 3)
    found = [each.code for each in of_live(live, lr_scheduler.CosineAnnealingLR(live, length), run)]
    assert found == (["PG045"] if highest > 0.05 * 0.1 else [])

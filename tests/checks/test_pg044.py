from __future__ import annotations

from typing import Any

import pytest
from torch.optim import lr_scheduler

from tests.checks.cases import has_words
from tests.checks.schedule_cases import of_live, of_policy, optimizer_of

WARM_UP: dict[str, Any] = {"type": "LinearLR", "start_factor": 0.01, "total_iters": 100}
SEQUENCE: list[Any] = [WARM_UP, {"type": "CosineAnnealingLR", "T_max": 900}, {"milestones": [100]}]
FOUND: dict[str, tuple[Any, int, str]] = {
    "alone": (WARM_UP, 100, "the warm-up of LinearLR … takes 100 steps, and the run ends after 100 steps: no lr comes"),
    "with what follows": (SEQUENCE, 50, "takes 100 steps, and the run ends after 50 steps"),
    "a cycle's": ({"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 1000}, 100, "takes 299 steps"),
    "DeepSpeed's": ({"type": "deepspeed:WarmupLR", "warmup_num_steps": 200}, 100, "takes 200 steps"),
}


@pytest.mark.parametrize(("scheduler", "run", "message"), FOUND.values(), ids=FOUND)
def test_the_run_ends_first(scheduler: Any, run: int, message: str) -> None:
    """Of what follows on the warm-up, and does not end either, nothing is said."""
    (finding,) = of_policy(scheduler, run=run)
    assert (finding.code, finding.params, finding.severity) == ("PG044", (), "warning")
    assert has_words(finding.message, message), finding.message
    assert finding.hint == f"a warm-up of far fewer than {run} steps"


SILENT: dict[str, tuple[Any, int | None]] = {
    "long enough": (SEQUENCE, 1000),
    "no warm-up": ({"type": "StepLR", "step_size": 100}, 10),
    "nobody knows how long the run is": (SEQUENCE, None),
}


@pytest.mark.parametrize(("scheduler", "run"), SILENT.values(), ids=SILENT)
def test_the_warm_up_ends_first(scheduler: Any, run: int | None) -> None:
    assert of_policy(scheduler, run=run) == []


def test_live() -> None:
    optimizer = optimizer_of([0.1] * 3)
    (finding,) = of_live(optimizer, lr_scheduler.LinearLR(optimizer, total_iters=10), run=10)
    assert finding.code == "PG044"

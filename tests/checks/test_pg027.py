from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import isclose
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler, swa_utils

import pgaudit
from pgaudit.built.audit import audit_objects
from tests.budget import examples
from tests.checks.cases import Case, examine
from tests.checks.schedule_cases import asked, of_live, of_policy, optimizer_of, policy, three

HEAD = "optimizer: {type: SGD, lr: 0.1}\nconstructor: mmcv\nparamwise_cfg: {custom_keys: {a: {lr_mult: 0.1}}}\n"
CYCLIC = "{type: CyclicLR, base_lr: 0.01, max_lr: 0.1, step_size_up: 5, cycle_momentum: false}"
WARM_UP = "{type: deepspeed:WarmupLR, warmup_num_steps: 10"
LOST = "sets one lr for all groups, which start from 0.01 and 0.1: 1 tensor (33 % of the model) lose their own: a"
CASES = {
    # torch issue 73305, flair PR 2641
    "one cycle": Case(
        HEAD + "scheduler: {type: OneCycleLR, max_lr: 0.1, total_steps: 20}\n",
        (4, 1),
        f"OneCycleLR max_lr 0.1 total_steps 20 {LOST}",
        "max_lr takes a list with a value for each group",
    ),
    "cycles": Case(HEAD + f"scheduler: {CYCLIC}\n", (4, 1), LOST, "max_lr takes a list"),
    "averaging at once": Case(HEAD + "scheduler: {type: SWALR, swa_lr: 0.05, anneal_epochs: 0}\n", (4, 1), LOST),
    "both of two": Case(
        HEAD + f"scheduler:\n- {CYCLIC}\n- {{type: OneCycleLR, max_lr: 0.1, total_steps: 20}}\n- {{milestones: [9]}}\n",
        (4, 1),
        LOST,
    ),
    # DeepSpeed issue 7303 and PR 8171
    "a warm-up of DeepSpeed's": Case(
        HEAD + f"scheduler: {WARM_UP}, warmup_max_lr: 0.1}}\n", (4, 1), LOST, "leave warmup_max_lr out"
    ),
    "as DeepSpeed's own config has it": Case(
        HEAD + "scheduler: {type: deepspeed:WarmupDecayLR, params: {total_num_steps: 100, warmup_num_steps: 9}}\n",
        (4, 1),
        LOST,
        "WarmupCosineLR multiplies each group's own lr",
    ),
    "a list, a value for each group": Case(
        HEAD + "scheduler: {type: OneCycleLR, max_lr: [0.01, 0.1, 0.1], total_steps: 20}\n", None
    ),
    "the same, DeepSpeed's": Case(HEAD + f"scheduler: {WARM_UP}, warmup_max_lr: [0.01, 0.1, 0.1]}}\n", None),
    "each group's own, DeepSpeed's": Case(HEAD + f"scheduler: {WARM_UP}}}\n", None),
    "one lr for all": Case(
        HEAD.replace("lr_mult: 0.1", "lr_mult: 1") + "scheduler: {type: OneCycleLR, max_lr: 0.1, total_steps: 20}\n",
        None,
    ),
    "a cosine that ends at one value": Case(
        HEAD + "scheduler: {type: CosineAnnealingLR, T_max: 20, eta_min: 1.0e-5}\n", None
    ),
    "a warm-up that begins at 0": Case(
        HEAD + "scheduler: {type: deepspeed:WarmupCosineLR, total_num_steps: 99, warmup_num_steps: 9}\n", None
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg027(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG027", Case(case.text, case.place, case.message, case.hint, three))


def test_what_is_at_lr_0_begins_to_train() -> None:
    (finding,) = of_policy({"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 20}, 0.0, 0.1)
    assert (finding.code, finding.params, finding.key) == ("PG027", ("a", "b"), "OneCycleLR")
    assert "which start from 0, 0.01 and 0.1: 2 tensors" in finding.message


def test_frozen_parameters_have_no_lr_to_lose() -> None:
    model = three()
    model.get_parameter("a").requires_grad_(False)
    config = policy(0.1, scheduler={"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 20})
    assert "PG027" not in [finding.code for finding in pgaudit.audit(model, config).findings]


def test_a_loop_that_writes_one_value_into_all_groups() -> None:
    """As DINO, nanoGPT and nnU-Net have it; here a function for each group, of which the lr alone is left."""
    optimizer = optimizer_of([0.01, 0.1, 0.1])
    table = [0.1, 0.05, 0.0]  # it knows no further step
    functions: list[Callable[[int], float]] = [partial(_divided, table, lr) for lr in (0.01, 0.1, 0.1)]
    (finding,) = of_live(optimizer, lr_scheduler.LambdaLR(optimizer, functions))
    assert (finding.code, finding.params) == ("PG027", ("a",))


def _divided(table: list[float], lr: float, step: int) -> float:
    return table[step] / lr


def _first_divided(lr: float, step: int) -> float:
    return 1e-3 / lr if step == 0 else 1.0


def test_the_begin_alone_says_nothing() -> None:
    optimizer = optimizer_of([0.01, 0.1, 0.1])
    functions: list[Callable[[int], float]] = [partial(_first_divided, lr) for lr in (0.01, 0.1, 0.1)]
    assert of_live(optimizer, lr_scheduler.LambdaLR(optimizer, functions)) == []


class _OnePeak(lr_scheduler.LRScheduler):
    """A warm-up to one lr for all groups, as people write it."""

    def get_lr(self) -> list[float | torch.Tensor]:
        return [0.1 * min(self.last_epoch / 5, 1.0)] * len(self.optimizer.param_groups)


def test_a_scheduler_of_the_users_own() -> None:
    """As in issue 14 of pytorch-cosine-annealing-with-warmup; a group keeps the lr that it had as ``initial_lr``."""
    optimizer = optimizer_of([0.01, 0.1, 0.1])
    (finding,) = of_live(optimizer, _OnePeak(optimizer))
    assert (finding.code, finding.params, finding.key) == ("PG027", ("a",), "_OnePeak")


def test_of_a_live_one_cycle_nobody_knows_what_was_before() -> None:
    """It writes over ``lr`` and ``initial_lr``: nothing is left to tell, and a note says so."""
    optimizer = optimizer_of([0.01, 0.1, 0.1])
    report = audit_objects(None, optimizer, lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=9))
    assert [finding.code for finding in report.findings] == []
    note = "OneCycleLR has set one lr for groups that differ in nothing now; what lrs they had before is not known"
    assert note in report.notes
    decays = optimizer_of([0.1, 0.1, 0.1], [{"weight_decay": decay} for decay in (0.0, 0.1, 0.2)])
    report = audit_objects(None, decays, lr_scheduler.OneCycleLR(decays, 0.1, total_steps=9))
    assert not any("differ in nothing" in note for note in report.notes)
    assert [finding.code for finding in asked(optimizer_of([0.01, 0.1, 0.1]), _ONE_CYCLE)] == ["PG027"]


_ONE_CYCLE = {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 9}
_SMALL = st.integers(1, 9)
_LR = st.sampled_from([0.0, 1e-3, 0.01, 0.1])


def _lrs(at_least: float = 0.0) -> st.SearchStrategy[Any]:
    """One for all groups, or one for each."""
    lr = _LR.filter(lambda value: value >= at_least)
    return lr | st.lists(lr, min_size=3, max_size=3)


_KINDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "StepLR": {"step_size": _SMALL, "gamma": st.sampled_from([0.0, 0.1, 1.0])},
    "MultiStepLR": {"milestones": st.lists(_SMALL, max_size=3).map(sorted)},
    "ConstantLR": {"factor": st.sampled_from([0.5, 1.0]), "total_iters": _SMALL},
    "LinearLR": {"start_factor": st.sampled_from([0.1, 1.0]), "total_iters": _SMALL},
    "ExponentialLR": {"gamma": st.sampled_from([0.5, 1.0])},
    "PolynomialLR": {"total_iters": _SMALL},
    "CosineAnnealingLR": {"T_max": _SMALL, "eta_min": _LR},
    "CosineAnnealingWarmRestarts": {"T_0": _SMALL, "eta_min": _LR},
    "CyclicLR": {"base_lr": _lrs(), "max_lr": _lrs(), "step_size_up": _SMALL, "cycle_momentum": st.just(False)},
    "OneCycleLR": {"max_lr": _lrs(1e-3), "total_steps": st.integers(4, 20)},
    "SWALR": {"swa_lr": _lrs(), "anneal_epochs": st.integers(0, 9)},
}


@st.composite
def _single(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(_KINDS)))
    return {"type": kind, **{key: draw(value) for key, value in _KINDS[kind].items()}}


@st.composite
def _schedules(draw: st.DrawFn) -> dict[str, Any]:
    parts = draw(st.lists(_single(), min_size=1, max_size=2))
    if len(parts) == 1:
        return parts[0]
    if draw(st.booleans()):
        return {"type": "SequentialLR", "schedulers": parts, "milestones": [draw(_SMALL)]}
    return {"type": "ChainedScheduler", "schedulers": parts}


@settings(max_examples=examples(300))
@given(_schedules(), st.lists(_LR, min_size=3, max_size=3))
@example({"type": "SWALR", "swa_lr": 0.1, "anneal_epochs": 0}, [0.1, 0.1, 0.01])
def test_a_random_schedule_flattens_just_where_the_real_one_gives_one_lr_at_every_step(
    given_schedule: dict[str, Any], lrs: list[float]
) -> None:
    optimizer = optimizer_of(lrs)
    apart = any(not isclose(lr, lrs[0], rel_tol=1e-9) for lr in lrs)
    telling = [step for step in _stepped(optimizer, given_schedule) if any(step)]
    one = all(isclose(lr, step[0], rel_tol=1e-9) for step in telling for lr in step)
    found = [finding.code for finding in asked(optimizer_of(lrs), given_schedule)]
    assert ("PG027" in found) == (apart and bool(telling) and one)
    mults = [lr / 0.1 for lr in lrs]  # the same through a policy, whose lrs are products
    assert ("PG027" in [each.code for each in of_policy(given_schedule, *mults)]) == ("PG027" in found)


def _stepped(optimizer: torch.optim.Optimizer, given: dict[str, Any]) -> Iterator[Sequence[float]]:
    """The lrs of a real optimizer, under the real scheduler, step by step."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = _real(optimizer, given)
        for _ in range(40):
            yield [group["lr"] for group in optimizer.param_groups]
            try:
                scheduler.step()
            except ValueError:  # OneCycleLR's end
                return


def _real(optimizer: torch.optim.Optimizer, given: dict[str, Any]) -> Any:
    kind = getattr(lr_scheduler, given["type"], None) or getattr(swa_utils, given["type"])
    arguments = {key: value for key, value in given.items() if key not in ("type", "schedulers")}
    if "schedulers" not in given:
        return kind(optimizer, **arguments)
    parts = [_real(optimizer, each) for each in given["schedulers"]]
    return kind(optimizer, parts, **arguments) if arguments else kind(parts)

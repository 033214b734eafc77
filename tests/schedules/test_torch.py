"""torch's schedulers from plain data, held against the real ones stepped for real."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from pgaudit.core.schedule import Schedule, ScheduleRequest
from pgaudit.schedules.base import ScheduleError
from pgaudit.schedules.follow import StandIns, followed
from pgaudit.schedules.replay import ONE_BY_ONE
from tests.budget import examples
from tests.schedules.stepped import followed_lrs, real_optimizer, stepped

LR = st.floats(1e-7, 1.0)
FACTOR = st.floats(0.05, 1.0)
LENGTH = st.integers(1, 30)
GROUPS = st.lists(
    st.builds(
        lambda lr, decay, more: {"lr": lr, "weight_decay": decay, **more},
        LR,
        st.floats(0, 0.1),
        st.sampled_from([{}, {"lr_scale": 0.5}, {"betas": (0.8, 0.9)}]),
    ),
    min_size=1,
    max_size=4,
)
STEPS = st.lists(st.integers(0, 70), min_size=1, max_size=5, unique=True).map(sorted)


def _of(name: str, needed: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(name), **needed}, optional=optional or {})


SIMPLE = {
    "StepLR": _of("StepLR", {"step_size": LENGTH}, {"gamma": FACTOR}),
    "MultiStepLR": _of("MultiStepLR", {"milestones": st.lists(st.integers(0, 60), max_size=4)}, {"gamma": FACTOR}),
    "ConstantLR": _of("ConstantLR", {}, {"factor": FACTOR, "total_iters": LENGTH}),
    "LinearLR": _of("LinearLR", {}, {"start_factor": FACTOR, "end_factor": FACTOR, "total_iters": LENGTH}),
    "ExponentialLR": _of("ExponentialLR", {"gamma": FACTOR}),
    "PolynomialLR": _of("PolynomialLR", {}, {"total_iters": LENGTH, "power": st.floats(0.5, 3)}),
    "CosineAnnealingLR": _of("CosineAnnealingLR", {"T_max": LENGTH}, {"eta_min": LR}),
    "CosineAnnealingWarmRestarts": _of(
        "CosineAnnealingWarmRestarts", {"T_0": LENGTH}, {"T_mult": st.integers(1, 3), "eta_min": LR}
    ),
    "OneCycleLR": _of(
        "OneCycleLR",
        {"max_lr": LR, "total_steps": st.integers(12, 60)},
        {
            "pct_start": st.floats(0.1, 0.8),
            "anneal_strategy": st.sampled_from(["cos", "linear"]),
            "div_factor": st.floats(1, 50),
            "final_div_factor": st.floats(1, 1e4),
            "three_phase": st.booleans(),
            "cycle_momentum": st.booleans(),
        },
    ),
    "CyclicLR": _of(
        "CyclicLR",
        {"base_lr": LR, "max_lr": LR, "step_size_up": LENGTH},
        {
            "step_size_down": LENGTH,
            "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
            "gamma": FACTOR,
            "cycle_momentum": st.booleans(),
        },
    ),
}
PLAIN = st.one_of(*(SIMPLE[name] for name in SIMPLE if name not in ("OneCycleLR", "CyclicLR")))
SEVERAL = {
    "ChainedScheduler": st.lists(PLAIN, min_size=1, max_size=3).map(
        lambda parts: {"type": "ChainedScheduler", "schedulers": parts}
    ),
    "SequentialLR": st.lists(st.tuples(PLAIN, st.integers(1, 20)), min_size=1, max_size=3).map(
        lambda parts: {
            "type": "SequentialLR",
            "schedulers": [part for part, _ in parts],
            "milestones": [sum(length for _, length in parts[: at + 1]) for at in range(len(parts) - 1)],
        }
    ),
}


def real(given: dict[str, Any], optimizer: torch.optim.Optimizer) -> Any:
    """The scheduler as a person writes it in code."""
    arguments = {key: value for key, value in given.items() if key not in ("type", "schedulers")}
    kind: Callable[..., Any] = getattr(lr_scheduler, given["type"])
    if "schedulers" not in given:
        return kind(optimizer, **arguments)
    parts = [real(part, optimizer) for part in given["schedulers"]]
    return kind(parts) if given["type"] == "ChainedScheduler" else kind(optimizer, parts, **arguments)


@pytest.mark.parametrize("name", [*SIMPLE, *SEVERAL])
def test_random_schedules_are_those_of_the_real_class(name: str) -> None:
    compared = 0

    @given({**SIMPLE, **SEVERAL}[name], GROUPS, STEPS)
    @settings(max_examples=examples(300))
    def compare(schedule: dict[str, Any], groups: list[dict[str, Any]], steps: list[int]) -> None:
        nonlocal compared
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                optimizer = real_optimizer(groups)
                scheduler = real(schedule, optimizer)
        except Exception as error:  # the class refuses what was made up, and so must we
            with pytest.raises(ScheduleError, match=type(error).__name__):
                followed_lrs(Schedule("torch", schedule), groups, steps)
            return
        assert followed_lrs(Schedule("torch", schedule), groups, steps)[0] == stepped(optimizer, scheduler.step, steps)
        compared += 1

    compare()
    assert compared >= examples(300) * 0.9


@given(st.data())
@settings(max_examples=examples(300))
def test_random_lists_of_values_are_for_each_group(data: st.DataObject) -> None:
    groups = data.draw(GROUPS)
    each = st.lists(LR, min_size=len(groups), max_size=len(groups))
    schedule = {"type": "OneCycleLR", "max_lr": data.draw(each), "total_steps": 40}
    steps = data.draw(STEPS)
    optimizer = real_optimizer(groups)
    scheduler = real(schedule, optimizer)
    assert followed_lrs(Schedule("torch", schedule), groups, steps)[0] == stepped(optimizer, scheduler.step, steps)


FAR = [name for name in SIMPLE if name != "OneCycleLR"]


@given(st.sampled_from(FAR).flatmap(lambda name: SIMPLE[name]), GROUPS, st.integers(1, 40))
@settings(max_examples=examples(30))
def test_random_steps_far_away_are_those_of_stepping_there(
    schedule: dict[str, Any], groups: list[dict[str, Any]], more: int
) -> None:
    far = ONE_BY_ONE + more
    try:
        (found,), _ = followed_lrs(Schedule("torch", schedule), groups, [far])
    except ScheduleError:
        return
    optimizer = real_optimizer(groups)
    (expected,) = stepped(optimizer, real(schedule, optimizer).step, [far])
    assert expected is not None
    # Near zero the class's two ways differ by the last bits of what they began from.
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_a_list_is_a_sequence() -> None:
    parts = [{"type": "LinearLR", "total_iters": 5}, {"type": "CosineAnnealingLR", "T_max": 20}]
    whole = {"type": "SequentialLR", "schedulers": parts, "milestones": [5]}
    groups, steps = [{"lr": 0.1}, {"lr": 0.01}], [0, 3, 5, 6, 25]
    as_list = followed_lrs(Schedule("torch", [*parts, {"milestones": [5]}]), groups, steps)
    assert as_list == followed_lrs(Schedule("torch", whole), groups, steps)
    assert as_list[1].title == "LinearLR total_iters 5 then CosineAnnealingLR T_max 20"
    assert as_list[1].turning_points == (0, 5, 25)
    assert (as_list[1].ends, as_list[1].warms_up) == (25, 5)


def test_the_length_of_the_run_is_filled_in_where_it_is_missing() -> None:
    for schedule, length in (
        ({"type": "CosineAnnealingLR"}, "T_max"),
        ({"type": "CosineAnnealingLR", "T_max": None}, "T_max"),
        ({"type": "OneCycleLR", "max_lr": 1.0}, "total_steps"),
    ):
        with pytest.raises(ScheduleError) as refused:
            followed_lrs(Schedule("torch", schedule), [{"lr": 0.1}], [3])
        (finding,) = refused.value.findings
        assert finding.message == f"{schedule['type']} has no {length}, and nothing says how long the run is"
        assert finding.hint == "--steps N says it"
        given = followed_lrs(Schedule("torch", {**schedule, length: 50}), [{"lr": 0.1}], [3, 49])
        assert followed_lrs(Schedule("torch", schedule, run=50), [{"lr": 0.1}], [3, 49])[0] == given[0]


def test_what_only_the_training_knows_is_not_guessed() -> None:
    lrs, found = followed_lrs(Schedule("torch", {"type": "ReduceLROnPlateau"}), [{"lr": 0.1}], [0, 1, 9])
    assert lrs == [[0.1], None, None]
    assert found.notes == ("ReduceLROnPlateau lowers the lr by a metric, which only the training knows",)


@pytest.mark.parametrize(
    ("given", "message", "hint", "below"),
    [
        ({"type": "CosineAnealingLR"}, 'has no scheduler "CosineAnealingLR"', 'did you mean "CosineAnnealingLR"?', ()),
        ({"type": "StepLR", "stepsize": 3}, "unexpected keyword argument", 'did you mean "step_size"?', ("stepsize",)),
        ({"type": "LambdaLR", "lr_lambda": "x"}, "takes a function", "name the code: file.py:attribute", ()),
        ({"type": "StepLR", "optimizer": 1}, "gets its optimizer from here", "remove it", ("optimizer",)),
        (
            {"type": "ChainedScheduler", "schedulers": [{"type": "StepLR", "step_size": 3}, {"type": "SteppLR"}]},
            'has no scheduler "SteppLR"',
            'did you mean "StepLR"?',
            ("schedulers", 1),
        ),
        ({"type": "ChainedScheduler", "schedulers": 3}, "`schedulers` is a list", None, ("schedulers",)),
        ([{"type": "StepLR", "step_size": 3}] * 2, "needs its milestones", "- {milestones: [5]}", ()),
        (["StepLR"], 'a scheduler is a mapping with a "type"', "{type: Cosine", ("schedulers", 0)),
        ({"type": "SequentialLR", "schedulers": [], "milestones": []}, "at least one scheduler", None, ()),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_place(
    given: Any, message: str, hint: str | None, below: tuple[str | int, ...]
) -> None:
    with pytest.raises(ScheduleError) as refused:
        followed_lrs(Schedule("torch", given), [{"lr": 0.1}], [3])
    (finding,) = refused.value.findings
    assert message in finding.message
    assert (finding.hint or "").startswith(hint or "")
    assert refused.value.below == below


def test_keys_that_a_schedule_does_not_look_at_are_named() -> None:
    groups = [{"lr": 0.1, "lr_scale": 0.5}, {"lr": 0.1, "lr_scale": 1.0}]
    found = followed_lrs(Schedule("torch", {"type": "StepLR", "step_size": 3}), groups, [3])[1]
    assert (found.unread, found.read) == (("lr_scale",), ())


def test_a_step_that_takes_long_is_announced() -> None:
    said: list[str] = []
    chained = {"type": "ChainedScheduler", "schedulers": [{"type": "ExponentialLR", "gamma": 0.9999}]}
    stand_ins = StandIns((0,), ({"lr": 0.1},), {})
    far = ONE_BY_ONE + 10_000_000
    schedule = Schedule("torch", chained)

    class Told(BaseException):
        pass

    def tell(message: str) -> None:
        said.append(message)
        raise Told

    with pytest.raises(Told):
        followed(schedule, stand_ins, ScheduleRequest((far,), tell=tell))
    assert said[0].startswith("ExponentialLR gamma 0.9999 computes each lr from the one before: 10,002,000 steps")


def test_answers_are_remembered_under_just_what_was_asked() -> None:
    kept: dict[str, Any] = {}

    class Memory:
        def get(self, section: str, key: str) -> Any:
            from pgaudit.optimizers.exact import decoded

            return decoded(kept[key]) if key in kept else None

        def learn(self, section: str, key: str, value: Any) -> None:
            kept[key] = value

    def ask(t_max: int, lr: float, at: int) -> Any:
        schedule = Schedule("torch", {"type": "CosineAnnealingLR", "T_max": t_max, "eta_min": 1e-5})
        return followed(schedule, StandIns((0,), ({"lr": lr},), {}), ScheduleRequest((at,)), Memory())

    first = ask(100, 0.1, 7)
    assert ask(100, 0.1, 7) == first
    assert len(kept) == 1
    assert len({repr(ask(*each)) for each in ((100, 0.1, 7), (101, 0.1, 7), (100, 0.2, 7), (100, 0.1, 8))}) == 4
    assert len(kept) == 4


@pytest.mark.parametrize(
    ("given", "points", "ends"),
    [
        ({"type": "CosineAnnealingLR", "T_max": 1.0e4}, (0, 10_000), 10_000),
        ({"type": "CosineAnnealingLR", "T_max": 99.5}, (0, 100), 100),
        ({"type": "CosineAnnealingLR", "T_max": -5}, (0,), None),
        ([{"type": "CosineAnnealingLR", "T_max": 20}], (0, 20), 20),
        ({"type": "MultiStepLR", "milestones": [2.5, 8]}, (0, 3, 8), None),
        ({"type": "MultiStepLR", "milestones": ["30", "60"]}, (0,), None),  # no step is equal to a text
    ],
)
def test_where_phases_end(given: Any, points: tuple[int, ...], ends: int | None) -> None:
    _, found = followed_lrs(Schedule("torch", given), [{"lr": 0.1}], [0])
    assert (found.turning_points, found.ends) == (points, ends)


@pytest.mark.parametrize(
    "given",
    [
        {"type": "StepLR", "step_size": "30"},
        [{"type": "LinearLR"}, {"type": "CosineAnnealingLR"}, {"milestones": [5]}],
    ],
)
def test_what_a_class_cannot_compute_with_is_refused(given: Any) -> None:
    """A part of a list is not as long as the run, so that ``--steps`` would not help."""
    with pytest.raises(ScheduleError, match="would raise TypeError") as refused:
        followed_lrs(Schedule("torch", given, run=100), [{"lr": 0.1}], [7])
    assert type(refused.value) is ScheduleError


def test_other_libraries_names_are_recognised() -> None:
    for name, hint in (("cosine", "timm:cosine, transformers:cosine"), ("WarmupLR", "deepspeed:WarmupLR")):
        with pytest.raises(ScheduleError) as refused:
            followed_lrs(Schedule("torch", {"type": name}), [{"lr": 0.1}], [7])
        assert hint in (refused.value.findings[0].hint or "")

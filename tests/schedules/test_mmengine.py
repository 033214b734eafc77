"""mmengine's schedulers: pgaudit's lrs are those of a real training by the real Runner, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.parity.client import Oracle
from tests.schedules.compared import compare

Given = dict[str, Any]
FRACTIONS = st.sampled_from([0.0, 0.001, 0.1, 1.0 / 3, 0.5, 1.0])
LENGTHS = st.integers(1, 9)
FLOORS = st.sampled_from([{}, {"eta_min": 0.0}, {"eta_min": 0.002}, {"eta_min_ratio": 0.01}, {"eta_min": 0.5}])


@pytest.fixture(scope="module")
def mmengine() -> Iterator[Oracle]:
    """The real Runner, beside pgaudit."""
    with Oracle("mmengine", "tests.schedules.oracle_mmengine", "mmpretrain") as oracle:
        yield oracle


def maybe(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Given]:
    """Some of these arguments."""
    return st.fixed_dictionaries({}, optional=strategies)


def merged(*parts: st.SearchStrategy[Given]) -> st.SearchStrategy[Given]:
    return st.tuples(*parts).map(lambda found: {key: value for part in found for key, value in part.items()})


def restarts(count: int) -> st.SearchStrategy[Given]:
    lists = {"periods": LENGTHS, "restart_weights": st.sampled_from([1, 0.5, 0.1])}
    return st.fixed_dictionaries({key: st.lists(of, min_size=count, max_size=count) for key, of in lists.items()})


def arguments(groups: int) -> dict[str, st.SearchStrategy[Given]]:
    """What each class takes beside what all take."""
    peaks = st.lists(st.sampled_from([0.1, 0.3, 2.0]), min_size=groups, max_size=groups + 1)
    return {
        "ConstantLR": maybe(factor=FRACTIONS),
        "LinearLR": maybe(start_factor=FRACTIONS, end_factor=FRACTIONS),
        "ExponentialLR": st.fixed_dictionaries({"gamma": FRACTIONS}),
        "StepLR": merged(st.fixed_dictionaries({"step_size": LENGTHS}), maybe(gamma=FRACTIONS)),
        "MultiStepLR": merged(
            st.fixed_dictionaries({"milestones": st.lists(LENGTHS, max_size=3)}), maybe(gamma=FRACTIONS)
        ),
        "CosineAnnealingLR": merged(FLOORS, maybe(T_max=LENGTHS)),
        "PolyLR": maybe(power=st.sampled_from([0.5, 0.9, 1.0, 2.0]), eta_min=FRACTIONS),
        "CosineRestartLR": merged(FLOORS, st.integers(1, 3).flatmap(restarts)),
        "OneCycleLR": merged(
            st.fixed_dictionaries({"eta_max": st.one_of(FRACTIONS, peaks)}),
            maybe(
                total_steps=st.integers(1, 30),
                pct_start=FRACTIONS,
                anneal_strategy=st.sampled_from(["cos", "linear", "sin"]),
                div_factor=st.sampled_from([25.0, 2.0]),
                three_phase=st.booleans(),
            ),
        ),
        "CosineAnnealingMomentum": maybe(T_max=LENGTHS),
    }


@st.composite
def schedulers(draw: st.DrawFn, groups: int) -> Given:
    known = arguments(groups)
    kind = draw(st.sampled_from(sorted(known)))
    common = maybe(begin=st.integers(0, 4), end=st.integers(1, 20), by_epoch=st.booleans())
    converted = draw(st.sampled_from([{}, {}, {}, {"convert_to_iter_based": True}]))
    return {"type": kind, **draw(known[kind]), **draw(common), **converted}


@st.composite
def requests(draw: st.DrawFn) -> Given:
    lrs = draw(st.lists(st.sampled_from([0.1, 0.01, 0.003, 1e-6]), min_size=1, max_size=3))
    loader, epochs = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    by_epoch = draw(st.sampled_from([True, True, False]))
    wanted = draw(st.lists(schedulers(len(lrs)), min_size=1, max_size=3))
    alone = len(wanted) == 1 and draw(st.booleans())
    length = {"by_epoch": True, "max_epochs": epochs} if by_epoch else {"by_epoch": False, "max_iters": epochs * loader}
    return {
        "library": "mmengine",
        "given": wanted[0] if alone else wanted,
        "at_key": ["param_scheduler"],
        "around": {"train_cfg": length},
        "lrs": lrs,
        "loader": loader,
        "steps": epochs * loader,
        "epoch_steps": loader,
    }


@settings(max_examples=examples(1000))
@given(request=requests())
def test_random_schedules_are_those_of_a_real_training(mmengine: Oracle, request: Given) -> None:
    if all(each["type"].endswith("Momentum") for each in _entries(request["given"])):
        return  # no schedule of a lr: the config reader leaves it out
    compare(mmengine, request)


def _entries(wanted: Any) -> list[Given]:
    return wanted if isinstance(wanted, list) else [wanted]


def asked(oracle: Oracle, wanted: Any, **more: Any) -> dict[str, Any]:
    base = {"library": "mmengine", "given": wanted, "at_key": ["param_scheduler"], "lrs": [1.0], "at": [0]}
    train = {"train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": 12}}
    loop = {"loader": 1, "around": train, **more}
    found: dict[str, Any] = oracle.ask(**{**base, **loop})["ours"]
    return found


DETECTION = [
    {"type": "LinearLR", "start_factor": 0.001, "by_epoch": False, "begin": 0, "end": 500},
    {"type": "MultiStepLR", "by_epoch": True, "milestones": [8, 11], "gamma": 0.1},
]


def test_epochs_and_steps_together_count_steps_where_an_epoch_has_a_length(mmengine: Oracle) -> None:
    found = asked(mmengine, DETECTION, epoch_steps=1000, at=[0, 499, 8000, 11000])
    assert (found["unit"], found["run"], found["warms_up"]) == ("step", 12000, 499)
    assert found["points"] == [0, 499, 8000, 11000]
    assert [round(lr, 6) for (lr,) in found["lrs"]] == [0.001, 1.0, 0.1, 0.01]
    assert found["title"] == "LinearLR start_factor 0.001 begin 0 end 500 × MultiStepLR milestones [8, 11] gamma 0.1"


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        (DETECTION, "--epoch-steps N says it"),
        ([{"type": "CosineAnnealingLR", "convert_to_iter_based": True}], "--epoch-steps N says it"),
        ([{"type": "CosineAnnealingLR", "by_epoch": False}], "--epoch-steps N says it"),
    ],
)
def test_what_needs_the_length_of_an_epoch_says_so(mmengine: Oracle, wanted: Any, hint: str) -> None:
    found = asked(mmengine, wanted)
    assert (found["kind"], found["hint"]) == ("CannotFollow", hint)


@pytest.mark.parametrize("kind", ["LinearLR", "PolyLR", "CosineAnnealingLR", "ConstantLR"])
def test_what_lasts_as_long_as_the_run_needs_its_length(mmengine: Oracle, kind: str) -> None:
    found = asked(mmengine, {"type": kind}, around={})
    assert (found["kind"], found["hint"]) == ("CannotFollow", "--steps N says it")
    assert asked(mmengine, {"type": kind}, around={}, run=7)["run"] == 7


def test_a_metric_is_known_by_the_training_alone(mmengine: Oracle) -> None:
    found = asked(mmengine, {"type": "ReduceOnPlateauLR", "monitor": "loss"}, at=[0, 1, 5])
    assert [lr for (lr,) in found["lrs"]] == [1.0, None, None]
    assert found["notes"] == ["ReduceOnPlateauLR lowers the lr by a metric, which only the training knows"]


def test_a_warm_up_before_a_metric_is_known(mmengine: Oracle) -> None:
    wanted = [DETECTION[0], {"type": "ReduceOnPlateauLR", "monitor": "loss"}]
    found = asked(mmengine, wanted, epoch_steps=1000, at=[0, 499, 999, 1000])
    assert [None if lr is None else round(lr, 6) for (lr,) in found["lrs"]] == [0.001, 1.0, 1.0, None]


@pytest.mark.parametrize(
    ("wanted", "message", "hint"),
    [
        ({"type": "CosineAnealingLR"}, 'no scheduler "CosineAnealingLR"', 'did you mean "CosineAnnealingLR"?'),
        ({"type": "StepLR", "stepsize": 3}, "unexpected keyword argument 'stepsize'", None),
        ({"type": "LinearMomentum", "end": 3}, "no scheduler here sets a lr", None),
        ([{"type": "StepLR", "step_size": 3}, 5], 'a scheduler is a mapping with a "type"', None),
    ],
)
def test_what_is_wrong(mmengine: Oracle, wanted: Any, message: str, hint: str | None) -> None:
    found = asked(mmengine, wanted, loader=1)
    assert message in found["error"]
    assert hint is None or found["hint"] == hint

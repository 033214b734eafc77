"""mmcv 1.x's policies: pgaudit's lrs are those of a real training by the real runners, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.parity.client import Oracle
from tests.schedules.compared import compare
from tests.schedules.test_mmengine import FRACTIONS, LENGTHS, maybe, merged

Given = dict[str, Any]
FLOORS = st.sampled_from([{"min_lr": 0.0}, {"min_lr": 0.002}, {"min_lr_ratio": 0.01}, {"min_lr": 0.5}, {}])


@pytest.fixture(scope="module")
def mmcv() -> Iterator[Oracle]:
    """The real runners, beside pgaudit."""
    with Oracle("mmcv", "tests.schedules.oracle_mmcv", "mmcv1") as oracle:
        yield oracle


def restarts(count: int) -> st.SearchStrategy[Given]:
    lists = {"periods": LENGTHS, "restart_weights": st.sampled_from([1, 0.5, 0.1])}
    return st.fixed_dictionaries({key: st.lists(of, min_size=count, max_size=count) for key, of in lists.items()})


def policies(groups: int) -> dict[str, st.SearchStrategy[Given]]:
    """What each policy takes beside what all take."""
    peaks = st.lists(st.sampled_from([0.1, 0.3, 2.0]), min_size=groups, max_size=groups + 1)
    ratios = st.sampled_from([10.0, {"tuple": [10, 1e-4]}, {"tuple": [5]}, [10, 1e-4]])
    strategies = st.sampled_from(["cos", "linear", "sin"])
    gammas = st.sampled_from([0.1, 0.5, 0.9])
    return {
        "fixed": st.just({}),
        "step": merged(
            st.fixed_dictionaries({"step": st.one_of(LENGTHS, st.lists(LENGTHS, max_size=3).map(sorted))}),
            maybe(gamma=gammas, min_lr=FRACTIONS),
        ),
        "exp": st.fixed_dictionaries({"gamma": gammas}),
        "poly": maybe(power=st.sampled_from([0.5, 0.9, 2.0]), min_lr=FRACTIONS),
        "inv": merged(st.fixed_dictionaries({"gamma": gammas}), maybe(power=gammas)),
        "CosineAnnealing": FLOORS,
        "FlatCosineAnnealing": merged(FLOORS, maybe(start_percent=st.sampled_from([0.0, 0.3, 0.75, 1.0, 2]))),
        "CosineRestart": merged(FLOORS, st.integers(1, 3).flatmap(restarts)),
        "cyclic": maybe(
            target_ratio=ratios,
            cyclic_times=st.integers(1, 3),
            step_ratio_up=st.sampled_from([0.0, 0.4, 0.9]),
            anneal_strategy=strategies,
            gamma=gammas,
        ),
        "OneCycle": merged(
            st.fixed_dictionaries({"max_lr": st.one_of(FRACTIONS, peaks, peaks.map(lambda found: {"SGD": found}))}),
            maybe(
                total_steps=st.integers(1, 40),
                pct_start=FRACTIONS,
                anneal_strategy=strategies,
                div_factor=st.sampled_from([25, 2.0]),
                three_phase=st.booleans(),
            ),
        ),
        "LinearAnnealing": FLOORS,
    }


@st.composite
def requests(draw: st.DrawFn) -> Given:
    lrs = draw(st.lists(st.sampled_from([0.1, 0.01, 0.003, 1e-6]), min_size=1, max_size=3))
    loader, epochs = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    known = policies(len(lrs))
    policy = draw(st.sampled_from(sorted(known)))
    warm_up = st.fixed_dictionaries(
        {"warmup": st.sampled_from(["constant", "linear", "exp"]), "warmup_iters": st.integers(1, 6)},
        optional={"warmup_ratio": st.sampled_from([0.001, 0.1, 1.0]), "warmup_by_epoch": st.booleans()},
    )
    common = draw(st.one_of(st.just({}), warm_up))
    by_epoch = draw(maybe(by_epoch=st.booleans()))
    by_epochs = draw(st.sampled_from([True, True, False]))
    length = {"max_epochs": epochs} if by_epochs else {"max_iters": epochs * loader}
    return {
        "library": "mmcv",
        "given": {"policy": policy, **draw(known[policy]), **common, **by_epoch},
        "at_key": ["lr_config"],
        "around": {"runner": {"type": "EpochBasedRunner" if by_epochs else "IterBasedRunner", **length}},
        "lrs": lrs,
        "loader": loader,
        "steps": epochs * loader,
        "epoch_steps": loader,
    }


@settings(max_examples=examples(1200))
@given(request=requests())
def test_random_policies_are_those_of_a_real_training(mmcv: Oracle, request: Given) -> None:
    compare(mmcv, request)


def asked(oracle: Oracle, wanted: Given, **more: Any) -> dict[str, Any]:
    around = {"runner": {"type": "EpochBasedRunner", "max_epochs": 12}}
    base = {"library": "mmcv", "given": wanted, "at_key": ["lr_config"], "lrs": [1.0], "at": [0], "loader": 1}
    found: dict[str, Any] = oracle.ask(**{**base, "around": around, **more})["ours"]
    return found


def test_far_steps_are_those_that_are_reached_one_by_one(mmcv: Oracle) -> None:
    wanted = {"policy": "poly", "power": 0.9, "warmup": "linear", "warmup_iters": 2500}
    far = [2400, 2499, 2500, 2501, 2999, 3000, 5999, 12000]
    found = asked(mmcv, wanted, epoch_steps=1000, at=far)
    lrs = [lr for (lr,) in found["lrs"]]
    # Of an epoch, all steps after the warm-up have one lr, and the run ends with that of the last epoch.
    regular = [(1 - epoch / 12) ** 0.9 for epoch in range(12)]
    assert lrs[2:] == [regular[2]] * 3 + [regular[3], regular[5], regular[11]]
    assert lrs[0] == regular[2] * (1 - (1 - 2400 / 2500) * 0.9)


def test_the_words_before_runner_say_how_long_the_run_is(mmcv: Oracle) -> None:
    assert asked(mmcv, {"policy": "step", "step": [8]}, around={"total_epochs": 24})["run"] == 24
    by_iteration = asked(mmcv, {"policy": "poly"}, around={"total_iters": 24})
    assert (by_iteration["run"], by_iteration["unit"]) == (24, "step")


@pytest.mark.parametrize(
    ("wanted", "around", "hint"),
    [
        ({"policy": "step", "step": [8], "warmup": "linear", "warmup_iters": 5}, None, "--epoch-steps N says it"),
        ({"policy": "poly", "by_epoch": False}, None, "--epoch-steps N says it"),
        ({"policy": "cyclic"}, None, "--epoch-steps N says it"),
        ({"policy": "poly"}, {}, "--steps N says it"),
    ],
)
def test_what_needs_a_length_says_so(mmcv: Oracle, wanted: Given, around: Given | None, hint: str) -> None:
    found = asked(mmcv, wanted, **({} if around is None else {"around": around}))
    assert (found.get("kind"), found.get("hint")) == ("CannotFollow", hint)


@pytest.mark.parametrize(
    ("wanted", "message", "hint"),
    [
        ({"policy": "stepp"}, 'mmcv has no policy "Stepp"', 'did you mean "Step"?'),
        ({"step": [8]}, 'mmcv wants a "policy"', "policy: step"),
        ({"policy": "step", "step": [8], "wamup": "linear"}, "unexpected keyword argument 'wamup'", None),
        ({"policy": "step", "step": [8], "warmup": "linear"}, '"warmup_iters" must be a positive integer', None),
    ],
)
def test_what_mmcv_refuses(mmcv: Oracle, wanted: Given, message: str, hint: str | None) -> None:
    found = asked(mmcv, wanted)
    assert message in found["error"]
    assert hint is None or found["hint"] == hint

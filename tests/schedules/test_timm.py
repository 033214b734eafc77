"""timm's schedulers: the lrs are those of the real ones, stepped as timm's own training loop steps them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from timm.scheduler.scheduler_factory import create_scheduler_v2, scheduler_kwargs

import pgaudit
from pgaudit.core.schedule import Schedule, ScheduleRequest
from pgaudit.pipeline import audit
from pgaudit.schedules.base import CannotFollow, ScheduleError
from pgaudit.schedules.timm import SCHEDULES
from tests.budget import examples
from tests.schedules.groups import GROUPS, STEPS, asked, lrs_at, optimizer_of, stepped

ARGUMENTS: dict[str, Any] = {
    "decay_epochs": st.floats(0.25, 12.0) | st.integers(1, 12),
    "decay_milestones": st.lists(st.integers(1, 40), min_size=1, max_size=4).map(sorted),
    "cooldown_epochs": st.integers(0, 5),
    "patience_epochs": st.integers(0, 5),
    "decay_rate": st.floats(0.05, 1.0),
    "min_lr": st.sampled_from([0.0, 1e-5, 0.01]),
    "warmup_lr": st.sampled_from([0.0, 1e-6, 0.05]),
    "warmup_epochs": st.integers(0, 12),
    "warmup_prefix": st.booleans(),
    "noise": st.floats(0.0, 1.0) | st.lists(st.floats(0.0, 1.0), min_size=1, max_size=2).map(sorted),
    "noise_pct": st.floats(0.2, 0.9),
    "noise_std": st.floats(0.1, 1.0),
    "noise_seed": st.integers(0, 1000),
    "cycle_mul": st.sampled_from([1.0, 0.7, 1.5, 2.0]),
    "cycle_decay": st.floats(0.1, 1.0),
    "cycle_limit": st.integers(0, 4),
    "k_decay": st.floats(0.5, 2.0),
    "decay_fn": st.sampled_from(["linear", "1-sqrt", "cosine", "power", "exp", "none of these"]),
    "stable_timescale": st.floats(0.5, 20.0),
    "plateau_mode": st.sampled_from(["min", "max"]),
}
CALLS = st.fixed_dictionaries(
    {"type": st.sampled_from(SCHEDULES), "num_epochs": st.integers(0, 40)}, optional=ARGUMENTS
) | st.fixed_dictionaries(
    {
        "type": st.sampled_from(SCHEDULES),
        "num_epochs": st.integers(1, 12),
        "step_on_epochs": st.just(False),
        "updates_per_epoch": st.integers(1, 7),
    },
    optional=ARGUMENTS,
)


def _timm(**given: Any) -> Schedule:
    return Schedule("timm", given)


def _real(given: dict[str, Any], optimizer: Any) -> Any:
    arguments = {key: value for key, value in given.items() if key != "type"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return create_scheduler_v2(optimizer, sched=given["type"], **arguments)


@settings(max_examples=examples(1200))
@given(given=CALLS, groups=GROUPS, steps=STEPS)
def test_the_lrs_are_those_of_the_real_scheduler_at_random(
    given: dict[str, Any], groups: list[dict[str, Any]], steps: list[int]
) -> None:
    optimizer = optimizer_of(groups)
    try:
        scheduler, epochs = _real(given, optimizer)
    except Exception as error:
        event("refused")
        with pytest.raises(ScheduleError, match=type(error).__name__):
            asked(_timm(**given), groups, steps)
        return
    event(given["type"])

    def step(made: int) -> None:
        if scheduler is not None:
            scheduler.step(made) if scheduler.t_in_epochs else scheduler.step_update(made)

    real = stepped(optimizer, step, steps)
    found = asked(_timm(**given), groups, steps)
    for wanted, lrs in real.items():
        if given["type"] == "plateau" and wanted > given.get("warmup_epochs", 0):
            assert lrs_at(found, wanted) == [None] * len(groups)  # the real one got no metric, and so stands still
        else:
            assert lrs_at(found, wanted) == ([None] * len(groups) if lrs is None else lrs), (wanted, given)
    assert found.unit == ("epoch" if given.get("step_on_epochs", True) else "step")
    assert found.run == epochs * given.get("updates_per_epoch", 1)
    assert found.warms_up == (getattr(scheduler, "warmup_t", 0) or None)
    scaled = [index for index, group in enumerate(groups) if group.get("lr_scale", 1.0) != 1.0]
    turns = [found.steps.index(point) for point in found.turning_points]
    if given["type"] == "none":
        assert not found.read
    elif any(found.lrs[index][turn] for index in scaled for turn in turns):
        assert found.read == ("lr_scale",)
    assert "lr_mult" not in found.read


@settings(max_examples=examples(200))
@given(given=CALLS, groups=GROUPS)
def test_past_its_end_the_lr_stays_at_random(given: dict[str, Any], groups: list[dict[str, Any]]) -> None:
    assume(not {"noise", "cycle_mul"} & set(given))
    try:
        ends = asked(_timm(**given), groups).ends
    except ScheduleError:
        return
    if ends is not None:
        found = asked(_timm(**given), groups, [ends, ends + 1, ends + 50])
        assume(given.get("cycle_limit", 1) > 0)
        assert lrs_at(found, ends) == lrs_at(found, ends + 1) == lrs_at(found, ends + 50)


TURNS: list[tuple[dict[str, Any], tuple[int, ...], int | None]] = [
    ({"type": "cosine", "num_epochs": 30}, (0, 30), 30),
    ({"type": "cosine", "num_epochs": 30, "warmup_epochs": 5}, (0, 5, 30), 30),
    ({"type": "cosine", "num_epochs": 30, "warmup_epochs": 5, "warmup_prefix": True}, (0, 5, 35), 35),
    ({"type": "tanh", "num_epochs": 10, "cycle_limit": 3}, (0, 10, 20, 30), 30),
    ({"type": "poly", "num_epochs": 10, "cycle_mul": 2.0, "cycle_limit": 2}, (0, 10, 30), 30),
    ({"type": "step", "num_epochs": 10, "decay_epochs": 4, "warmup_epochs": 1}, (0, 1, 4, 8), None),
    ({"type": "multistep", "decay_milestones": [4, 8]}, (0, 3, 7), None),
    ({"type": "wsd", "num_epochs": 30, "warmup_epochs": 5, "decay_epochs": 10}, (0, 5, 20, 30), 30),
    ({"type": "rsqrt", "num_epochs": 30, "warmup_epochs": 5, "warmup_prefix": True}, (0, 5, 29, 35), 35),
    ({"type": "constant", "warmup_epochs": 5}, (0, 5), None),
    ({"type": "plateau", "warmup_epochs": 5}, (0, 5), None),
    ({"type": "none"}, (0,), None),
    ({"type": "cosine", "num_epochs": 10, "noise": [0.2, 0.5]}, (0, 2, 5, 10), 10),
    ({"type": "cosine", "num_epochs": 3, "step_on_epochs": False, "updates_per_epoch": 100}, (0, 300), 300),
]


@pytest.mark.parametrize(("given", "points", "ends"), TURNS, ids=lambda value: str(value))
def test_where_it_turns(given: dict[str, Any], points: tuple[int, ...], ends: int | None) -> None:
    found = asked(_timm(**given), [{"lr": 0.1}])
    assert (found.turning_points, found.ends) == (points, ends)
    assert found.title.startswith(given["type"])


def test_a_metric_is_for_the_training_to_know() -> None:
    found = asked(_timm(type="plateau", warmup_epochs=2, warmup_lr=0.0), [{"lr": 0.1}], [1, 2, 3])
    assert [lrs_at(found, step) for step in (1, 2, 3)] == [[0.05], [0.1], [None]]
    assert found.notes == (
        "plateau warmup_epochs 2 warmup_lr 0 lowers the lr by a metric, which only the training knows",
    )


def test_the_length_of_the_run_is_timms_num_epochs() -> None:
    groups = [{"lr": 0.1}]
    for said, run, epoch_steps in (
        ({"type": "cosine"}, 30, None),
        ({"type": "cosine", "step_on_epochs": False}, 300, 10),
        ({"sched": "cosine", "sched_on_updates": True, "warmup_epochs": 0}, 300, 10),
    ):
        found = asked(Schedule("timm", said, run, epoch_steps), groups, [15, 30])
        assert (found.ends, found.run) == (run, run)


REFUSED: list[tuple[dict[str, Any], str, str | None, tuple[str, ...]]] = [
    ({"type": "cosin"}, 'timm 1.0.31 has no scheduler "cosin"', 'did you mean "cosine"?', ("type",)),
    ({"type": "zzz"}, 'timm 1.0.31 has no scheduler "zzz"', f"it has {', '.join(SCHEDULES)}", ("type",)),
    ({"sched": "cosin", "epochs": 3}, 'timm 1.0.31 has no scheduler "cosin"', 'did you mean "cosine"?', ("sched",)),
    (
        {"type": "cosine", "num_epoch": 3},
        'timm\'s create_scheduler_v2 has no argument "num_epoch"',
        'did you mean "num_epochs"?',
        ("num_epoch",),
    ),
    (
        {"type": "cosine", "lr_noise": 0.5},
        'timm\'s create_scheduler_v2 has no argument "lr_noise"',
        "timm's train.py has it; here it is noise",
        ("lr_noise",),
    ),
    ({"type": "cosine", "sched": "tanh"}, "`type` is its `sched`", 'remove "sched"', ("sched",)),
    (
        {"type": "cosine", "num_epochs": 0},
        "timm's create_scheduler_v2 would raise AssertionError: assert t_initial > 0",
        None,
        (),
    ),
    (
        {"type": "cosine", "num_epochs": 9, "k_decay": "much"},
        "cosine num_epochs 9 k_decay much would raise TypeError: "
        "unsupported operand type(s) for ** or pow(): 'int' and 'str' at 1",
        None,
        (),
    ),
    (
        {"type": "cosine", "num_epochs": 9, "noise": 0.1, "noise_pct": 0},
        "timm draws each noise until it is below its limit, and here would do so for ever",
        "a limit above 0",
        ("noise_pct",),
    ),
    (
        {"type": "cosine", "num_epochs": 9, "step_on_epochs": False, "updates_per_epoch": "many"},
        "updates_per_epoch is a number of updates, not many",
        None,
        ("updates_per_epoch",),
    ),
]


@pytest.mark.parametrize(("given", "message", "hint", "at"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_timm_refuses_is_refused(given: dict[str, Any], message: str, hint: str | None, at: tuple[str]) -> None:
    with pytest.raises(ScheduleError) as caught:
        asked(Schedule("timm", given), [{"lr": 0.1}], [1])
    (finding,) = caught.value.findings
    assert (finding.message, finding.hint, caught.value.below) == (message, hint, at)


@pytest.mark.parametrize(
    ("given", "run", "hint"),
    [
        ({"type": "cosine"}, None, "--steps N says it, or num_epochs in the config"),
        ({"sched": "tanh"}, None, "--steps N says it, or epochs in the config"),
        ({"type": "step", "noise": 0.5}, None, "--steps N says it, or num_epochs in the config"),
        ({"type": "cosine", "step_on_epochs": False}, 100, "--epoch-steps N says it"),
        ({"sched": "step", "epochs": 9}, None, "write decay_epochs into the config"),
        ({"sched": "multistep", "epochs": 9}, None, "write decay_milestones into the config"),
        ({"sched": "cosine", "epochs": 9, "lr_cycle_limit": 2}, None, "write lr_cycle_decay into the config"),
    ],
)
def test_what_nothing_says_is_asked_for(given: dict[str, Any], run: int | None, hint: str) -> None:
    with pytest.raises(CannotFollow) as caught:
        asked(Schedule("timm", given, run), [{"lr": 0.1}])
    assert caught.value.findings[0].hint == hint


def test_a_run_is_whole_epochs_to_timm() -> None:
    with pytest.raises(ScheduleError) as caught:
        asked(Schedule("timm", {"type": "cosine", "step_on_epochs": False}, 105, 10), [{"lr": 0.1}])
    assert caught.value.findings[0].hint == "--steps 100"


# The whole way, from a config.

CONFIG = """\
constructor: timm
optimizer: {type: adamw, lr: 0.001, weight_decay: 0.05}
paramwise_cfg: {layer_decay: 0.75}
"""
OURS = CONFIG + "scheduler: {type: cosine, num_epochs: 20, warmup_epochs: 3, min_lr: 1.0e-5}\n"
TIMMS = CONFIG + "sched: cosine\nepochs: 20\nwarmup_epochs: 3\nmin_lr: 1.0e-5\nseed: 7\nbatch_size: 4096\n"


@pytest.mark.parametrize("text", [OURS, TIMMS], ids=["create_scheduler_v2", "train.py"])
def test_a_config_under_timms_constructor(tmp_path: Path, text: str) -> None:
    import timm
    from timm.optim._optim_factory import create_optimizer_v2

    (path := tmp_path / "f.yaml").write_text(text)
    report = audit("resnet18", path, request=ScheduleRequest((0, 1, 3, 10, 20)))
    model = timm.create_model("resnet18")
    optimizer = create_optimizer_v2(model, opt="adamw", lr=0.001, weight_decay=0.05, layer_decay=0.75)
    scheduler, _ = create_scheduler_v2(optimizer, num_epochs=20, warmup_epochs=3, min_lr=1e-5)
    names = {id(tensor): name for name, tensor in model.named_parameters()}
    for step in range(21):
        if step:
            scheduler.step(step)
        for group in optimizer.param_groups if step in report.at else ():
            for tensor in group["params"]:
                assert report.lrs_at(report[names[id(tensor)]])[step] == group["lr"]


def test_timms_own_words_become_what_timm_makes_of_them() -> None:
    """Whatever train.py's arguments are, they go through timm's own translation."""
    from types import SimpleNamespace

    words: dict[str, Any] = {
        "epochs": 12, "decay_epochs": 3, "warmup_epochs": 2, "warmup_lr": 0.01, "min_lr": 0.001, "warmup_prefix": True,
        "lr_noise": [0.2, 0.9], "lr_noise_pct": 0.5, "lr_noise_std": 0.3, "seed": 3, "lr_cycle_mul": 1.5,
        "lr_cycle_decay": 0.5, "lr_cycle_limit": 2, "lr_k_decay": 1.5, "decay_rate": 0.3, "cooldown_epochs": 2,
    }  # fmt: skip
    for sched in ("cosine", "tanh", "step", "poly", "wsd"):
        optimizer = optimizer_of([{"lr": 0.1, "lr_scale": 0.5}])
        scheduler, _ = create_scheduler_v2(optimizer, **scheduler_kwargs(SimpleNamespace(sched=sched, **words)))
        real = stepped(optimizer, scheduler.step, range(15))
        found = asked(Schedule("timm", {"sched": sched, **words}), [{"lr": 0.1, "lr_scale": 0.5}], range(15))
        assert {step: lrs_at(found, step) for step in range(15)} == real


def test_words_of_a_training_config_are_read_for_timm_alone(tmp_path: Path) -> None:
    words = "sched: cosine\nepochs: !!python/none x\nmin_lr: 1e-5\n"
    (path := tmp_path / "f.yaml").write_text("optimizer: {type: SGD, lr: 0.1}\n" + words)
    config = pgaudit.load_config(path)
    assert config.schedule is None
    assert not config.ambiguous
    (path := tmp_path / "g.yaml").write_text(
        "optimizer: {type: SGD, lr: 0.1}\nconstructor: torch\nsched: cosine\nmin_lr: 1e-5"
    )
    config = pgaudit.load_config(path)
    assert config.schedule is None
    assert not config.ambiguous
    path.write_text("optimizer: {type: SGD, lr: 0.1}\nsched: cosine\nmin_lr: 1e-5")
    assert pgaudit.load_config(path, constructor="timm").schedule is not None


def test_an_error_stands_at_its_place(tmp_path: Path) -> None:
    (path := tmp_path / "f.yaml").write_text(CONFIG + "scheduler:\n  type: cosine\n  num_epoch: 20\n")
    with pytest.raises(pgaudit.ConfigError) as caught:
        audit("resnet18", path)
    location = caught.value.findings[0].location
    assert location is not None
    assert (location.line, location.column) == (6, 3)


def test_without_a_question_an_unknown_length_is_no_error(tmp_path: Path) -> None:
    (path := tmp_path / "f.yaml").write_text(CONFIG + "scheduler: {type: cosine}\n")
    (note,) = audit("resnet18", path).notes
    assert "nothing says how long the run is" in note
    with pytest.raises(pgaudit.ConfigError, match="nothing says how long the run is"):
        audit("resnet18", path, request=ScheduleRequest((5,)))
    report = audit("resnet18", path, request=ScheduleRequest((5,), run=10))
    assert report.over_time is not None

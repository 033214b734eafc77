"""transformers' schedules: the lrs are those of the real ones, stepped one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

import pgaudit
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.pipeline import audit
from tests.budget import examples
from tests.parity.client import Oracle
from tests.schedules.groups import GROUPS, LRS, STEPS

WARM_UP, TOTAL = st.integers(0, 40), st.integers(1, 120)
CYCLES = st.floats(0.25, 2.0)
FLOOR: list[dict[str, Any]] = [{"min_lr": st.floats(0.0, 1e-3)}, {"min_lr_rate": st.floats(0.0, 1.0)}, {}]
SPECIFIC: dict[str, list[dict[str, Any]]] = {
    "linear": [{}, {"power": st.just(2)}],
    "cosine": [{}, {"num_cycles": CYCLES}],
    "cosine_with_restarts": [{}, {"num_cycles": st.integers(1, 5)}],
    "polynomial": [{}, {"lr_end": st.floats(0.0, 1e-3), "power": st.floats(0.5, 3.0)}],
    "constant": [{}],
    "constant_with_warmup": [{}],
    "inverse_sqrt": [{}, {"timescale": st.integers(1, 200)}],
    "reduce_lr_on_plateau": [{}, {"factor": st.floats(0.1, 0.9), "patience": st.integers(0, 5)}],
    "greedy": [{}, {"patience": st.integers(0, 5)}],
    "cosine_with_min_lr": [{**each, "num_cycles": CYCLES} for each in FLOOR] + FLOOR,
    "cosine_warmup_with_min_lr": [{**each, "warmup_lr_rate": st.floats(0.0, 1.0)} for each in FLOOR] + FLOOR,
    "warmup_stable_decay": [
        {"num_decay_steps": st.integers(0, 40)},
        {
            "num_decay_steps": st.integers(1, 40),
            "num_stable_steps": st.integers(0, 40),
            "warmup_type": st.sampled_from(["linear", "cosine", "1-sqrt", "none"]),
            "decay_type": st.sampled_from(["linear", "cosine", "1-sqrt"]),
            "min_lr_ratio": st.floats(0.0, 1.0),
        },
    ],
}
"""Arguments of each schedule; some make it raise."""
BY_METRIC = ("reduce_lr_on_plateau", "greedy")


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(SPECIFIC)))
    specific = draw(st.fixed_dictionaries(draw(st.sampled_from(SPECIFIC[name]))))
    return {"type": name, "num_warmup_steps": draw(WARM_UP), "num_training_steps": draw(TOTAL), **specific}


@st.composite
def training_arguments(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(set(SPECIFIC) - {*BY_METRIC})))  # those want an evaluation, too
    specific = draw(st.fixed_dictionaries(draw(st.sampled_from(SPECIFIC[name]))))
    found: dict[str, Any] = {"max_steps": draw(TOTAL), "lr_scheduler_type": name}
    warms_up, empty = draw(st.booleans()), draw(st.booleans())
    if warms_up:
        found["warmup_steps"] = draw(st.integers(-1, 40) | st.floats(0.0, 1.0) | st.floats(1.0, 30.0))
    if specific or empty:
        found["lr_scheduler_kwargs"] = specific
    return found


def _agreed(answer: dict[str, Any], given: dict[str, Any], steps: list[int]) -> None:
    assert "broken" not in answer, answer["broken"]
    real, ours = answer["real"], answer["ours"]
    if "raised" in real:
        assert "refused" in ours, (given, real)
        return
    assert "refused" not in ours, (given, ours)
    if given.get("type") in BY_METRIC:
        assert all(lr is None for step, lrs in zip(steps, ours["lrs"], strict=True) for lr in lrs if step)
        assert len(ours["notes"]) == (2 if given["num_warmup_steps"] else 1)
        return
    for real_lrs, our_lrs in zip(real["lrs"], ours["lrs"], strict=True):
        assert our_lrs == (real_lrs if real_lrs is not None else [None] * len(our_lrs)), given


@settings(max_examples=examples(1200))
@given(given=calls(), groups=GROUPS, steps=STEPS, lr=LRS)
def test_the_lrs_are_those_of_the_real_schedule_at_random(
    training: Oracle, given: dict[str, Any], groups: list[dict[str, Any]], steps: list[int], lr: float
) -> None:
    answer = training.ask(function="by_name", given=given, groups=groups, steps=steps, lr=lr)
    event(f"{given.get('type', given.get('lr_scheduler_type'))} {'raised' in answer.get('real', {})}")
    _agreed(answer, given, steps)


@settings(max_examples=examples(400))
@given(given=training_arguments(), groups=GROUPS, steps=STEPS, lr=LRS)
def test_training_arguments_lead_to_the_trainers_schedule_at_random(
    training: Oracle, given: dict[str, Any], groups: list[dict[str, Any]], steps: list[int], lr: float
) -> None:
    answer = training.ask(function="by_arguments", given=given, groups=groups, steps=steps, lr=lr)
    event(f"{given.get('type', given.get('lr_scheduler_type'))} {'raised' in answer.get('real', {})}")
    _agreed(answer, given, steps)


def test_all_schedules_are_tried(training: Oracle) -> None:
    assert set(training.ask(function="types")["types"]) == set(SPECIFIC)


@pytest.mark.parametrize("name", sorted(set(SPECIFIC) - {*BY_METRIC}))
def test_a_step_far_away_is_exact(training: Oracle, name: str) -> None:
    floors: dict[str, dict[str, Any]] = {
        "warmup_stable_decay": {"num_decay_steps": 500},
        "cosine_with_min_lr": {"min_lr": 1e-3},
        "cosine_warmup_with_min_lr": {"min_lr": 1e-3},
    }
    given = {"type": name, "num_warmup_steps": 300, "num_training_steps": 3000, **floors.get(name, {})}
    answer = training.ask(
        function="by_name", given=given, groups=[{"lr": 0.1}, {"lr": 0.3}], steps=[2500, 3500], lr=0.1
    )
    assert answer["real"]["lrs"] == answer["ours"]["lrs"]


TURNS: list[tuple[dict[str, Any], list[int], int | None, int | None]] = [
    ({"type": "linear", "num_warmup_steps": 5, "num_training_steps": 50}, [0, 5, 50], 50, 5),
    ({"type": "cosine", "num_warmup_steps": 0, "num_training_steps": 50}, [0, 50], 50, None),
    (
        {"type": "cosine_with_restarts", "num_warmup_steps": 10, "num_training_steps": 50, "num_cycles": 2},
        [0, 10, 30, 50],
        50,
        10,
    ),
    ({"type": "constant"}, [0], None, None),
    ({"type": "constant_with_warmup", "num_warmup_steps": 5}, [0, 5], None, 5),
    ({"type": "inverse_sqrt", "num_warmup_steps": 5}, [0, 5], None, 5),
    (
        {"type": "warmup_stable_decay", "num_warmup_steps": 5, "num_stable_steps": 20, "num_decay_steps": 10},
        [0, 5, 25, 35],
        35,
        5,
    ),
    (
        {"type": "warmup_stable_decay", "num_warmup_steps": 5, "num_training_steps": 50, "num_decay_steps": 10},
        [0, 5, 40, 50],
        50,
        5,
    ),
    ({"type": "reduce_lr_on_plateau"}, [0], None, None),
    ({"lr_scheduler_type": "cosine", "warmup_steps": 0.1, "max_steps": 50}, [0, 5, 50], 50, 5),
    ({"warmup_steps": 7, "num_training_steps": 50}, [0, 7, 50], 50, 7),
]


@pytest.mark.parametrize(("given", "points", "ends", "warms_up"), TURNS, ids=lambda value: str(value))
def test_where_it_turns(
    training: Oracle, given: dict[str, Any], points: list[int], ends: int | None, warms_up: int | None
) -> None:
    found = training.ask(function="of_schedule", given=given)
    assert (found["points"], found["ends"], found["warms_up"]) == (points, ends, warms_up)


LENGTHS: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({"type": "linear", "num_warmup_steps": 5}, {"run": 80}),
    ({"lr_scheduler_type": "linear", "warmup_steps": 5}, {"run": 80}),
    ({"lr_scheduler_type": "linear", "warmup_steps": 5, "max_steps": -1}, {"run": 80}),
    ({"lr_scheduler_type": "linear", "warmup_steps": 5, "num_train_epochs": 2.5}, {"epoch_steps": 32}),
]


@pytest.mark.parametrize(("given", "told"), LENGTHS, ids=lambda value: str(value))
def test_the_length_of_the_run_is_the_schedules(training: Oracle, given: dict[str, Any], told: dict[str, int]) -> None:
    found = training.ask(function="of_schedule", given=given, **told)
    assert (found["points"], found["run"]) == ([0, 5, 80], 80)


MISSING: list[tuple[dict[str, Any], str]] = [
    ({"type": "linear", "num_warmup_steps": 5}, "num_training_steps"),
    ({"type": "warmup_stable_decay", "num_warmup_steps": 5, "num_decay_steps": 3}, "num_training_steps"),
    ({"lr_scheduler_type": "linear"}, "max_steps"),
    ({"lr_scheduler_type": "inverse_sqrt", "warmup_steps": 0.1}, "max_steps"),
]


@pytest.mark.parametrize(("given", "word"), MISSING, ids=lambda value: str(value)[:50])
def test_what_nothing_says_is_asked_for(training: Oracle, given: dict[str, Any], word: str) -> None:
    found = training.ask(function="of_schedule", given=given)
    assert found["undetermined"]
    assert found["hint"] == f"--steps N says it, or {word} in the config"


COSINE = {"type": "cosine", "num_warmup_steps": 1, "num_training_steps": 9}
STRAY = (
    "transformers' get_scheduler would raise TypeError: "
    "get_cosine_schedule_with_warmup() got an unexpected keyword argument 'num_cycle'"
)
MEANT = 'did you mean "num_cycles"?'
NO_LINER = 'transformers 5.23.0 has no schedule "liner"'
REFUSED: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({"type": "liner"}, NO_LINER, 'did you mean "linear"?', "type"),
    ({"lr_scheduler_type": "liner"}, NO_LINER, 'did you mean "linear"?', "lr_scheduler_type"),
    ({**COSINE, "num_cycle": 2}, STRAY, MEANT, "num_cycle"),
    ({**COSINE, "scheduler_specific_kwargs": {"num_cycle": 2}}, STRAY, MEANT, "scheduler_specific_kwargs.num_cycle"),
    (
        {"lr_scheduler_type": "cosine", "max_steps": 9, "lr_scheduler_kwargs": {"num_cycle": 2}},
        STRAY,
        MEANT,
        "lr_scheduler_kwargs.num_cycle",
    ),
    (
        {"type": "reduce_lr_on_plateau", "patienc": 2},
        "transformers' get_scheduler would raise TypeError: "
        "ReduceLROnPlateau.__init__() got an unexpected keyword argument 'patienc'",
        'did you mean "patience"?',
        "patienc",
    ),
    (
        {"type": "linear", "optimizer": 1},
        "transformers gets its optimizer from here",
        'remove "optimizer"',
        "optimizer",
    ),
    (
        {"warmup_ratio": 0.1, "max_steps": 9},
        'TrainingArguments of transformers 5.23.0 has no argument "warmup_ratio"',
        "warmup_steps below 1 is a ratio there",
        "warmup_ratio",
    ),
    (
        {"lr_scheduler_type": "linear", "warmup_steps": "few", "max_steps": 9},
        "TrainingArguments would raise TypeError: '<' not supported between instances of 'str' and 'int'",
        None,
        "warmup_steps",
    ),
    ({"warmup_steps": 1, "max_steps": "many"}, "max_steps is a number of steps, not many", None, "max_steps"),
    (
        {"warmup_steps": 1, "max_steps": 9, "lr_scheduler_kwargs": 3},
        "lr_scheduler_kwargs is a mapping of arguments",
        None,
        "lr_scheduler_kwargs",
    ),
    (
        {**COSINE, "scheduler_specific_kwargs": 3},
        "scheduler_specific_kwargs is a mapping of arguments",
        None,
        "scheduler_specific_kwargs",
    ),
]


@pytest.mark.parametrize(("given", "message", "hint", "below"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_transformers_refuses_is_refused(
    training: Oracle, given: dict[str, Any], message: str, hint: str | None, below: str
) -> None:
    found = training.ask(function="of_schedule", given=given)
    assert (found["refused"], found["hint"], ".".join(found["below"])) == (message, hint, below)


def test_what_a_schedule_does_not_look_at_is_noted(training: Oracle) -> None:
    found = training.ask(function="of_schedule", given={"type": "constant", "num_warmup_steps": 5, "power": 2})
    assert found["notes"] == ["transformers' constant does not look at power, num_warmup_steps"]


def test_arguments_as_json_are_read_as_training_arguments_reads_them(training: Oracle) -> None:
    given = {"lr_scheduler_type": "cosine_with_min_lr", "max_steps": 9, "lr_scheduler_kwargs": '{"min_lr": "0.01"}'}
    steps = [0, 5, 9]
    answer = training.ask(function="by_arguments", given=given, groups=[{"lr": 0.1}], steps=steps, lr=0.1)
    assert answer["ours"]["lrs"][-1] == [0.01]
    _agreed(answer, given, steps)


# Where transformers is not installed, as in the environment of the tests.

CONFIG = """\
constructor: transformers
optimizer: {type: AdamW, lr: 0.001, weight_decay: 0.05}
"""
TRAINED = CONFIG + "lr_scheduler_type: cosine\nwarmup_steps: 0.1\nmax_steps: 1000\nlogging_steps: 5\n"


@pytest.mark.parametrize("text", [CONFIG + "scheduler: {type: cosine}\n", TRAINED], ids=["ours", "TrainingArguments"])
def test_without_transformers_only_whoever_asks_is_told(tmp_path: Path, text: str) -> None:
    (path := tmp_path / "f.yaml").write_text(text)
    notes = audit("resnet18", path).notes
    assert ["asked of transformers itself" in note for note in notes] == ([] if text == TRAINED else [True])
    with pytest.raises(pgaudit.ConfigError, match="asked of transformers itself") as caught:
        audit("resnet18", path, request=ScheduleRequest((5,)))
    (finding,) = caught.value.findings
    assert finding.hint == "pip install 'pgaudit[transformers]'"
    assert finding.location is not None
    assert finding.location.line == 3


def test_under_no_code_transformers_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGAUDIT_NO_CODE", "1")
    (path := tmp_path / "f.yaml").write_text(TRAINED)
    assert audit("resnet18", path).over_time is None
    with pytest.raises(pgaudit.ConfigError, match="no code run but torch's and timm's"):
        audit("resnet18", path, request=ScheduleRequest((5,)))


def test_where_the_words_of_training_arguments_stand(tmp_path: Path) -> None:
    (path := tmp_path / "f.yaml").write_text(TRAINED)
    config = pgaudit.load_config(path)
    assert config.schedule is not None
    assert config.schedule.given == {"lr_scheduler_type": "cosine", "warmup_steps": 0.1, "max_steps": 1000}
    assert config.schedule.places["warmup_steps"] == ("warmup_steps",)
    location = config.location("warmup_steps")
    assert location is not None
    assert location.line == 4
    path.write_text(CONFIG + "max_steps: 1000\n")  # a word of many training configs, which alone says nothing
    assert pgaudit.load_config(path).schedule is None

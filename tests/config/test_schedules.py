"""Where configs say how the lr changes over time; and that reading it changes nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pgaudit import audit
from pgaudit.config import load_config
from pgaudit.config.schedules import own_schedule
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.schedule import Schedule, ScheduleRequest
from pgaudit.pipeline import audit as audit_with
from tests.parity.client import ROOT, Oracle

SGD = "{type: SGD, lr: 0.1}"
MMENGINE = f"optim_wrapper: {{optimizer: {SGD}}}\n"
MMCV = f"optimizer: {SGD}\n"
STEP = "{type: MultiStepLR, milestones: [8], by_epoch: true}"


def read(tmp_path: Path, text: str) -> Schedule | None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path).schedule


def test_mmengine_says_it_in_param_scheduler(tmp_path: Path) -> None:
    found = read(
        tmp_path, MMENGINE + f"default_scope: mmdet\ntrain_cfg: {{max_epochs: 12}}\nparam_scheduler: [{STEP}]\n"
    )
    assert found is not None
    assert (found.library, found.at, found.is_own) == ("mmengine", ("param_scheduler",), False)
    assert found.given == [{"type": "MultiStepLR", "milestones": [8], "by_epoch": True}]
    assert found.around == {"train_cfg": {"max_epochs": 12}, "default_scope": "mmdet"}


@pytest.mark.parametrize("other", ["{type: LinearMomentum, end: 5}", "{type: StepParamScheduler, param_name: eps}"])
def test_a_schedule_of_something_else_alone_is_none_of_a_lr(tmp_path: Path, other: str) -> None:
    assert read(tmp_path, MMENGINE + f"param_scheduler: {other}\n") is None
    assert read(tmp_path, MMENGINE + f"param_scheduler: [{other}, {STEP}]\n") is not None
    assert read(tmp_path, MMENGINE + "param_scheduler: null\n") is None


def test_mmcv_says_it_in_lr_config(tmp_path: Path) -> None:
    found = read(tmp_path, MMCV + "lr_config: {policy: step, step: [8]}\nrunner: {max_epochs: 12}\ntotal_epochs: 12\n")
    assert found is not None
    assert (found.library, found.given) == ("mmcv", {"policy": "step", "step": [8]})
    assert found.around == {"runner": {"max_epochs": 12}, "total_epochs": 12}


def test_detectron2_says_it_in_solver(tmp_path: Path) -> None:
    found = read(tmp_path, "SOLVER: {BASE_LR: 0.02, MAX_ITER: 10}\n")
    assert found is not None
    assert (found.library, found.given, found.at) == ("detectron2", {"BASE_LR": 0.02, "MAX_ITER": 10}, ("SOLVER",))


def test_each_layout_reads_its_own_words_alone(tmp_path: Path) -> None:
    assert read(tmp_path, MMENGINE + "lr_config: {policy: step}\nscheduler: {type: StepLR, step_size: 1}\n") is None
    assert read(tmp_path, f"optimizer: {SGD}\nrunner: fast\ntotal_epochs: 3\ntrain_cfg: [1]\n") is None


@pytest.mark.parametrize(
    "value", ["!!python/tuple [1, 2]", "{a: 1, a: 2}", "&x [*x]", "!custom {policy: step}", "{policy: 2020-13-45}"]
)
@pytest.mark.parametrize("key", ["lr_config", "runner", "param_scheduler", "train_cfg", "total_epochs"])
def test_what_cannot_be_read_there_is_left_alone_as_before(tmp_path: Path, key: str, value: str) -> None:
    layout = MMENGINE if key in ("param_scheduler", "train_cfg") else MMCV
    (tmp_path / "before.yaml").write_text(f"{layout}x{key}: {value}\n")
    load_config(tmp_path / "before.yaml")  # under a name that nobody knows
    (tmp_path / "after.yaml").write_text(f"{layout}{key}: {value}\n")
    assert load_config(tmp_path / "after.yaml").schedule is None or "2020" in value


def test_a_number_that_pyyaml_takes_for_a_text_is_no_finding_there(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(MMENGINE + "param_scheduler: {type: CosineAnnealingLR, eta_min: 1e-5}\n")
    assert load_config(path).ambiguous == ()


TWO = [{"type": "PolyLR"}, {"type": "StepLR"}]


@pytest.mark.parametrize(
    ("given", "library", "wanted"),
    [
        ({"type": "mmengine:PolyLR", "end": 3}, "mmengine", {"type": "PolyLR", "end": 3}),
        (
            [{"type": "mmengine:PolyLR"}, {"type": "mmengine:StepLR"}],
            "mmengine",
            [{"type": "PolyLR"}, {"type": "StepLR"}],
        ),
        ([{"type": "mmengine:PolyLR"}, {"type": "StepLR"}], "mmengine", [{"type": "PolyLR"}, {"type": "StepLR"}]),
        ({"type": "mmcv:step", "step": [8]}, "mmcv", {"type": "step", "step": [8]}),
        ({"type": "detectron2:WarmupCosineLR"}, "detectron2", {"type": "WarmupCosineLR"}),
        ({"type": "StepLR"}, "torch", {"type": "StepLR"}),
    ],
)
def test_a_name_before_the_colon_is_the_library(given: Any, library: str, wanted: Any) -> None:
    found = own_schedule(given, "mmcv", ("scheduler",))
    assert found is not None
    assert (found.library, found.given, found.is_own) == (library, wanted, True)


DETECTION: dict[str, Any] = {
    "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.1}},
    "train_cfg": {"max_epochs": 12},
    "param_scheduler": [{"type": "LinearLR", "by_epoch": False, "end": 500}, {"type": "StepLR", "step_size": 3}],
}
OLDER: dict[str, Any] = {"optimizer": {"type": "SGD", "lr": 0.1}, "lr_config": {"policy": "step", "step": [8]}}
LENGTHLESS: dict[str, Any] = {**OLDER, "lr_config": None, "scheduler": {"type": "OneCycleLR", "max_lr": 0.1}}
del LENGTHLESS["lr_config"]


@pytest.mark.parametrize("config", [DETECTION, OLDER, {"SOLVER": {"BASE_LR": 0.02}}])
def test_another_librarys_schedule_is_followed_where_it_is_asked_for(config: dict[str, Any]) -> None:
    """None of the three libraries is installed beside the tests, which shows whether anybody looks."""
    model = "resnet18"
    without = {key: None if key in ("param_scheduler", "lr_config") else value for key, value in config.items()}
    assert audit(model, config).to_dict() == audit(model, without).to_dict()
    assert audit(model, config).over_time is None
    looked = audit_with(model, config, request=ScheduleRequest(checks=True))
    (note,) = looked.notes
    assert note.startswith(f"`{looked.config.schedule.at[0]}` is not followed: ")  # type: ignore[union-attr]
    assert "is not installed" in note or "--epoch-steps N" in note
    assert looked.to_dict() == audit(model, without).to_dict()
    with pytest.raises(ConfigError, match="is not installed|how many steps an epoch has"):
        audit_with(model, config, request=ScheduleRequest(at=(0,)))


def test_a_schedule_of_our_own_is_always_looked_at() -> None:
    lengthless = audit("resnet18", LENGTHLESS)
    assert [note for note in lengthless.notes if "--steps N" in note] == list(lengthless.notes)
    with pytest.raises(ConfigError, match="OneCycleLR"):
        audit_with("resnet18", LENGTHLESS, request=ScheduleRequest(at=(0,)))
    wrong = {**LENGTHLESS, "scheduler": {"type": "StepLR", "stepsize": 3}}
    with pytest.raises(ConfigError, match="stepsize"):
        audit("resnet18", wrong)
    missing = {**LENGTHLESS, "scheduler": {"type": "mmengine:StepLR", "step_size": 3}}
    assert "is not installed" in audit("resnet18", missing).notes[0]


def test_no_code_lets_no_other_library_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGAUDIT_NO_CODE", "1")
    with pytest.raises(ConfigError, match="--no-code"):
        audit_with("resnet18", OLDER, request=ScheduleRequest(at=(0,)))
    with pytest.raises(UsageError, match="--no-code"):
        audit_with("resnet18", OLDER, request=ScheduleRequest(schedule=Schedule("mmcv", {"type": "step"})))


PUBLISHED = {"mmpretrain": 40, "mmdet": 15, "mmpose": 8, "mmseg": 8}
"""Of so many configs of a package, one here and there, the schedules are followed."""


@pytest.fixture(scope="module")
def mmpretrain() -> Iterator[Oracle]:
    """pgaudit beside mmengine and the packages."""
    with Oracle("mmengine", "tests.schedules.oracle_published", "mmpretrain") as oracle:
        yield oracle


@pytest.mark.parametrize("package", PUBLISHED)
def test_published_configs_are_read_and_followed(mmpretrain: Oracle, package: str) -> None:
    folder = ROOT / ".oracles/mmpretrain" / package / ".mim/configs"
    files = [path for path in sorted(folder.rglob("*.py")) if "_base_" not in path.parts]
    assert files
    followed = 0
    for path in files[:: max(1, len(files) // PUBLISHED[package])]:
        found = mmpretrain.ask(path=str(path))
        if "unread" in found:  # a config without an optimizer, or whose base is not installed with it
            assert any(why in found["unread"] for why in ("neither", "no such base", "pkg_resources")), found
            continue
        assert "error" not in found, (path, found)
        followed += found["schedule"] == "mmengine"
    assert followed >= PUBLISHED[package] // 2


def test_the_corpus_of_policies_is_read_as_it_was() -> None:
    """Policies of published configs, under a schedule, are the same without."""
    policies = json.loads((ROOT / "tests/data/mmpretrain_policies.json").read_text(encoding="utf-8"))
    assert policies
    for policy in policies[:40]:
        if "optimizer" not in policy:
            continue
        config = {"optim_wrapper": {"optimizer": policy["optimizer"]}}
        with_schedule = load_config({**config, "param_scheduler": DETECTION["param_scheduler"]})
        assert with_schedule.optimizer == load_config(config).optimizer
        assert with_schedule.schedule is not None

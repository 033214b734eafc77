"""The gate over time: expectations at a step and locks with lrs at a few steps, as a user types it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, OneCycleLR, SequentialLR, StepLR

import pgaudit
from pgaudit import cli
from pgaudit.core.expectations import Expectations, LrExpectation, ParamExpectation
from pgaudit.gate.expected import unexpected
from tests.budget import examples
from tests.random_schedules import STEPS, schedules

NETS = """\
import torch
from torch import nn
def tiny():
    return nn.ModuleDict({"backbone": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
def make(eta_min=1e-6):
    model = tiny()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return model, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100, eta_min)
def unknown():
    model, optimizer, scheduler = make()
    scheduler.lock = __import__("threading").Lock()  # which no copy can have
    return model, optimizer, scheduler
"""
FROZEN = """\
def frozen():
    net = tiny()
    net["backbone"].requires_grad_(False)
    return net
"""
CONFIG = """\
model: nets.py:tiny
optimizer: {type: SGD, lr: 0.1}
paramwise_cfg: {custom_keys: {backbone: {lr_mult: 0.1}}}
scheduler:
  type: CosineAnnealingLR
  T_max: 100
  eta_min: 1.0e-6
"""
EXPECT = """\
params:
  "backbone.*":
    at:
      0: {lr: 1.0e-2}
      100: {lr: 1.0e-6}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "c.yaml").write_text(CONFIG)
    (tmp_path / "e.yaml").write_text(EXPECT)
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = cli.main([*arguments])
    captured = capsys.readouterr()
    return code, re.sub(r"\n {6}", " ", captured.out + captured.err)


def _indented(text: str) -> str:
    return "expect:\n" + "".join(f"  {line}\n" for line in text.splitlines())


# Expectations.


@pytest.mark.parametrize("inside", [True, False])
def test_an_expectation_at_a_step_asks_the_schedule(
    folder: Path, capsys: pytest.CaptureFixture[str], inside: bool
) -> None:
    more = _indented(EXPECT) if inside else ""
    given_as = [] if inside else ["--expect", "e.yaml"]
    (folder / "c.yaml").write_text(CONFIG + more)
    code, out = _run(capsys, "check", "c.yaml", *given_as)
    assert code == 0, out
    assert "there is no schedule" not in out
    (folder / "c.yaml").write_text(CONFIG.replace("1.0e-6", "1.0e-5") + more)
    code, out = _run(capsys, "check", "c.yaml", *given_as)
    assert code == 1
    assert ("c.yaml:13:9" if inside else "e.yaml:5:7") + "  expect-params unexpected-setting [error]" in out
    expected = '2 tensors such as backbone.weight ("backbone.*"): expected lr 1e-06 at step 100, got 1e-05'
    assert f"{expected} by CosineAnnealingLR T_max 100 eta_min 1e-5" in out
    assert "at step 0" not in out


WRONG: dict[str, tuple[str, str, str]] = {
    "no schedule": (
        CONFIG.partition("scheduler")[0],
        "100: {lr: 1.0e-6}",
        "expected lr 1e-06 at step 100, got 0.010000000000000002, for there is no schedule",
    ),
    "past its end": (
        CONFIG.partition("scheduler")[0] + "scheduler: {type: OneCycleLR, max_lr: 0.01, total_steps: 50}\n",
        "100: {lr: 1.0e-6}",
        "got none, for OneCycleLR max_lr 0.01 total_steps 50 ends at 49",
    ),
    "by a metric": (
        CONFIG.partition("scheduler")[0] + "scheduler: {type: ReduceLROnPlateau}\n",
        "100: {lr: 1.0e-6}",
        "got none, for ReduceLROnPlateau lowers the lr by a metric, which only the training knows",
    ),
    "in no optimizer": (
        CONFIG.partition("paramwise")[0].replace("tiny", "frozen") + "constructor: timm\n",
        "100: {lr: 1.0e-6}",
        "expected lr 1e-06 at step 100, got none, for it is not in the optimizer",
    ),
}


@pytest.mark.parametrize(("config", "step", "message"), WRONG.values(), ids=WRONG)
def test_why_a_lr_is_not_what_is_expected(
    folder: Path, capsys: pytest.CaptureFixture[str], config: str, step: str, message: str
) -> None:
    (folder / "nets.py").write_text(NETS + FROZEN)
    (folder / "c.yaml").write_text(config + _indented(f"params:\n  'backbone.*': {{at: {{{step}}}}}\n"))
    code, out = _run(capsys, "check", "c.yaml")
    assert code == 1
    assert message in out


def test_what_a_file_does_not_say_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "lock", "c.yaml", "-o", "plain.lock")[0] == 0
    assert _run(capsys, "lock", "c.yaml", "-o", "timed.lock", "--at", "0,100")[0] == 0
    code, out = _run(capsys, "check", "plain.lock", "--expect", "e.yaml")
    assert code == 1
    assert "expected lr 0.01 at step 0, got none, for plain.lock does not say it" in out
    assert _run(capsys, "check", "timed.lock", "--expect", "e.yaml")[0] == 0
    (folder / "e.yaml").write_text(EXPECT.replace("100:", "99:"))
    code, out = _run(capsys, "check", "timed.lock", "--expect", "e.yaml")
    assert code == 1
    assert "expected lr 1e-06 at step 99, got none, for timed.lock does not say it" in out


def test_a_floor_of_zero_is_zero(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each lr is computed from the last one, and what remains of 0.1 after 30 steps is not 0 to the last bit."""
    (folder / "c.yaml").write_text(CONFIG.replace("T_max: 100", "T_max: 30").replace("1.0e-6", "0"))
    (folder / "e.yaml").write_text("params: {'*': {at: {30: {lr: 0}}}}\n")
    assert _run(capsys, "check", "c.yaml", "--expect", "e.yaml")[0] == 0


@settings(max_examples=examples(100))
@given(given=schedules(groups=4), steps=STEPS, data=st.data())
def test_random_expectations_hold_where_the_lr_is_as_expected(
    given: object, steps: list[int], data: st.DataObject
) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    policy = {"optimizer": {"type": "SGD", "lr": 0.1}, "paramwise_cfg": {"custom_keys": {"0": {"lr_mult": 0.5}}}}
    asked = pgaudit.audit(model, policy, scheduler=given, at=steps)
    name = data.draw(st.sampled_from([each.name for each in asked]))
    step = data.draw(st.sampled_from(steps))
    lr = asked.lrs_at(name)[step]
    for wanted, holds in ((0.0 if lr is None else lr, lr is not None), (7.0, False)):
        params = ParamExpectation(name, None, None, None, None, None, ("p",), None, (LrExpectation(step, wanted, ()),))
        found = [*unexpected(asked, Expectations(params=(params,)))]
        assert len(found) == (not holds)
        assert all(f"at step {step}" in each.message for each in found)


# Locks.


Make = Callable[[torch.optim.Optimizer], LRScheduler]
REAL: dict[str, Make] = {
    "{type: CosineAnnealingLR, T_max: 100, eta_min: 1.0e-6}": lambda its: CosineAnnealingLR(its, 100, eta_min=1e-6),
    "{type: StepLR, step_size: 30}": lambda its: StepLR(its, step_size=30),
    "{type: OneCycleLR, max_lr: [0.1, 1], total_steps: 102}": lambda its: OneCycleLR(its, [0.1, 1], total_steps=102),
    "[{type: LinearLR, total_iters: 10}, {type: StepLR, step_size: 20}, {milestones: [10]}]": (
        lambda its: SequentialLR(its, [LinearLR(its, total_iters=10), StepLR(its, step_size=20)], [10])
    ),
}


def _really(make: Make) -> dict[str, tuple[str, ...]]:
    """The lrs of backbone and head at 0, 50 and 100, by the real scheduler on a real optimizer, as a lock has them."""
    groups: list[dict[str, Any]] = [{"params": [*nn.Linear(2, 2).parameters()], "lr": lr} for lr in (0.1 * 0.1, 0.1)]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    scheduler = make(optimizer)
    found = []
    for step in range(101):
        if step in (0, 50, 100):
            found.append([f"{step} {group['lr']!r}" for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return dict(zip(("backbone", "head"), zip(*found, strict=True), strict=True))


@pytest.mark.parametrize(("schedule", "make"), REAL.items(), ids=REAL)
def test_a_lock_holds_what_the_real_scheduler_sets(
    folder: Path, capsys: pytest.CaptureFixture[str], schedule: str, make: Make
) -> None:
    config = CONFIG.partition("paramwise_cfg")[0] + f"scheduler: {schedule}\nconstructor: rules\n"
    config += 'paramwise_cfg: {rules: [{match: {name: "backbone.*"}, lr_mult: 0.1}]}\n'
    (folder / "c.yaml").write_text(config)
    code, out = _run(capsys, "lock", "c.yaml", "--at", "100,0,50")
    assert code == 0, out
    really = _really(make)
    for part, begin in (("backbone", "0.010000000000000002"), ("head", "0.1")):
        assert re.search(rf"^{begin}  0\.0  at {re.escape(', '.join(really[part]))}  .*{part}\.", out, re.M), out


def test_a_floor_that_moved_fails_at_its_step(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "lock", "c.yaml", "--at", "0,100", "-o", "c.lock") == (0, "")
    assert _run(capsys, "check", "c.yaml", "--lock", "c.lock")[0] == 0
    (folder / "c.yaml").write_text(CONFIG.replace("1.0e-6", "1.0e-5"))
    code, out = _run(capsys, "check", "c.yaml", "--lock", "c.lock")
    assert code == 1
    now = "CosineAnnealingLR T_max 100 eta_min 1e-5"
    locked = "CosineAnnealingLR T_max 100 eta_min 1e-6"
    assert f"c.yaml:4:1  lock schedule-moved [error]  schedule: locked as {locked}, now {now}" in out
    assert "c.yaml:4:1  lock moved [error]  2 tensors such as backbone.weight: lr at step 100 1e-06 → 1e-05\n" in out
    assert "c.yaml:4:1  lock moved [error]  2 tensors such as head.weight: lr at step 100 1e-06 → 1e-05\n" in out
    assert "step 0" not in out
    assert "if that is meant: pgaudit lock c.yaml -o c.lock --update" in out


def test_what_moved_otherwise_says_its_steps_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "lock", "c.yaml", "--at", "0,1,2,3,4,5", "-o", "c.lock")[0] == 0
    (folder / "c.yaml").write_text(CONFIG.replace("lr_mult: 0.1", "lr_mult: 0.2"))
    code, out = _run(capsys, "check", "c.yaml", "--lock", "c.lock")
    assert code == 1
    assert out.count(" lock moved ") == 1
    assert (
        "c.yaml:3:31  lock moved [error]  2 tensors such as backbone.weight: lr 0.010000000000000002 → "
        "0.020000000000000004 by custom_keys.backbone, lr at step 0 0.010000000000000002 → 0.020000000000000004, lr at"
    ) in out
    assert "and at 2 more steps" in out


SILENT = {
    "the same in other words": ("eta_min: 1.0e-6", "eta_min: 0.000001"),
    "what the class does anyway": ("T_max: 100", "T_max: 100\n  last_epoch: -1"),
}


@pytest.mark.parametrize("edit", SILENT.values(), ids=SILENT)
def test_another_schedule_with_the_same_lrs_fails_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], edit: tuple[str, str]
) -> None:
    assert _run(capsys, "lock", "c.yaml", "--at", "0,100", "-o", "c.lock")[0] == 0
    (folder / "c.yaml").write_text(CONFIG.replace(*edit))
    code, out = _run(capsys, "check", "c.yaml", "--lock", "c.lock", "-v")
    assert code == 0
    assert ("other-schedule [warning]" in out) == ("last_epoch" in edit[1])


def test_a_schedule_that_is_gone_or_new_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = CONFIG.partition("scheduler")[0]
    (folder / "plain.yaml").write_text(plain)
    assert _run(capsys, "lock", "c.yaml", "--at", "100", "-o", "c.lock")[0] == 0
    assert _run(capsys, "lock", "plain.yaml", "--at", "100", "-o", "plain.lock")[0] == 0
    code, out = _run(capsys, "check", "plain.yaml", "--lock", "c.lock")
    assert code == 1
    assert "schedule: locked as CosineAnnealingLR T_max 100 eta_min 1e-6, now none" in out
    code, out = _run(capsys, "check", "c.yaml", "--lock", "plain.lock")
    assert code == 1
    assert "schedule: locked as none, now CosineAnnealingLR T_max 100 eta_min 1e-6" in out
    assert _run(capsys, "check", "plain.yaml", "--lock", "plain.lock")[0] == 0


def test_a_lock_without_steps_is_as_it_was(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, with_schedule = _run(capsys, "lock", "c.yaml")
    (folder / "c.yaml").write_text(CONFIG.partition("scheduler")[0])
    assert (code, with_schedule) == _run(capsys, "lock", "c.yaml")
    assert with_schedule.startswith("pgaudit lock, format 1\n")


def test_an_update_keeps_the_steps_and_the_options(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "c.yaml").write_text(CONFIG.partition("scheduler")[0])
    asked = ["--scheduler", "{type: CosineAnnealingLR, eta_min: 1.0e-9}", "--steps", "51"]
    assert _run(capsys, "lock", "c.yaml", "--at", "0,50", *asked, "-o", "c.lock")[0] == 0
    before = (folder / "c.lock").read_text()
    assert _run(capsys, "check", "c.yaml", "--lock", "c.lock")[0] == 0
    assert _run(capsys, "lock", "c.yaml", "-o", "c.lock") == (0, "")
    assert (folder / "c.lock").read_text() == before
    code, out = _run(capsys, "lock", "c.yaml", "--at", "0,25", "-o", "c.lock")
    assert code == 2
    assert "c.lock exists, and agrees on other settings: lrs at 0, 25 in place of 0, 50" in out
    code, out = _run(capsys, "lock", "c.yaml", "--steps", "61", "-o", "c.lock", "--update")
    assert (code, out) == (0, "c.lock: ~ 1 in the setup · ~ 4 changed · 0 unchanged\n")
    after = (folder / "c.lock").read_text()
    assert "at: 0, 50 steps\n" in after
    assert "steps: 61\n" in after
    assert _run(capsys, "check", "c.yaml", "--lock", "c.lock")[0] == 0


def test_a_schedule_without_a_step_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = _run(capsys, "lock", "c.yaml", "--scheduler", "{type: StepLR, step_size: 3}")
    assert code == 2
    assert "no step is named" in out


def test_a_report_that_says_no_lr_over_time_fails_a_lock_that_does(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(capsys, "lock", "c.yaml", "--at", "0", "-o", "c.lock")[0] == 0
    assert _run(capsys, "lock", "c.yaml", "-o", "plain.lock")[0] == 0
    code, out = _run(capsys, "check", "plain.lock", "--lock", "c.lock")
    assert code == 1
    assert 'the lock has lrs over time, and "plain.lock" does not say them' in out


# A project file, and what is built.


def test_audits_of_a_project_file_ask_their_own_steps(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "lock", "c.yaml", "--at", "0,100", "-o", "c.lock")[0] == 0
    assert _run(capsys, "lock", "nets.py:make", "--at", "50", "-o", "built.lock")[0] == 0
    project = (
        "audits:\n"
        "  - {config: c.yaml, lock: c.lock, expect: e.yaml}\n"
        "  - {built: 'nets.py:make', lock: built.lock, expect: b.yaml, model_args: ARGS}\n"
    )
    (folder / "b.yaml").write_text("params: {'*': {at: {100: {lr: 1.0e-6}}}}\n")
    (folder / "pgaudit.yaml").write_text(project.replace("ARGS", "{}"))
    assert _run(capsys, "check")[0] == 0
    (folder / "pgaudit.yaml").write_text(project.replace("ARGS", "{eta_min: 1.0e-3}"))
    code, out = _run(capsys, "check")
    assert code == 1
    assert "expected lr 1e-06 at step 100, got 0.001 by CosineAnnealingLR T_max 100 eta_min 0.001" in out
    assert (
        "schedule: locked as CosineAnnealingLR T_max 100 eta_min 1e-6, now CosineAnnealingLR T_max 100 eta_min 0.001"
        in out
    )
    assert re.search(r"4 tensors such as backbone.weight: lr at step 50 0\.0500005\d* → 0\.05049", out)


def test_a_scheduler_that_cannot_be_copied_makes_the_lr_unknown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "b.yaml").write_text("params: {'*': {at: {7: {lr: 0.1}}}}\n")
    code, out = _run(capsys, "check", "nets.py:unknown", "--expect", "b.yaml")
    assert code == 1
    assert "got none, for the lrs of CosineAnnealingLR are not known: TypeError" in out
    code, out = _run(capsys, "lock", "nets.py:unknown", "--at", "7")
    assert code == 0
    assert "  at 7 -  " in out
    assert "cannot be copied" not in _run(capsys, "show", "nets.py:unknown")[1]


def test_steps_that_are_asked_for_have_to_be_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    endless = CONFIG.partition("scheduler")[0] + "scheduler: {type: OneCycleLR, max_lr: 0.1}\n"
    (folder / "c.yaml").write_text(endless)
    assert _run(capsys, "check", "c.yaml")[0] == 0  # its length is not known, which is a note
    code, out = _run(capsys, "check", "c.yaml", "--at", "0,7")
    assert (code, "nothing says how long the run is" in out, "--steps N says it" in out) == (2, True, True)
    assert _run(capsys, "check", "c.yaml", "--at", "0,7", "--steps", "50", "--fail-on", "never")[0] == 0
    assert _run(capsys, "check", "c.yaml", "--at", "0,soon")[0] == 2
    assert _run(capsys, "check", "--at", "3")[0] == 2


def test_a_lock_hides_no_finding_about_the_configs_own_schedule(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "c.yaml").write_text(CONFIG.partition("scheduler")[0])
    _run(capsys, "lock", "c.yaml", "--at", "10", "--scheduler", "{type: StepLR, step_size: 5}", "-o", "c.lock")
    assert _run(capsys, "check", "c.yaml", "--lock", "c.lock")[0] == 0
    flat = "scheduler: {type: OneCycleLR, max_lr: 0.1, total_steps: 50}\n"
    (folder / "c.yaml").write_text(CONFIG.partition("scheduler")[0] + flat)
    code, out = _run(capsys, "check", "c.yaml", "--lock", "c.lock")
    assert (code, "PG027" in out) == (1, True)
    assert "schedule: locked as StepLR step_size 5, now OneCycleLR" in out

"""What every output says of the lr over time, against torch's own schedulers that are stepped on the real optimizer."""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.numbers import computed
from pgaudit.pipeline import audit
from pgaudit.render.report.data import render_csv, render_json
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection
from pgaudit.render.terminal import TableOptions
from pgaudit.sources.saved_report import from_json
from tests.budget import examples

_FACTOR = st.floats(0.05, 1.5)
_FEW = st.integers(1, 12)
_PLAIN = st.one_of(
    st.fixed_dictionaries({"type": st.just("CosineAnnealingLR"), "T_max": _FEW, "eta_min": st.sampled_from([0, 1e-3])}),
    st.fixed_dictionaries({"type": st.just("StepLR"), "step_size": _FEW, "gamma": _FACTOR}),
    st.fixed_dictionaries({"type": st.just("ExponentialLR"), "gamma": _FACTOR}),
    st.fixed_dictionaries({"type": st.just("MultiStepLR"), "milestones": st.lists(_FEW, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"type": st.just("LinearLR"), "start_factor": st.floats(0.1, 1), "total_iters": _FEW}),
    st.fixed_dictionaries({"type": st.just("PolynomialLR"), "total_iters": _FEW, "power": _FACTOR}),
    st.fixed_dictionaries({"type": st.just("CosineAnnealingWarmRestarts"), "T_0": _FEW}),
)
_ONE_CYCLE = st.fixed_dictionaries(
    {"type": st.just("OneCycleLR"), "max_lr": _FACTOR, "total_steps": st.integers(5, 20)}
)
_IN_TURN = st.builds(
    lambda first, then, at: {"type": "SequentialLR", "schedulers": [first, then], "milestones": [at]},
    *(_PLAIN, _PLAIN, _FEW),
)
_SCHEDULES = st.one_of(_PLAIN, _ONE_CYCLE, _IN_TURN)
_OPTIMIZERS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["SGD", "AdamW"]),
        "lr": st.sampled_from([0.1, 3e-4, 1.0]),
        "weight_decay": st.sampled_from([0.0, 0.05]),
        "momentum": st.just(0.9),
    }
).map(lambda given: given if given["type"] == "SGD" else {key: given[key] for key in given if key != "momentum"})
_POLICIES = st.fixed_dictionaries(
    {
        "bias_lr_mult": st.sampled_from([1.0, 2.0]),
        "norm_decay_mult": st.sampled_from([0.0, 1.0]),
        "custom_keys": st.dictionaries(st.sampled_from(["head", "0.0", "1"]), st.builds(dict, lr_mult=_FACTOR)),
    }
)


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)) for _ in range(3))
        self.head = nn.Linear(2, 2)
        self.stem = nn.Linear(2, 2)
        self.stem.weight.requires_grad = False


@settings(max_examples=examples(100))
@given(
    optimizer=_OPTIMIZERS,
    policy=_POLICIES,
    schedule=_SCHEDULES,
    steps=st.sets(st.integers(0, 25), min_size=1, max_size=5).map(sorted),
    fold=st.booleans(),
)
def test_random_lrs_over_time_are_those_of_the_real_scheduler(
    optimizer: dict[str, Any], policy: dict[str, Any], schedule: dict[str, Any], steps: list[int], fold: bool
) -> None:
    config = {"constructor": "mmcv", "optimizer": optimizer, "paramwise_cfg": policy, "scheduler": schedule}
    report = audit(_Net(), config, request=ScheduleRequest(tuple(steps)))
    expected = _stepped(config, steps)
    data = json.loads("".join(render_json(report, Selection())))
    assert {each["name"]: each["lr_at"] for each in data["params"]} == {
        name: {str(step): lr for step, lr in lrs.items()} for name, lrs in expected.items()
    }
    rows = csv.DictReader(io.StringIO(render_csv(report, Selection())))
    for row in rows:
        found = {step: row[f"lr_at_{step}"] for step in steps}
        assert found == {step: "" if lr is None else str(lr) for step, lr in expected[row["name"]].items()}
    _agree_on_screen("".join(render_table(report, Selection(), TableOptions(fold=fold))), expected, report)
    again = from_json(data)
    assert {row.name: again.lrs_at(row) for row in again} == expected


def _stepped(config: Mapping[str, Any], steps: list[int]) -> dict[str, dict[int, float | None]]:
    """The lr of each parameter after so many steps of the real scheduler on the real optimizer."""
    model = _Net()
    optimizer = pgaudit.build_optimizer(model, dict(config))
    groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    found: dict[str, dict[int, float | None]] = {name: {} for name, _ in model.named_parameters()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler: Any = _made(config["scheduler"], optimizer)
        ended = False
        for step in range(max(steps) + 1):
            for name, p in model.named_parameters():
                if step in steps:
                    found[name][step] = None if ended or id(p) not in groups else groups[id(p)]["lr"]
            try:
                optimizer.step()
                scheduler.step()
            except ValueError:
                ended = True
    return found


def _made(given: Mapping[str, Any], optimizer: torch.optim.Optimizer) -> Any:
    arguments = {key: value for key, value in given.items() if key != "type"}
    if "schedulers" in arguments:
        arguments["schedulers"] = [_made(each, optimizer) for each in arguments["schedulers"]]
    return getattr(torch.optim.lr_scheduler, given["type"])(optimizer, **arguments)


def _agree_on_screen(text: str, expected: Mapping[str, Mapping[int, float | None]], report: pgaudit.Report) -> None:
    """Each row's lrs are those of every parameter that its name stands for."""
    lines = text.splitlines()
    begin = next(index for index, line in enumerate(lines) if line.startswith("parameter "))
    titles = lines[begin]
    told: set[str] = set()
    at = {step: re.search(rf"lr@{step}(?= )", titles) for step in report.at}
    for line in lines[begin + 1 : lines.index("", begin)]:
        names = report.names.matching(line.split()[0])
        told |= names
        for step, title in at.items():
            assert title is not None
            value = line[title.start() :].split()[0]
            assert {computed(expected[name][step]) for name in names} == {value}, (line, step)
    assert told == set(expected)

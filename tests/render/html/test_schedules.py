"""The lr over the run in the HTML report: what is packed is what the report says at each step."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit import cli
from pgaudit.built.audit import audit_objects
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.pipeline import audit
from pgaudit.render.html.schedules import Pictures, pictures_of
from pgaudit.render.html.shares import shares_of
from tests.render.html.written import BREAKOUT, data_of, page
from tests.render.over_time import COSINE, ONE_CYCLE, POLICY, scheduled
from tests.render.reports import HOSTILE

ROOT = Path(__file__).parents[3]
WARM_UP: Mapping[str, Any] = {
    "type": "SequentialLR",
    "schedulers": [
        {"type": "LinearLR", "start_factor": 0.1, "total_iters": 500},
        {"type": "CosineAnnealingLR", "T_max": 4_500},
    ],
    "milestones": [500],
}
STEPS: Mapping[str, Any] = {"type": "MultiStepLR", "milestones": [3_000, 4_999, 7_000], "gamma": 0.1}
TIMM: Mapping[str, Any] = {
    "constructor": "timm",
    "optimizer": {"type": "adamw", "lr": 1e-3, "weight_decay": 0.05},
    "paramwise_cfg": {"layer_decay": 0.5},
    "scheduler": {"type": "cosine", "num_epochs": 60, "warmup_epochs": 5, "min_lr": 1e-5},
}


def built(at: tuple[int, ...] = ()) -> pgaudit.Report:
    """Two optimizers, each with a schedule of its own."""
    made, critic = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), nn.Linear(2, 1)
    net = nn.ModuleDict({"made": made, "critic": critic})
    groups: list[dict[str, Any]] = [
        {"params": [*each.parameters()], "lr": lr} for each, lr in zip(made, (1e-3, 1e-4), strict=True)
    ]
    optimizers = [torch.optim.AdamW(groups), torch.optim.SGD(critic.parameters(), lr=4e-4, momentum=0.9)]
    schedulers = [
        torch.optim.lr_scheduler.CosineAnnealingLR(optimizers[0], 50),
        torch.optim.lr_scheduler.StepLR(optimizers[1], 20),
    ]
    return audit_objects(net, optimizers, schedulers, ScheduleRequest(at, run=50, sketch=True))


Make = Callable[[tuple[int, ...]], pgaudit.Report]
REPORTS: dict[str, Make] = {
    "cosine": lambda at: scheduled(at=at, sketch=True),
    "one cycle": lambda at: scheduled(ONE_CYCLE, at=at, sketch=True),
    "a warm-up": lambda at: scheduled(WARM_UP, at=at, sketch=True),
    "steps": lambda at: scheduled(STEPS, at=at, run=10_000, sketch=True),
    "--plot": lambda at: scheduled(at=at, plot=True),
    "layer decay": lambda at: audit("vit_tiny_patch16_224", TIMM, request=ScheduleRequest(at, sketch=True)),
    "two optimizers": built,
}


def pictures(report: pgaudit.Report) -> Pictures:
    return pictures_of(report, shares_of(report))


@pytest.mark.parametrize("which", REPORTS)
def test_each_line_is_what_the_report_says_at_each_step(which: str) -> None:
    made = REPORTS[which]
    report = made(())
    text = page(report)
    data = data_of(text)["schedules"]
    drawn = pictures(report).drawn
    assert [each.data for each in drawn] == data
    for picture, packed in zip(drawn, data, strict=True):
        steps = [*accumulate(packed["steps"])]
        assert steps == sorted(set(steps))
        assert len(steps) <= 1_000
        asked = made(tuple(steps))
        rows = {row.name: row for row in asked.params}
        for line, lrs in zip(picture.lines, packed["lines"], strict=True):
            expected = [*asked.lrs_at(rows[line.first]).values()]
            assert lrs == pytest.approx(expected, rel=1e-5)
    every = [asked.lrs_at(row) for row in asked.params if row.group is not None]
    told = sum(line.tensors for picture in drawn for line in picture.lines)
    assert told == len(every)


def test_a_line_a_course_and_not_a_group() -> None:
    report = REPORTS["layer decay"](())
    (picture,) = pictures(report).drawn
    assert len(report.groups) > len(picture.lines) == 14
    assert [line.shade for line in picture.lines] == sorted(line.shade for line in picture.lines)
    assert {line.colour for line in picture.lines} == {"rule-0"}
    assert (picture.data["warm"], picture.unit) == (5, "epoch")


def test_where_it_turns_is_seen_with_the_step_before() -> None:
    (picture,) = pictures(REPORTS["steps"](())).drawn
    steps = [*accumulate(picture.data["steps"])]
    assert {2_999, 3_000, 4_998, 4_999, 6_999, 7_000} <= set(steps)
    assert picture.data["turns"] == [3_000, 4_999, 7_000]


def test_colours_are_those_of_the_rules() -> None:
    report = scheduled(sketch=True)
    bars = {bar.key: bar.colour for bar in shares_of(report).bars}
    (picture,) = pictures(report).drawn
    head, others = picture.lines
    assert (head.name, head.rule, head.tensors) == ('"head"', "custom_keys.head", 2)
    assert head.colour == bars["custom_keys.head"]
    assert (others.rule, others.name) == ("", "default, frozen")
    assert others.colour not in bars.values()
    assert (head.start, head.highest, head.end) == ("1", "1", "0.001")
    assert '"head" starts at 1, is 1 at most, and ends at 0.001' in picture.spoken


def test_only_a_page_with_a_line_has_what_draws_it() -> None:
    plain, drawn = page(scheduled()), page(scheduled(sketch=True))
    for sign in ("uPlot", "drawSchedules(all)", ".u-over", 'id="schedules"'):
        assert sign not in plain
        assert (sign in drawn) or sign == "uPlot"
    assert "schedules" not in data_of(plain)
    assert "Leon Sorokin" in drawn
    library = (ROOT / "pgaudit/render/html/vendor/uplot.js").read_text(encoding="utf-8")
    assert not re.findall(r"https?://|innerHTML|\beval\(", library)
    assert drawn == page(scheduled(sketch=True))


@pytest.mark.parametrize(
    ("scheduler", "asked", "why"),
    [
        ({"type": "ExponentialLR", "gamma": 0.9}, {}, "nothing says how long the run is; --steps N does"),
        (
            {"type": "ChainedScheduler", "schedulers": [{"type": "ExponentialLR", "gamma": 0.99999}]},
            {"run": 1_000_000},
            "all 1,000,000 steps would have to be made one by one; with --plot they are",
        ),
    ],
)
def test_why_there_is_no_picture(scheduler: Mapping[str, Any], asked: Mapping[str, Any], why: str) -> None:
    text = page(scheduled(scheduler, sketch=True, **asked))
    assert why in text
    assert "Leon Sorokin" not in text
    assert why not in page(scheduled(scheduler, **asked))


def test_a_function_that_does_not_know_every_step_costs_only_the_picture() -> None:
    net = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    known = dict.fromkeys(range(20), 0.5)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, known.__getitem__)
    report = audit_objects(net, optimizer, scheduler, ScheduleRequest((5,), run=100, sketch=True))
    assert report.lrs_at(report.params[0]) == {5: 0.05}
    assert not pictures(report).drawn


def test_the_command_draws_it_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(json.dumps({"model": "resnet18", **POLICY, "scheduler": COSINE}))
    pages = []
    for more in ([], ["--plot"]):
        out = tmp_path / f"{len(more)}.html"
        assert cli.main(["show", str(config), "-o", str(out), *more]) == 0
        pages.append(out.read_text(encoding="utf-8"))
    assert pages[0] == pages[1]
    assert len(data_of(pages[0])["schedules"]) == 1
    assert "error" not in capsys.readouterr().err


def test_no_more_lines_than_can_be_told_apart() -> None:
    net = nn.Sequential(*(nn.Linear(1, 1) for _ in range(200)))
    groups = [{"params": [*each.parameters()], "lr": (at + 1) * 1e-4} for at, each in enumerate(net)]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    (picture,) = pictures(audit_objects(net, optimizer, scheduler, ScheduleRequest(sketch=True))).drawn
    assert len(picture.lines) == 48
    assert (picture.lines[0].highest, picture.lines[-1].highest) == ("0.02", "1e-4")
    assert "48 of 200 lines" in picture.notes


def breaking() -> pgaudit.Report:
    """Names and a title that want to be markup, under a schedule."""
    model = nn.Sequential()
    for name in (BREAKOUT, HOSTILE):
        model.add_module(name.replace(".", ""), nn.Linear(2, 2))
    keys = {BREAKOUT: {"lr_mult": 2.0}, HOSTILE: {"lr_mult": 3.0}, BREAKOUT.replace(".", ""): {"lr_mult": 4.0}}
    return audit(
        model,
        {**POLICY, "paramwise_cfg": {"custom_keys": keys}, "scheduler": COSINE},
        request=ScheduleRequest(sketch=True),
    )


def test_names_stay_text() -> None:
    text = page(breaking())
    clean = page(scheduled(sketch=True))
    assert text.lower().count("</script") == clean.lower().count("</script")
    assert "<img" not in text
    assert not any(letter in text for letter in "\x1b\u202e")
    assert len(pictures(breaking()).drawn[0].lines) >= 2


def test_the_vendored_library_is_the_one_that_web_names() -> None:
    package = json.loads((ROOT / "web" / "package.json").read_text())
    text = (ROOT / "pgaudit/render/html/vendor/uplot.js").read_text(encoding="utf-8")
    assert f"uplot {package['dependencies']['uplot']}\n" in text
    assert "MIT License" in text
    assert "</script" not in text.lower()

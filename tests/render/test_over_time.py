"""The lr over time on paper: columns, what gives way to the name, order, headings, and the line about the schedule."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
import yaml
from torch import nn

import pgaudit
from pgaudit.core.schedule import LrOverTime, OptimizerSchedule, ScheduleRequest
from pgaudit.pipeline import audit
from pgaudit.render.over_time import late_columns, late_orders
from pgaudit.render.report.data import render_csv
from pgaudit.render.report.markdown import render_markdown
from pgaudit.render.report.svg import render_svg
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection
from pgaudit.render.style import ASCII
from pgaudit.render.terminal import TableOptions
from pgaudit.sources.products import with_products
from tests.diff.made import param, report
from tests.render.over_time import COSINE, ONE_CYCLE, POLICY, scheduled

STEPS = (0, 50, 100)


def _table(of: pgaudit.Report, selection: Selection = Selection(), **options: object) -> list[str]:  # noqa: B008
    return "".join(render_table(of, selection, TableOptions(**{"fold": True, **options}))).splitlines()  # type: ignore[arg-type]


def test_a_column_a_step_and_the_schedule_in_one_line() -> None:
    lines = _table(scheduled(at=STEPS))
    assert lines[2] == "CosineAnnealingLR T_max 100 eta_min 1e-3 · 100 steps".replace("1e-3", "0.001")
    assert lines[4].split() == ["parameter", "×", "lr", "lr@0", "lr@50", "lr@100", "decay", "decided", "by"]
    head = next(line for line in lines if line.startswith("head."))
    # All groups come to the same lr in the end, which is then nothing that differs.
    assert head.split()[2:9] == ["▲", "1", "▲", "1", "▲", "0.501", "0.001"]


def test_the_schedule_is_told_without_steps_too() -> None:
    lines = _table(scheduled())
    assert "CosineAnnealingLR T_max 100 eta_min 0.001 · 100 steps" in lines
    assert "lr@" not in "\n".join(lines)


def test_no_schedule_is_no_line() -> None:
    assert _table(scheduled(None))[2] == ""


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 120, 200, None])
@pytest.mark.parametrize("steps", [STEPS, tuple(range(0, 400, 7))])
def test_the_name_has_the_right_of_way(width: int | None, steps: tuple[int, ...]) -> None:
    shown = _table(scheduled(at=steps), width=width, groups=True)
    names = [fold.split()[0] for fold in _table(scheduled()) if fold.startswith(("blocks.", "head", "stem", "token"))]
    if width is None or width >= 60:
        assert [name for name in names if any(line.startswith(f"{name} ") for line in shown)] == names
    assert width is None or max(map(len, shown)) <= width
    titles = next(line for line in shown if line.startswith("parameter ")).split()
    there = [int(title[3:]) for title in titles if title.startswith("lr@")]
    if len(there) < len(steps):
        assert any(line.startswith("no room for lr@") for line in shown)
    assert not there or there[-1] == steps[-1]  # the last one stays to the last


def test_columns_give_way_from_the_inside_out() -> None:
    late = [column.late for column in late_columns([f"lr@{step}" for step in range(9)])]
    assert sorted(late) == list(range(1, 10))
    assert (late.index(9), late.index(8), late.index(7)) == (8, 0, 4)
    assert late_orders(["lr", "lr@0", "lr@1", "lr@2", "decay"], first=["lr@2"]) == [0, 2, 3, 1, 0]


def test_no_rows_are_joined_whose_lrs_differ_at_a_step() -> None:
    rows = [param(f"a.{index}.w", group=index) for index in range(4)]
    lrs = {0: (0.1, 0.05), 1: (0.1, 0.05), 2: (0.1, 0.04), 3: (0.1, 0.04)}
    schedule = OptimizerSchedule("x", "step", (0, 5), (0,), lrs, by_group=True)  # type: ignore[arg-type]
    of = replace(report(*rows), over_time=LrOverTime((0, 5), (schedule,)))
    lines = _table(of)
    assert [line.split()[0] for line in lines if line.startswith("a.")] == ["a.{0,1}.w", "a.{2,3}.w"]
    of = replace(of, over_time=LrOverTime((0,), (schedule,)))
    assert [line.split()[0] for line in _table(of) if line.startswith("a.")] == ["a.{0..3}.w"]


def test_changed_sees_what_only_the_schedule_changes() -> None:
    rows = [param("one", group=0), param("two", group=1)]
    lrs = {0: (0.1,), 1: (0.2,)}
    schedule = OptimizerSchedule("x", "step", (5,), (0,), lrs, by_group=True)  # type: ignore[arg-type]
    of = replace(report(*rows), over_time=LrOverTime((5,), (schedule,)))
    shown = [line.split()[0] for line in _table(of, Selection(changed=True)) if line[:4] in ("one ", "two ")]
    assert shown == ["two"]
    order = [line.split()[0] for line in _table(of, Selection(sort="lr")) if line[:4] in ("one ", "two ")]
    assert order == ["two", "one"]


def test_headings_by_group_say_the_lrs() -> None:
    headings = [line for line in _table(scheduled(at=(50,)), Selection(group_by="group")) if " tensors in " in line]
    assert any(line.startswith("lr 1 · lr@50 0.501 · decay 1e-4") for line in headings), headings


def test_past_the_end_there_is_no_lr() -> None:
    of = scheduled(ONE_CYCLE, at=(99, 101))
    assert of["head.weight"].lr is not None
    row = next(line for line in _table(of) if line.startswith("head.")).split()
    assert "–" in row
    assert "✕" not in "".join(row)
    assert [note for note in of.notes if "past its end at 101" in note]


def test_groups_have_the_steps_too() -> None:
    lines = _table(scheduled(at=STEPS), groups=True)
    begin = next(index for index, line in enumerate(lines) if line.startswith("groups "))
    assert lines[begin].split() == ["groups", "first", "index", "lr", *("lr@0", "lr@50", "lr@100"), "decay", *(
        "tensors",
        "parameters",
    )]  # fmt: skip
    assert "0.501" in "".join(lines[begin:])


def test_csv_has_a_column_a_step() -> None:
    of = with_products(scheduled(at=STEPS, policy=_adamw()))
    rows = list(csv.DictReader(io.StringIO(render_csv(of, Selection()))))
    for row in rows:
        its = of[row["name"]]
        for step, lr in of.lrs_at(its).items():
            assert row[f"lr_at_{step}"] == ("" if lr is None else repr(lr))
            share = of.decay_per_step_at(its)[step]
            assert row[f"decay_per_step_at_{step}"] == ("" if share is None else repr(share))
    plain = csv.DictReader(io.StringIO(render_csv(scheduled(), Selection()))).fieldnames or []
    assert plain[-1] == "optimizer"


def test_markdown_and_svg_say_the_same() -> None:
    of = with_products(scheduled(at=STEPS, policy=_adamw()))
    text = render_markdown(of, Selection(), folded=True, plot=True)
    assert "| lr@0 | lr@50 | lr@100 | weight decay | wd×lr@0 |" in text
    assert "CosineAnnealingLR" in text
    assert "```text" in text
    picture = render_svg(of, Selection(), TableOptions(fold=True, plot=True))
    assert "lr@50" in picture
    assert "wd×lr@50" in picture


def _adamw() -> dict[str, object]:
    return {**POLICY, "optimizer": {"type": "AdamW", "lr": 0.1, "weight_decay": 0.05}}


def test_weight_decay_times_lr() -> None:
    lines = _table(with_products(scheduled(None, policy=_adamw())))
    assert "wd×lr: the share of each weight that AdamW takes off in a step" in lines
    assert next(line for line in lines if line.startswith("head.")).split()[2:7] == ["▲", "1", "0.05", "▲", "0.05"]
    assert "wd x lr" not in "".join(lines)
    ascii_lines = _table(with_products(scheduled(None, policy=_adamw())), marks=ASCII)
    assert any(line.startswith("wdxlr:") for line in ascii_lines)


def test_coupled_weight_decay_is_not_shown_as_a_product() -> None:
    lines = _table(with_products(scheduled(COSINE, at=(0,))))
    assert any(
        line.startswith("wd×lr: not what SGD takes off: weight decay is added to the gradient") for line in lines
    )
    row = next(line for line in lines if line.startswith("head.")).split()
    assert row[row.index("1e-4") + 1] == "–"


@pytest.mark.parametrize(
    ("schedule", "decoupled"),
    [
        ("{type: OneCycleLR, max_lr: 0.1, total_steps: 50}", False),
        ("{type: OneCycleLR, max_lr: 0.1, total_steps: 50, cycle_momentum: false}", True),
        ("{type: CyclicLR, base_lr: 0.1, max_lr: 0.2}", False),
        ("{type: StepLR, step_size: 5}", True),
    ],
)
def test_a_schedule_that_sets_a_momentum_couples_weight_decay(schedule: str, decoupled: bool) -> None:
    """SGD has none here of its own; OneCycleLR and CyclicLR write one into the groups (torch 2.15)."""
    config = {"optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.1}, "scheduler": yaml.safe_load(schedule)}
    report = with_products(audit(nn.Linear(2, 2), config, request=ScheduleRequest((0, 7))))
    assert report.assignment.optimizers[0].decoupled is decoupled

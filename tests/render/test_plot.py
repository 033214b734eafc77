"""The picture of each lr over the run."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pgaudit.render.report.plot import plot_lines
from pgaudit.render.style import ASCII, UNICODE
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from tests.render.over_time import COSINE, ONE_CYCLE, POLICY, scheduled

WARM_UP = {
    "type": "SequentialLR",
    "schedulers": [
        {"type": "LinearLR", "start_factor": 0.1, "total_iters": 20},
        {"type": "CosineAnnealingLR", "T_max": 80},
    ],
    "milestones": [20],
}


def _lines(of: Report, **options: Any) -> list[str]:
    """What is drawn below the lrs along the model."""
    lines = [line.plain.rstrip() for line in plot_lines(of, TableOptions(**options))]
    return lines[lines.index("") + 1 :] if "" in lines else []


def _bars(line: str) -> str:
    found = re.findall(rf"[{UNICODE.bars}]+", line)
    return found[0] if found else ""


def test_a_line_a_course_from_the_begin_to_the_end() -> None:
    title, base, head, scale = _lines(scheduled(plot=True))
    assert title.startswith("lr over 100 steps")
    assert base.split()[:4] == ["default,", "frozen", "15", "0.1"]
    assert head.split()[:3] == ['"head"', "2", "1"]
    assert base.endswith("0.001, 0.1")
    for line in (base, head):
        bars = _bars(line)
        assert (bars[0], bars[-1]) == ("█", "▁")
        assert sorted(bars, reverse=True) == list(bars)
    assert scale.split() == ["0", "100"]


def test_the_points_where_it_turns_stand_below_their_cells() -> None:
    *_, line, scale = _lines(scheduled(WARM_UP, plot=True))
    bars, begin = _bars(line), line.index(_bars(line))
    assert scale.split() == ["0", "20", "100"]
    top = (scale.index("20") - begin) / len(bars)
    assert abs(top - 0.2) < 0.03
    assert bars[0] < "█" == bars[round(0.25 * len(bars))]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 300])
def test_it_follows_the_width(width: int) -> None:
    lines = _lines(scheduled(plot=True), width=width)
    assert max(map(len, lines)) <= width
    assert 16 <= max(len(_bars(line)) for line in lines) <= 80


def test_a_short_run_has_a_cell_a_step_at_most() -> None:
    lines = _lines(scheduled({**COSINE, "T_max": 5}, plot=True))
    assert max(len(_bars(line)) for line in lines) == 6


def test_many_lrs_of_one_shape_share_it_and_say_each_begin() -> None:
    keys = {f"blocks.{index}": {"lr_mult": 0.5 + 0.1 * index} for index in range(3)}
    more = {"stem": {"lr_mult": 0.2}, "token": {"lr_mult": 0.3}, "sibling": {"lr_mult": 0.4}, "head": {"lr_mult": 3}}
    policy = {**POLICY, "paramwise_cfg": {"custom_keys": {**keys, **more, "bn1.weight": {"lr_mult": 7}}}}
    of = scheduled({"type": "CosineAnnealingLR", "T_max": 100}, policy=policy, plot=True)
    begins = {row.lr for row in of if row.lr is not None}
    lines = _lines(of)
    assert len([line for line in lines if _bars(line)]) == 1
    said = next(line for line in lines if " begin at " in line).partition(" begin at ")[2]
    assert [float(each) for each in said.split(", ")] == pytest.approx(sorted(begins, reverse=True))
    # A floor is another share of each lr: no two are of one shape.
    with_floor = _lines(scheduled(COSINE, policy=policy, plot=True))
    assert len([line for line in with_floor if _bars(line)]) == len(begins)


def test_past_its_end_there_is_nothing_to_draw() -> None:
    *_, line, _ = _lines(scheduled(ONE_CYCLE, plot=True, run=200))
    assert 0.4 < len(_bars(line)) / 80 < 0.6


def test_without_an_end_the_picture_shows_one_phase_more() -> None:
    title, *_, scale = _lines(scheduled({"type": "StepLR", "step_size": 30}, plot=True))
    assert title.startswith("lr over 60 steps")
    assert scale.split()[-1] == "60"


def test_without_a_schedule_there_is_none_and_without_an_end_it_says_so() -> None:
    assert _lines(scheduled(None, plot=True)) == []
    (line,) = _lines(scheduled({"type": "ExponentialLR", "gamma": 0.9}, plot=True))
    assert "--steps N" in line
    assert _bars("".join(_lines(scheduled({"type": "ExponentialLR", "gamma": 0.9}, plot=True, run=50))))


def test_ascii_has_bars_of_its_own() -> None:
    lines = _lines(scheduled(plot=True), marks=ASCII)
    assert "".join(lines).isascii()
    assert "#" in lines[1]
    assert "_" in lines[1]


def test_the_steps_of_the_picture_are_not_asked() -> None:
    of = scheduled(plot=True, at=(7,))
    assert of.at == (7,)
    schedule = of.schedule_of(0)
    assert schedule is not None
    assert 7 in schedule.steps
    assert not {*schedule.curve_steps} <= {*schedule.steps}
    plain = scheduled(at=(7,)).schedule_of(0)
    assert plain is not None
    assert plain.lrs == schedule.lrs

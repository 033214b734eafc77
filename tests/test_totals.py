"""The few figures that tell an assignment at a glance, against a plain count."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import pgaudit
from pgaudit.totals import percent, totals
from tests.render.html.written import finetune
from tests.render.over_time import scheduled
from tests.render.reports import everything, hostile


@pytest.mark.parametrize("report", [finetune, everything, hostile, scheduled], ids=lambda report: report.__name__)
@pytest.mark.parametrize("by_schedule", [False, True])
def test_totals_are_what_a_plain_count_gives(report: Callable[[], pgaudit.Report], by_schedule: bool) -> None:
    found = report()
    trained = [row for row in found.params if row.in_optimizer and row.param.trainable is not False]
    lrs = [row.setting.peak_lr if by_schedule else row.lr for row in trained]
    known = [lr for lr in lrs if lr is not None]
    given = totals(found.assignment, scheduled=by_schedule)
    assert given.frozen == sum(row.param.trainable is False for row in found.params)
    assert given.left_out == len(found) - given.frozen - len(trained)
    assert given.lrs == ((min(known), max(known)) if known else None)
    assert given.trained_tensors == len(trained)
    assert given.decayed_tensors == sum(bool(row.weight_decay) for row in trained)
    assert given.settings == len({(row.optimizer, row.setting.effect) for row in found.params if row.in_optimizer})
    if found.numel is not None and trained:
        sizes = [(row.param.numel or 0, bool(row.weight_decay)) for row in trained]
        share = 100 * sum(size for size, decayed in sizes if decayed) / sum(size for size, _ in sizes)
        assert given.decayed is not None
        assert float(given.decayed) == pytest.approx(share, rel=1e-2)


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 10**9, "0"), (1, 10**9, "0.01"), (10**9 - 1, 10**9, "99.99"), (10**9, 10**9, "100"), (1, 3, "33.3"),
        (9_996, 10_000, "99.96"), (1, 200, "0.5"),
    ],
)  # fmt: skip
def test_a_share_is_all_or_nothing_only_for_all_or_nothing(part: int, whole: int, words: str) -> None:
    assert percent(part, whole) == words

"""Groups that hold a scale for a schedule: what the lr comes to at the schedule's full height."""

from __future__ import annotations

import pytest
from timm.models import create_model
from timm.optim._param_groups import param_groups_layer_decay
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import optim

import pgaudit
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.sources.lock import written
from pgaudit.sources.lock_reading import read_lock
from pgaudit.sources.saved_report import from_json


@pytest.fixture(scope="module")
def under_way() -> Report:
    """A layer-decayed model three epochs into its warm-up: the lrs in the groups are already scaled."""
    model = create_model("test_vit", pretrained=False)
    optimizer = optim.AdamW(param_groups_layer_decay(model, 0.05, layer_decay=0.5), lr=1e-3)
    scheduler = CosineLRScheduler(optimizer, t_initial=10, warmup_t=5, warmup_lr_init=1e-6, warmup_prefix=True)
    scheduler.step(3)
    return pgaudit.audit(model, optimizer, scheduler=scheduler, at=(5,))


def test_a_scheduler_under_way_scales_once(under_way: Report) -> None:
    assert under_way.scheduled
    for row in under_way:
        assert row.scheduled_lr == 1e-3 * row.setting.extra.get("lr_scale", 1.0)
        assert row.lr is not None
        assert row.scheduled_lr is not None
        assert row.lr < row.scheduled_lr
        assert under_way.lr_after(row, 5) == row.scheduled_lr  # the end of the warm-up


def test_it_is_kept_in_files(under_way: Report) -> None:
    for read in (from_json(under_way.to_dict(), "a.json"), read_lock("a.lock", written(under_way).encode())):
        assert [row.scheduled_lr for row in read] == [row.scheduled_lr for row in under_way]
        assert [row.lr for row in read] == [row.lr for row in under_way]


def test_where_the_schedule_does_not_scale_no_column_says_it_does() -> None:
    policy = {"constructor": "timm", "optimizer": {"type": "AdamW", "lr": 1e-3}, "paramwise_cfg": {"layer_decay": 0.5}}

    def titles(scheduler: dict[str, object] | None) -> str:
        config = policy if scheduler is None else {**policy, "scheduler": scheduler}
        lines = "".join(render_table(pgaudit.audit("test_vit", config), Selection(), TableOptions())).splitlines()
        return next(line for line in lines if line.startswith("parameter"))

    assert "scheduled" in titles(None)
    assert "scheduled" in titles({"type": "timm:cosine", "num_epochs": 10})
    assert "scheduled" not in titles({"type": "CosineAnnealingLR", "T_max": 10})

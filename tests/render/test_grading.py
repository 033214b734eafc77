"""Layer decay is one line a kind of tensor: the lr from the first block to the last, and a staircase."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance
from pgaudit.folds import graded, is_graded, likeness
from pgaudit.names import unfolded
from pgaudit.numbers import is_monotonous
from pgaudit.render.report.grading import staircase
from pgaudit.render.report.markdown import render_markdown
from pgaudit.render.report.rows import folds
from pgaudit.render.report.table import render_table
from pgaudit.render.report.values import ShownValue, values_of
from pgaudit.render.select import Selection
from pgaudit.render.style import ASCII, UNICODE
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from tests.budget import examples
from tests.diff import made

ROOT = Path(__file__).parents[2]
RULE = Provenance("layer_decay")
TIMM = {"constructor": "timm", "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05}}


def _lines(report: Report, width: int | None = None) -> list[str]:
    return "".join(render_table(report, Selection(), TableOptions(width, fold=True))).splitlines()


def _blocks(*lrs: float, rule: Provenance = RULE) -> Report:
    params = [made.param(f"blocks.{index}.weight", lr, 0.1, rule, shape=(2,), numel=2) for index, lr in enumerate(lrs)]
    return made.report(*params)


def test_a_real_layer_decay_is_a_line_a_kind_of_tensor() -> None:
    lines = _lines(pgaudit.audit("vit_tiny_patch16_224", {**TIMM, "paramwise_cfg": {"layer_decay": 0.5}}))
    (line,) = (each for each in lines if each.startswith("blocks.{0..11}.attn.qkv.weight "))
    assert re.split(r"  +", line)[1:] == ["12", "0.001", "▼ 2.44e-7 → 5e-4", "▁▁▁▁▁▁▁▁▂▃▅█", "0.05"]
    assert "lr by layer_decay, where no other rule is named" in lines
    assert sum(line.startswith("blocks.") for line in lines) == 7
    (token,) = (each for each in lines if each.startswith("cls_token "))
    assert re.split(r"  +", token)[3] == "▼ 1.22e-7"  # 1e-3 / 2 ** 13
    (head,) = (each for each in lines if each.startswith("head.bias "))
    assert re.split(r"  +", head)[1:] == ["1", "0.001", "0.001", "▼ 0", "wd filter_bias_and_bn"]


def test_lrs_over_time_are_marked_as_the_lr_is() -> None:
    """Beside the head, whose factor is 1: what timm's scheduler makes of it is the base's course."""
    config = {**TIMM, "paramwise_cfg": {"layer_decay": 0.5}, "scheduler": {"type": "cosine", "num_epochs": 10}}
    lines = _lines(pgaudit.audit("vit_tiny_patch16_224", config, at=[0, 5]))
    cells = {words[0]: words[2:6] for line in lines if len(words := re.split(r"  +", line)) > 5}
    assert cells["cls_token"][1:] == ["▼ 1.22e-7", "▼ 1.22e-7", "▼ 6.1e-8"]  # 1e-3 / 2 ** 13, and half of it
    assert cells["blocks.{0..11}.attn.qkv.weight"][1] == "▼ 2.44e-7 → 5e-4"
    assert cells["blocks.{0..11}.attn.qkv.weight"][3:] == ["▼ 2.44e-7 → 5e-4"]
    assert cells["head.weight"] == ["0.001", "0.001", "0.001", "5e-4"]


def _decayed(*scales: float) -> Report:
    """Layer decay as recipes' code makes it: a group a block, with a factor for the schedule."""
    return pgaudit.audit(*_built([*map(str, range(len(scales)))], lr_scale=scales))


def test_groups_of_code_that_go_from_block_to_block_are_a_line_a_kind_of_tensor() -> None:
    report = _decayed(0.25, 0.5, 1.0)
    (line,) = (each for each in _lines(report) if each.startswith("blocks."))
    assert re.split(r"  +", line) == [
        "blocks.{0..2}.{weight,bias}", "6", "0.1", "▼ 0.025 → 0.1", "▃▅█", "0.01", "3 groups",
    ]  # fmt: skip
    title, narrow = (each for each in _lines(report, 61) if each.startswith(("parameter ", "blocks.")))
    assert [re.split(r"  +", each)[-1] for each in (title, narrow)] == ["group", "×3"]
    level = [each for each in _lines(_decayed(0.5, 0.5, 1.0)) if each.startswith("blocks.")]
    assert [re.split(r"  +", each)[-1] for each in level] == ["2 groups", "group 2"]


def test_of_many_settings_the_first_few_are_listed_where_lines_are_folded() -> None:
    report = _decayed(*(0.9**at for at in range(20)))
    options = TableOptions(100, fold=True)
    texts = ["".join(render_table(report, Selection(), each)) for each in (options, replace(options, groups=True))]
    counts = [len(re.findall(r"^ +1 +\d+ +0\.1 ", text, re.MULTILINE)) for text in texts]
    assert counts == [8, 20]
    assert "20 groups · 20 different settings · --groups shows all\n" in texts[0]
    assert "20 groups · 20 different settings\n" in texts[1]


def test_markdown_has_the_same_lines() -> None:
    text = render_markdown(_blocks(0.1, 0.2, 0.4), Selection(), folded=True)
    assert "| `blocks.{0..2}.weight` | 3 | **0.1 → 0.4** | 0.1 |" in text


@pytest.mark.parametrize("lrs", [(0.1, 0.2, 0.4), (0.4, 0.2, 0.2)])
def test_a_lr_that_rises_or_falls_is_one_line(lrs: tuple[float, ...]) -> None:
    report = _blocks(*lrs)
    (line,) = graded(report.params)
    assert is_graded(line)
    assert len(line.rows) == 3


def test_a_lr_that_goes_up_and_down_is_not() -> None:
    report = _blocks(0.1, 0.4, 0.2, 0.2)
    assert [(line.name, is_graded(line)) for line in graded(report.params)] == [
        ("blocks.0.weight", False),
        ("blocks.1.weight", False),
        ("blocks.{2,3}.weight", False),
    ]


def test_different_rules_are_not() -> None:
    params = [made.param(f"blocks.{at}.weight", 0.1 * at, 0.1, Provenance("custom_keys", str(at))) for at in (1, 2)]
    assert len(graded(params)) == 2


@settings(max_examples=examples(300))
@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.2, 0.4]), st.sampled_from([0.0, 0.1]), st.sampled_from("ab")), min_size=1
    )
)
def test_random_lines_hold_every_row_once_and_what_they_say_is_true(given: list[tuple[float, float, str]]) -> None:
    params: list[ParamAssignment] = [
        made.param(f"blocks.{index}.norm{index % 2}.weight", lr, decay, Provenance("lr_mults", key))
        for index, (lr, decay, key) in enumerate(given)
    ]
    lines = graded(params)
    assert sorted(row.name for line in lines for row in line.rows) == sorted(row.name for row in params)
    assert [line.rows[0].name for line in lines] == sorted(
        (line.rows[0].name for line in lines), key=[row.name for row in params].index
    )
    for line in lines:
        lrs = [row.lr for row in line.rows]
        if is_graded(line):
            rising = sorted(lrs, key=lambda lr: lr or 0.0)
            assert lrs in (rising, rising[::-1])
            assert len({(row.weight_decay, row.setting.lr_rule) for row in line.rows}) == 1
        else:
            assert len({likeness(row) for row in line.rows}) == 1


def test_a_staircase_is_as_high_as_its_lrs_and_never_long() -> None:
    assert staircase(_blocks(0.1, 0.1, 0.4, 0.8).params, UNICODE, scheduled=False) == "▂▅█"
    assert staircase(_blocks(0.1, 0.1, 0.4, 0.8).params, ASCII, scheduled=False) == ".=#"
    assert len(staircase(_blocks(*(0.5**at for at in range(40))).params, UNICODE, scheduled=False)) == 12
    assert staircase(_blocks(0.1, 0.1).params, UNICODE, scheduled=True) == ""


def test_there_is_no_staircase_of_factors_that_the_schedule_does_not_look_at() -> None:
    model, optimizer = _built(lr_scale=[0.25, 0.5, 1.0])
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    report = pgaudit.audit(model, optimizer, scheduler=scheduler)
    (line,) = (each for each in _lines(report) if each.startswith("blocks."))
    assert re.split(r"  +", line) == ["blocks.{0..2}.{weight,bias}", "6", "0.1", "0.01", "3 groups"]


_POWERS = st.lists(st.sampled_from([0.0, 0.5, 0.9, 1.0]), min_size=4, max_size=4)
_FEW = st.lists(st.sampled_from([0.1, 0.2, 0.3]), min_size=4, max_size=4)


@settings(max_examples=examples(100))
@given(_FEW, _FEW, _POWERS, st.permutations("0123"), st.booleans())
def test_a_line_of_what_was_built_has_the_ends_of_each_lr_that_it_shows(
    lrs: list[float], scales: list[float], powers: list[float], order: list[str], at: bool
) -> None:
    model, optimizer = _built(order, lr=lrs, lr_scale=scales, initial_lr=[0.1] * 4)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, [by.__pow__ for by in powers]) if at else None
    report = pgaudit.audit(model, optimizer, scheduler=scheduler, at=[0, 1, 2] if at else ())
    held = {id(param): group for group in optimizer.param_groups for param in group["params"]}
    groups = {name: held[id(param)] for name, param in model.named_parameters()}
    for _, lines in folds(report, Selection(), folded=True):
        for line in lines:
            names = list(unfolded(line.name))
            assert names == [row.name for row in line.rows]
            told = [_ends(each) for each in values_of(report, line.rows)]
            assert told[0] == _true_ends([groups[name]["lr"] for name in names])
            over_time = told[1 + report.scheduled :][: len(report.at)]
            true = [[report.lrs_at(name)[step] for name in names] for step in report.at]
            assert over_time == [*map(_true_ends, true)]


def _built(order: Sequence[str] = "012", **values: Sequence[float]) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A group a block, in the order in which the model has them."""
    model = nn.ModuleDict({"blocks": nn.ModuleDict({name: nn.Linear(2, 2) for name in order})})
    groups = [
        {"params": [*block.parameters()], **dict(zip(values, each, strict=True))}
        for block, each in zip(model["blocks"].children(), zip(*values.values(), strict=True), strict=True)
    ]
    return model, torch.optim.AdamW(groups, lr=0.1)


def _ends(shown: ShownValue) -> tuple[float | None, float | None]:
    return shown.value, shown.value if shown.last is None else shown.last


def _true_ends(lrs: Sequence[float | None]) -> tuple[float | None, float | None]:
    assert is_monotonous(lrs)
    assert lrs[0] != lrs[-1] or len(set(lrs)) == 1
    return lrs[0], lrs[-1]


CONFIGS = {
    "beit_mmseg_old_layer_decay": None,
    "vit_mmpretrain_layer_decay": None,
    "convnext_mmcv": "convnext_tiny",
    "swin_mmcv": "swin_tiny_patch4_window7_224",
    "vit_mmcv": "vit_base_patch16_224",
    "vit_timm": "vit_base_patch16_224",
    "vit_rules": "vit_base_patch16_224",
    "resnet50_mmcv": "resnet50",
    "resnet50_basecls": "resnet50",
}


@pytest.mark.parametrize("config", CONFIGS)
def test_at_80_columns_most_lines_are_one(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = _lines(pgaudit.audit(CONFIGS[config], f"configs/{config}.yaml"), 80)
    begin = next(at for at, line in enumerate(lines) if line.startswith("parameter "))
    rows = lines[begin + 1 : lines.index("", begin)]
    assert sum(line.startswith("    ") for line in rows) <= sum(not line.startswith(" ") for line in rows) / 2

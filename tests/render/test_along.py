"""The lrs along the model: each block with its lrs, and bars as long as they are high."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn, optim

import pgaudit
from pgaudit.core.setting import Provenance
from pgaudit.render.report.along import along_lines
from pgaudit.render.report.blocks import blocks, level_of
from pgaudit.render.report.markdown import render_markdown
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection
from pgaudit.render.style import ASCII
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.report import Report
from tests.budget import examples
from tests.diff import made
from tests.render.reports import Net, everything, hostile

ROOT = Path(__file__).parents[2]
TIMM = {"constructor": "timm", "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05}}
SGD = {"constructor": "mmcv", "optimizer": {"type": "SGD", "lr": 0.1}}
EIGHTHS = " ▏▎▍▌▋▊▉"


def _lines(report: Report, width: int | None = 80) -> list[str]:
    given = TableOptions(width)
    return printed(along_lines(report, given), given).splitlines()


def _rows(report: Report, width: int | None = 80) -> list[tuple[str, int, str, float]]:
    """Of each line its name, its tensors, its lr with its mark, and the cells of its bar."""
    found = []
    for line in _lines(report, width)[1:]:
        words = re.fullmatch(r"(\S*) +(\d+) +(.*?) *([█▏▎▍▌▋▊▉]*)", line)
        assert words, line
        name, tensors, value, bar = words.groups()
        found.append((name, int(tensors), value, bar.count("█") + sum(EIGHTHS.index(c) / 8 for c in bar if c != "█")))
    return found


def test_layer_decay_is_a_staircase_of_bars() -> None:
    report = pgaudit.audit("vit_tiny_patch16_224", {**TIMM, "paramwise_cfg": {"layer_decay": 0.5}})
    title, *_ = _lines(report)
    assert re.fullmatch(r"scheduled lr along the model +× +lr +log scale, 1.22e-7 to 0.001", title)
    rows = _rows(report)
    assert [name for name, *_ in rows][3:-2] == [f"blocks.{at}" for at in range(12)]
    assert rows[3][1:3] == (12, "▼ 2.44e-7")
    lengths = [length for *_, length in rows]
    assert lengths[:3] == [1, 1, 1]
    steps = [b - a for a, b in pairwise(lengths[2:-2])]
    assert max(steps) - min(steps) <= 0.125 + 1e-9  # equal factors are equal steps
    assert rows[-1] == ("head", 2, "0.001", max(lengths))


def test_custom_keys_are_a_line_a_module_and_alike_neighbours_share_one() -> None:
    keys = {"fc": {"lr_mult": 10}, "layer1": {"lr_mult": 0.5}}
    rows = _rows(pgaudit.audit("resnet18", {**SGD, "paramwise_cfg": {"custom_keys": keys}}))
    assert [row[:3] for row in rows] == [
        ("conv1", 1, "0.1"),
        ("bn1", 2, "0.1"),
        ("layer1", 12, "▼ 0.05"),
        ("layer{2..4}", 45, "0.1"),
        ("fc", 2, "▲ 1"),
    ]
    assert [row[3] for row in rows] == [4, 4, 2, 4, 40]  # as long as they are high


def test_a_block_of_several_lrs_has_a_line_for_each() -> None:
    keys = {"mlp.fc1": {"lr_mult": 3}, "head": {"lr_mult": 0}}
    rows = _rows(pgaudit.audit("vit_tiny_patch16_224", {**SGD, "paramwise_cfg": {"custom_keys": keys}}))
    assert [row[:3] for row in rows][3:] == [
        ("blocks", 120, "0.1"),
        ("", 24, "▲ 0.3"),
        ("norm", 2, "0.1"),
        ("head", 2, "▼ 0"),
    ]
    assert rows[-1][3] == 0


def test_what_is_frozen_or_left_out_says_so_without_a_bar() -> None:
    rows = {name: row for name, *row in _rows(everything())}
    assert rows["stem"] == [1, "❄ frozen", 0]
    assert rows["sibling"][1:] == ["✕ –", 0]


def test_each_optimizer_has_a_scale_of_its_own() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))
    weights = [p for p in model.parameters() if p.ndim == 2]
    biases = [p for p in model.parameters() if p.ndim == 1]
    adam = optim.AdamW(biases[:2], lr=1e-4)
    adam.add_param_group({"params": biases[2:], "lr": 1e-3})
    lines = _lines(pgaudit.audit(model, {"muon": optim.SGD(weights, lr=0.02), "adam": adam}))
    assert lines == [
        "muon: lr along the model: 0.02 everywhere",
        "",
        f"adam: lr along the model  ×    lr{'':7}".rstrip(),
        f"{{0,1}}                     2    1e-4   {'█' * 4}",
        f"2                         1  ▲ 0.001  {'█' * 40}",
    ]


def test_one_lr_for_all_is_a_sentence() -> None:
    assert _lines(pgaudit.audit(Net(), {"optimizer": SGD["optimizer"]}, constructor="mmcv"))[0].startswith("lr along")
    model = nn.Linear(2, 2)
    assert _lines(pgaudit.audit(model, SGD)) == ["lr along the model: 0.1 everywhere"]


def test_lrs_that_are_no_numbers_have_no_bar() -> None:
    rule = Provenance("rules")
    lrs = [math.inf, math.nan, 0.0, 1e-300, 1e300]
    report = made.report(*(made.param(f"m{at}.weight", lr, 0.1, rule) for at, lr in enumerate(lrs)))
    assert [length for *_, length in _rows(report)] == [0, 0, 0, 1, 40]


def test_ascii_and_hostile_names() -> None:
    given = TableOptions(80, marks=ASCII)
    assert printed(along_lines(everything(), given), given).isascii()
    assert all(line.isprintable() for line in _lines(hostile()))
    assert "\x1b[" not in "\n".join(_lines(everything()))
    assert "\x1b[32m█" in printed(along_lines(everything(), given := TableOptions(80)), TableOptions(80, colour=True))


@pytest.mark.parametrize("width", [30, 60, 80, 120, None])
@pytest.mark.parametrize("config", ["vit_timm", "resnet50_mmcv", "convnext_mmcv", "resnet50_basecls"])
def test_it_fits(config: str, width: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    model = None if config == "vit_timm" else {"convnext_mmcv": "convnext_tiny"}.get(config, "resnet50")
    lines = _lines(pgaudit.audit(model, f"configs/{config}.yaml"), width)
    assert max(map(len, lines)) <= (width or 120)


def test_show_has_it_on_a_terminal_and_in_markdown() -> None:
    report = everything()
    (at,) = (at for at, line in enumerate(_lines(report)) if line.startswith("head "))
    for text in (
        "".join(render_table(report, Selection(), TableOptions(80, plot=True))),
        render_markdown(report, Selection(), plot=True),
    ):
        assert _lines(report)[at] in text.splitlines()


_PARTS = st.sampled_from(["0", "1", "2", "10", "blocks", "attn", "weight", "bias", "norm1", ""])
_NAMES = st.lists(st.lists(_PARTS, min_size=1, max_size=5).map(".".join), min_size=1, max_size=25, unique=True).map(
    lambda names: sorted(names, key=lambda name: name.split("."))  # what a module holds stands together
)


@settings(max_examples=examples(300))
@given(_NAMES, st.data())
def test_random_blocks_hold_every_parameter_once_and_are_alike(names: list[str], data: st.DataObject) -> None:
    lrs = data.draw(st.lists(st.sampled_from([0.1, 0.2, 0.4]), min_size=len(names), max_size=len(names)))
    report = made.report(*(made.param(name, lr, 0.1, Provenance("a")) for name, lr in zip(names, lrs, strict=True)))
    found = blocks(report, report.params)
    assert sorted(row.name for fold in found for row in fold.rows) == sorted(names)
    firsts = [min(names.index(row.name) for row in fold.rows) for fold in found]
    assert firsts == sorted(firsts)
    drawn = sum(len({level_of(report, row) for row in fold.rows}) for fold in found)
    everywhere = len(set(lrs)) == 1
    assert len(_lines(report, None)) == (1 if everywhere else 1 + drawn)

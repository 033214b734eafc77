"""Two layer decays are a line a kind of tensor; whatever goes back and forth is told block by block."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit.core.setting import Provenance
from pgaudit.diff import Diff, compare
from pgaudit.render.diff.folding import lines_of
from pgaudit.render.diff.line import DiffLine
from pgaudit.render.diff.table import render_diff_table
from pgaudit.render.style import ASCII
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from tests.diff import made

RULE = Provenance("layer_decay")
LRS = st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=4, max_size=4)


def _decayed(rate: float) -> Report:
    config = {"constructor": "timm", "optimizer": {"type": "AdamW", "lr": 1e-3}, "paramwise_cfg": {"layer_decay": rate}}
    return pgaudit.audit("vit_tiny_patch16_224", config)


def _blocks(lrs: list[float]) -> Report:
    return made.report(*(made.param(f"blocks.{at}.weight", lr, 0.1, RULE, numel=2) for at, lr in enumerate(lrs)))


def _lines(diff: Diff) -> list[DiffLine]:
    return lines_of(diff.effective, fold=True)


def _lr(line: DiffLine) -> tuple[str, int]:
    return str(line.value("lr")), line.turn("lr")


def test_two_real_layer_decays_are_a_line_a_kind_of_tensor() -> None:
    diff = compare(_decayed(0.75), _decayed(0.5))
    lines = [line for line in render_diff_table(diff, TableOptions(fold=True)).splitlines() if line.startswith("~ ")]
    (qkv,) = (line for line in lines if "attn.qkv.weight" in line)
    first, last = (0.75**12, 0.5**12), (0.75, 0.5)  # the last block is one below the head
    assert re.split(r"  +", qkv)[:4] == [
        "~ blocks.{0..11}.attn.qkv.weight",
        "12",
        "0.001",
        "▼ 3.17e-5…7.5e-4 → 2.44e-7…5e-4",
    ]
    assert [f"{1e-3 * each:.3g}" for each in (*first, *last)] == ["3.17e-05", "2.44e-07", "0.00075", "0.0005"]
    assert sum("blocks." in line for line in lines) == 7
    assert sum(int(re.split(r"  +", line)[1]) for line in lines[:-1]) == 150
    assert lines[-1] == "~ 150 changed · 2 unchanged"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([0.1, 0.2, 0.3], [0.2, 0.3, 0.4], [("0.1…0.3 → 0.2…0.4", 1)]),
        ([0.1, 0.2, 0.25, 0.3], [0.3, 0.3, 0.3, 0.3], [("0.1…0.25 → 0.3", 1)]),
        ([0.3, 0.2, 0.1], [0.2, 0.1, 0.05], [("0.3…0.1 → 0.2…0.05", -1)]),
        ([0.1, 0.3, 0.2], [0.4, 0.4, 0.5], [("0.1 → 0.4", 1), ("0.3 → 0.4", 1), ("0.2 → 0.5", 1)]),
        ([0.1, 0.2, 0.4], [0.2, 0.1, 0.3], [("0.1 → 0.2", 1), ("0.2 → 0.1", -1), ("0.4 → 0.3", -1)]),
        ([0.1, 0.1, 0.1], [0.2, 0.2, 0.3], [("0.1 → 0.2", 1), ("0.1 → 0.3", 1)]),
    ],
)
def test_what_goes_one_way_is_one_line(
    before: list[float], after: list[float], expected: list[tuple[str, int]]
) -> None:
    assert [_lr(line) for line in _lines(compare(_blocks(before), _blocks(after)))] == expected


def test_numbers_are_counted_as_the_name_counts_them() -> None:
    """A decoder may have its last block first."""
    sides = [
        made.report(*(made.param(f"ups.{at}.weight", lr * at, 0.1, RULE, numel=2) for at in (3, 2, 1)))
        for lr in (0.1, 0.2)
    ]
    (line,) = _lines(compare(*sides))
    assert (line.name, *_lr(line)) == ("ups.{1..3}.weight", "0.1…0.3 → 0.2…0.6", 1)


def test_each_line_names_its_own_group() -> None:
    sides = [
        made.report(*(made.param(f"{name}.weight", lr, 0.1, None, None, group=at) for at, name in enumerate("ab")))
        for lr in (0.1, 0.2)
    ]
    lines = render_diff_table(compare(*sides), TableOptions(fold=True)).splitlines()
    assert [re.split(r"  +", line)[-1] for line in lines if line.startswith("~ ") and "weight" in line] == [
        "group 0",
        "group 1",
    ]


def test_what_two_optimizers_move_stands_by_itself() -> None:
    sides = []
    for lr in (0.1, 0.2):
        model = nn.Sequential(*(nn.Linear(2, 2, bias=False) for _ in range(4)))
        optimizers = [torch.optim.SGD(model.parameters(), lr=lr), torch.optim.SGD(model[:2].parameters(), lr=lr)]
        sides.append(pgaudit.audit(model, optimizers))
    lines = render_diff_table(compare(*sides), TableOptions(fold=True)).splitlines()
    found = [re.split(r"  +", line) for line in lines if ".weight" in line]
    assert [(words[0], words[-1]) for words in found] == [
        ("~ {0,1}.weight", "group 0 and optimizer 1 group 0"),
        ("~ {2,3}.weight", "group 0"),
    ]


def test_ascii_has_a_mark_of_its_own() -> None:
    (line,) = lines_of(compare(_blocks([0.1, 0.2, 0.3]), _blocks([0.2, 0.3, 0.4])).effective, fold=True, marks=ASCII)
    assert str(line.value("lr")).replace("→", "->") == "0.1..0.3 -> 0.2..0.4"


@given(LRS, LRS)
def test_a_line_has_the_ends_of_what_it_stands_for(before: list[float], after: list[float]) -> None:
    diff = compare(_blocks(before), _blocks(after))
    lines = _lines(diff)
    assert sorted(id(each) for line in lines for each in line.changes) == sorted(map(id, diff.effective))
    for line in lines:
        pairs = [[each.setting.lr for each in change.both if each.setting.lr is not None] for change in line.changes]
        for side, words in zip(zip(*pairs, strict=True), str(line.value("lr")).split(" → "), strict=True):
            steps = list(pairwise(side))
            assert all(a <= b for a, b in steps) or all(a >= b for a, b in steps)
            assert words == "…".join(dict.fromkeys(f"{lr:g}" for lr in (side[0], side[-1])))
        assert {(new > old) - (new < old) for old, new in pairs} == {line.turn("lr")}

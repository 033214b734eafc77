"""A folded name stands for exactly the names that its braces spell out."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.parameters import ModuleType, Parameter
from pgaudit.core.setting import Provenance, Setting
from pgaudit.folds import fold, graded
from pgaudit.render.select import Selection, select
from tests.budget import examples
from tests.parity.show_timm import spelled

MODULE = ModuleType("M", ("M",), frozenset())
SETTINGS = [Setting.of(lr, 0.0, Provenance("default"), Provenance("default")) for lr in (0.1, 0.2)]


def _rows(names: list[str], settings: list[int] | None = None) -> list[ParamAssignment]:
    chosen = settings or [0] * len(names)
    return [
        ParamAssignment(Parameter(name, (1,), "float32", True, MODULE), SETTINGS[which], index)
        for index, (name, which) in enumerate(zip(names, chosen, strict=True))
    ]


SEGMENT = st.sampled_from(
    [
        "a",
        "bn1",
        "bn2",
        "bn3",
        "0",
        "1",
        "2",
        "10",
        "007",
        "x2y",
        "x3y",
        "weight",
        "bias",
        "1a",
        "[1]",
        "[2]",
        "[1..2]",
        "]",
    ]
)
NAMES = st.lists(st.lists(SEGMENT, min_size=1, max_size=4).map(".".join), min_size=1, max_size=40, unique=True)


@settings(max_examples=examples(300))
@given(NAMES, st.randoms(use_true_random=False))
def test_random_names_fold_to_patterns_that_spell_exactly_them(names: list[str], random: object) -> None:
    chosen = [random.randrange(2) for _ in names]  # type: ignore[attr-defined]
    rows = _rows(names, chosen)
    folds = fold(rows)
    assert sorted(row.name for line in folds for row in line.rows) == sorted(names)
    for line in folds:
        assert set(spelled(line.name)) == {row.name for row in line.rows}
        assert len({id(row.setting) for row in line.rows}) == 1
    positions = [min(rows.index(row) for row in line.rows) for line in folds]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("names", "folded"),
    [
        (["layer1.0.bn1.weight", "layer1.1.bn1.weight", "layer1.2.bn1.weight"], ["layer1.{0..2}.bn1.weight"]),
        (["a.weight", "a.bias"], ["a.{weight,bias}"]),
        (
            ["b.0.norm1.weight", "b.0.norm2.weight", "b.1.norm1.weight", "b.1.norm2.weight"],
            ["b.{0,1}.norm{1,2}.weight"],
        ),
        (["features.0.weight", "features.3.weight", "features.6.weight"], ["features.{0,3,6}.weight"]),
        # digits of a word join only in runs: layer1 and layer4 are no pair
        (["layer1.0.c.weight", "layer4.0.c.weight"], ["layer1.0.c.weight", "layer4.0.c.weight"]),
        (["p.0", "p.1", "p.2"], ["p.{0..2}"]),
        (["group 0 [0]", "group 0 [1]", "group 0 [2]"], ["group 0 [{0..2}]"]),
        (["a [7].0", "a [7].1", "[1..3].0", "[1..3].1"], ["a [{7}].{0,1}", "[[]1..3].{0,1}"]),
        (["weight", "bias"], ["{weight,bias}"]),
        # an incomplete product is not rounded up
        (["a.0.x", "a.1.x", "a.0.y"], ["a.{0,1}.x", "a.0.y"]),
    ],
)
def test_how_blocks_fold(names: list[str], folded: list[str]) -> None:
    assert [line.name for line in fold(_rows(names))] == folded


def test_equal_values_under_different_rules_do_not_fold() -> None:
    assert len(fold(_rows(["b.0.x", "b.1.x"], [0, 1]))) == 2


def test_settings_that_say_the_same_are_the_same_however_they_came_about() -> None:
    weight, bias = _rows(["a.weight", "a.bias"])
    again = replace(bias, setting=replace(bias.setting, written=(("lr", 0.1),)))
    assert [line.name for line in fold([weight, again])] == ["a.{weight,bias}"]
    other = replace(bias, setting=Setting.of(0.1, 0.0, Provenance("bias_lr_mult"), Provenance("default")))
    assert len(fold([weight, other])) == 2


def test_what_two_optimizers_hold_is_apart_though_it_gets_the_same() -> None:
    """Muon for matrices and AdamW for all else, at one lr and one weight decay."""
    layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
    weights, biases = ([each for each in layers.parameters() if each.ndim == ndim] for ndim in (2, 1))
    muon = torch.optim.Muon(weights, lr=1e-3, weight_decay=0.1)
    adamw = torch.optim.AdamW(biases, lr=1e-3, weight_decay=0.1)
    report = pgaudit.audit(layers, [muon, adamw])
    for fold_ in (fold, graded):
        lines = {line.name: {row.optimizer for row in line.rows} for line in fold_(report.params)}
        assert lines == {"{0..2}.weight": {0}, "{0..2}.bias": {1}}
    assert "{0..2}.weight  3  0.001  0.1    optimizer 0, group 0" in str(report)
    headings = [section.heading for section in select(report, Selection(group_by="group"))]
    assert [heading.partition(" · ")[0] for heading in headings] == ["Muon", "AdamW"]

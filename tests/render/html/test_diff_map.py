"""The map on the page of a diff has every tensor of both sides, tells what the JSON tells, and marks it in the list."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import pgaudit
from benchmarks.growth import POLICIES
from benchmarks.mixture import mixture
from pgaudit.diff import Diff, compare
from pgaudit.render.diff.data import render_diff_json
from pgaudit.render.diff.diff_map import diff_map
from pgaudit.render.diff.folding import lines_of
from pgaudit.render.diff.html import render_diff_html
from tests.render.html.test_diff_page import mended
from tests.render.html.window import CONTRAST, cell, needs_chromium, opened
from tests.render.html.written import FINETUNE, finetune
from tests.render.reports import everything, hostile
from tests.resume.runs import module

RESNET = FINETUNE.parents[1] / "configs" / "resnet50_mmcv.yaml"
MLP = "blocks.{0..11}.mlp"
SGD = {"optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.01}}
NAMES = st.lists(st.sampled_from([f"{a}{b}{c}" for a in "ab" for b in "12" for c in "xy"]), unique=True)


def frozen_and_more() -> Diff:
    """What is frozen, thawed, left out and reshaped, and an lr and a momentum that are others."""
    shapes = dict.fromkeys("abcdef", (2, 2))
    one, other = module(shapes), module({**shapes, "f": (3, 2), "g": (2, 2)})
    one.get_parameter("a").requires_grad = False
    other.get_parameter("b").requires_grad = False
    groups: list[dict[str, Any]] = [{"params": [other.get_parameter(name) for name in "abdfg"], "lr": 0.2}]
    groups += [{"params": [other.get_parameter("e")], "momentum": 0.5}]
    before = torch.optim.SGD(one.parameters(), lr=0.1, weight_decay=0.01)
    return compare(pgaudit.audit(one, before), pgaudit.audit(other, torch.optim.SGD(groups, lr=0.1, weight_decay=0.01)))


DIFFS = {
    "mended": mended,
    "grown": lambda: compare(pgaudit.audit("resnet18", RESNET), pgaudit.audit("resnet50", RESNET)),
    "shrunk": lambda: compare(pgaudit.audit("resnet50", RESNET), pgaudit.audit("resnet18", RESNET)),
    "frozen": frozen_and_more,
    "everything": lambda: compare(everything(), hostile()),
}


def leaves_of(node: list[Any]) -> list[list[Any]]:
    return [leaf for inside in node[-1] for leaf in leaves_of(inside)] if node[-1] else [node]


def told(change: dict[str, Any]) -> str:
    """What a change of the JSON is on the map."""
    before, after = change["before"], change["after"]
    if change["kind"] in ("added", "removed", "same_effect"):
        return str(change["kind"]).replace("same_effect", "alike")
    trains = [each["in_optimizer"] and each["trainable"] is not False for each in (before, after)]
    if trains[0] != trains[1]:
        return "trains" if trains[1] else "frozen" if after["trainable"] is False else "out"
    keys = {"lr": "lr", "weight_decay": "decay"}
    others = [name for key, name in keys.items() if before[key] != after[key]]
    if others:
        return "of-both" if len(others) == 2 else f"of-{others[0]}"
    return "of-shape" if change["kind"] == "reshaped" else "of-other"


@pytest.mark.parametrize("which", DIFFS)
def test_it_counts_what_the_json_tells(which: str) -> None:
    diff = DIFFS[which]()
    wanted = json.loads(render_diff_json(diff))
    drawn = diff_map(diff).drawn
    below = Counter(drawn.leaf_of)
    found: Counter[str] = Counter()
    for place, leaf in enumerate(leaves_of(drawn.data["root"])):
        look, _ = drawn.data["looks"][leaf[4][0]]
        # Tensors that lie in one leaf for want of room may have several looks.
        assert look != "mixed"
        assert leaf[2].startswith(f"{below[place]:,} tensor")
        found[look] += below[place]
    assert found == Counter([*map(told, wanted["changes"]), *["base"] * wanted["counts"]["unchanged"]])


@given(NAMES, NAMES)
def test_random_models_lose_no_tensor_and_keep_their_order(before: list[str], after: list[str]) -> None:
    a, b = (pgaudit.audit(module(dict.fromkeys(names, (1,))), SGD) for names in (before or ["z"], after or ["z"]))
    names = [*diff_map(compare(a, b)).place]
    assert sorted(names) == sorted({row.name for side in (a, b) for row in side.params})
    assert [name for name in names if name in after] == after


def test_without_changes_there_is_no_map_and_no_script_for_one() -> None:
    text = render_diff_html(compare(finetune(), finetune()))
    assert 'id="map"' not in text
    assert 'id="data"' not in text
    assert "ModelMap" not in text


def test_experts_that_change_alike_are_one_node() -> None:
    inventory = mixture(10_000)
    one, other = POLICIES["mmcv"], {**POLICIES["mmcv"], "optimizer": {"type": "SGD", "lr": 0.2, "weight_decay": 1e-4}}
    diff = compare(pgaudit.audit(inventory, one), pgaudit.audit(inventory, other))
    assert len(leaves_of(diff_map(diff).drawn.data["root"])) < 60
    assert len(render_diff_html(diff)) < 200_000


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("key", ["press", "Enter"])
def test_a_press_zooms_and_marks_the_changes_below(tmp_path: Path, key: str) -> None:
    with opened(render_diff_html(mended()), tmp_path) as window:
        at = window.page.locator(cell(MLP))
        if key == "press":
            at.click()
        else:
            at.focus()
            window.page.keyboard.press("Enter")
        assert window.lens == f"#at={MLP}"
        marked = window.page.locator(".changes tr.chosen")
        assert [name.split("\n")[0] for name in marked.locator("th").all_inner_texts()] == [
            "blocks.{0..11}.mlp.fc{1,2}.weight",
            "blocks.{0..11}.mlp.fc{1,2}.bias",
        ]
        assert "2 of 6 lines" in window.text("#below")
        window.page.locator("#below button").click()
        window.assert_quiet()
        window.page.keyboard.press("Escape")
        assert (window.lens, marked.count(), window.text("#below")) == ("", 0, "")


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("fold", [True, False])
def test_a_link_restores_module_and_colours(tmp_path: Path, fold: bool) -> None:
    text = render_diff_html(mended(), fold=fold)
    for at in ("blocks", "head", "patch_embed"):
        with opened(text, tmp_path, f"#at={at}&by=decay") as window:
            names = [name.replace("\n", "") for name in window.page.locator("tr.chosen th").all_inner_texts()]
            listed = [each.name for each in lines_of(mended().changes, fold=fold)]
            assert names == [name for name in listed if name.startswith(at)]
            assert window.page.locator("#by").input_value() == "decay"
            assert "▼ lower" in window.text("#legend")
    with opened(text, tmp_path, "#at=no.such") as window:
        label = str(window.page.locator(cell("head")).get_attribute("aria-label"))
        assert label == "head, 2 tensors, 769 k parameters, weight decay ▼ 1e-4 → 0"
        assert "no module" in window.text("#below")
        window.page.locator("#by").select_option("lr")
        assert "by=lr" in window.lens


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("by", ["", "lr", "decay"])
def test_labels_can_be_read(tmp_path: Path, scheme: str, by: str) -> None:
    for diff in (make() for make in DIFFS.values()):
        with opened(render_diff_html(diff), tmp_path, f"#by={by}", color_scheme=scheme) as window:
            assert window.page.locator(".cell text").count()
            assert window.page.locator(".cell").evaluate_all(CONTRAST) >= 4.5
            window.assert_quiet()

"""No built-in constructor decays by layers, so the assignments are made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from torch import nn

from pgaudit.checks import Audited
from pgaudit.checks.pg017 import check
from pgaudit.config import load_config
from pgaudit.constructors import CONSTRUCTORS, Facts
from pgaudit.inventory.walk import walk


def _audited(depths: list[int | None] | None) -> Audited:
    """Layer depths for the weights of a stack of layers."""
    model = nn.Sequential(*(nn.Linear(1, 1, bias=False) for _ in depths or [0]))
    config = load_config({"optimizer": {"type": "SGD", "lr": 0.1}})
    inventory = walk(model, ref="model", unwrap=True).inventory
    facts = Facts(0.1, 0.0)
    assignment = CONSTRUCTORS["mmcv"].decide(inventory, config, facts)
    given = None if depths is None else tuple(depths)
    return Audited(inventory, config, CONSTRUCTORS["mmcv"], facts, replace(assignment, depths=given))


@pytest.mark.parametrize("depths", [[5] * 10, [0, *[5] * 9], [*[None] * 20, 5, 5], [0, *[13] * 149]])
def test_nearly_all_in_one_layer(depths: list[int | None]) -> None:
    (finding,) = check(_audited(depths))
    most = max(depth or 0 for depth in depths)
    count = depths.count(most)
    assert finding.code == "PG017"
    assert finding.message == (
        f"layer decay puts {count} of {len(depths) - depths.count(None)} parameters into layer {most}"
    )
    assert finding.params == tuple(f"{i}.weight" for i, depth in enumerate(depths) if depth == most)


@pytest.mark.parametrize("depths", [None, [], [3], [None, 3], [None, None], [0, 0, *[5] * 8], list(range(12))])
def test_layers_apart_and_no_layers(depths: list[int | None] | None) -> None:
    assert list(check(_audited(depths))) == []

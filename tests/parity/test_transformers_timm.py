"""Real models: every setting of every parameter, bit for bit, as Trainer has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity import trees
from tests.parity.client import Oracle
from tests.parity.compare import compare

MODELS = (Path(__file__).parents[1] / "data/timm_models.txt").read_text("utf-8").split()


@pytest.mark.parametrize("name", MODELS)
def test_two_groups(transformers: Oracle, name: str, record_property: Callable[[str, object], None]) -> None:
    spec = {"timm": name}
    optimizer = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.05}
    compared = compare(transformers, {"model": spec, "optimizer": optimizer}, trees.build(spec))
    record_property("compared with transformers, settings on timm models", compared)

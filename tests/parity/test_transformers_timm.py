"""Real models: every setting of every parameter, bit for bit, as Trainer has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.parity import trees
from tests.parity.client import Oracle
from tests.parity.compare import compare
from tests.parity.models import shared


@pytest.mark.parametrize("name", shared(2))
def test_two_groups(transformers: Oracle, name: str, record_property: Callable[[str, object], None]) -> None:
    spec = {"timm": name}
    optimizer = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.05}
    compared = compare(transformers, {"model": spec, "optimizer": optimizer}, trees.build(spec))
    record_property("compared with transformers, settings on timm models", compared)

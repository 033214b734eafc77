"""Published policies on real models: every setting of every parameter, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.parity import trees
from tests.parity.client import Oracle
from tests.parity.compare import compare
from tests.parity.models import shared

DATA = Path(__file__).parents[1] / "data"

# The distinct policies of MMClassification 0.25's configs, for mmcv 1.x.
POLICIES: list[dict[str, Any]] = json.loads((DATA / "mmcls_policies.json").read_text("utf-8"))


@pytest.mark.parametrize("name", shared(0))
def test_published_policies(mmcv: Oracle, name: str, record_property: Callable[[str, object], None]) -> None:
    spec = {"timm": name}
    model = trees.build(spec)
    compared = 0
    for policy in POLICIES:
        rules = {key: policy[key] for key in ("optimizer", "paramwise_cfg")}
        compared += compare(mmcv, {"model": spec, **rules}, model)
    record_property("compared with mmcv, published policies", compared)

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
from tests.parity.models import MODELS, SHARES

DATA = Path(__file__).parents[1] / "data"

# The distinct policies of MMClassification 0.25's configs, for mmcv 1.x.
POLICIES: list[dict[str, Any]] = json.loads((DATA / "mmcls_policies.json").read_text("utf-8"))


PARTS = 4
"""Of one model in three, `make test` asks under one policy in so many; `make parity` asks all else."""
CASES = [
    pytest.param(name, part, marks=() if index % (SHARES * PARTS) == SHARES * part else pytest.mark.parity_full)
    for index, name in enumerate(MODELS)
    for part in range(PARTS)
]


@pytest.mark.parametrize(("name", "part"), CASES)
def test_published_policies(mmcv: Oracle, name: str, part: int, record_property: Callable[[str, object], None]) -> None:
    spec = {"timm": name}
    model = trees.build(spec)
    compared = 0
    for policy in POLICIES[part::PARTS]:
        rules = {key: policy[key] for key in ("optimizer", "paramwise_cfg")}
        compared += compare(mmcv, {"model": spec, **rules}, model)
    record_property("compared with mmcv, published policies", compared)

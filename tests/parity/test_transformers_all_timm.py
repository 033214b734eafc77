"""Every model of timm, as Trainer optimizes it: minutes long, so only `make parity` runs it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.parity import trees
from tests.parity.client import Oracle
from tests.parity.compare import compare

SLICES = 64  # enough to share the work out evenly


@pytest.mark.parity_full
@pytest.mark.parametrize("part", range(SLICES))
def test_every_timm_model(transformers: Oracle, part: int, record_property: Callable[[str, object], None]) -> None:
    import timm

    names = timm.list_models()[part::SLICES]
    compared = 0
    for name in names:
        print(name)  # seen where it fails
        spec = {"timm": name}
        optimizer = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.05}
        compared += compare(transformers, {"model": spec, "optimizer": optimizer}, trees.build(spec))
    record_property("compared with transformers, models of timm", len(names))
    record_property("compared with transformers, settings on all of timm", compared)

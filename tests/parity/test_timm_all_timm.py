"""Every model of timm: minutes long, so only `make parity` runs it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.parity.client import Oracle
from tests.parity.test_timm_timm import compare_timm

SLICES = 64  # enough to share the work out evenly


@pytest.mark.parity_full
@pytest.mark.parametrize("part", range(SLICES))
def test_every_timm_model(timm: Oracle, part: int, record_property: Callable[[str, object], None]) -> None:
    from timm import list_models

    names = list_models()[part::SLICES]
    compared = 0
    for name in names:
        print(name)  # seen where it fails
        compared += compare_timm(timm, name)
    record_property("compared with timm, models of timm", len(names))
    record_property("compared with timm, settings on all of timm", compared)

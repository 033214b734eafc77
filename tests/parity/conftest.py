"""The oracle processes: one of each for a whole run (for each xdist worker)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parity.both import Both
from tests.parity.client import Oracle


@pytest.fixture(scope="session")
def mmcv() -> Iterator[Oracle]:
    """The real mmcv 1.x."""
    with Oracle("mmcv", "tests.parity.oracle_mmcv", "mmcv1") as oracle:
        yield oracle


@pytest.fixture(scope="session")
def mmengine() -> Iterator[Oracle]:
    """The real mmengine."""
    with Oracle("mmengine", "tests.parity.oracle_mmengine", "mmengine") as oracle:
        yield oracle


@pytest.fixture
def both(mmcv: Oracle) -> Both:
    """pgaudit and the real mmcv 1.x."""
    return Both(mmcv)

"""The processes with OpenMMLab's libraries, one of each for a whole run (for each xdist worker)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parity.client import Oracle


@pytest.fixture(scope="session")
def reader() -> Iterator[Oracle]:
    """pgaudit with mmengine."""
    with Oracle("mmengine", "tests.openmmlab.reader", "mmengine") as oracle:
        yield oracle


@pytest.fixture(scope="session")
def library() -> Iterator[Oracle]:
    """pgaudit with mmpretrain."""
    with Oracle("mmengine", "tests.openmmlab.reader", "mmpretrain") as oracle:
        yield oracle

"""The process of the real training libraries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parity.client import Oracle


@pytest.fixture(scope="session")
def training() -> Iterator[Oracle]:
    with Oracle("none", "tests.callbacks.library", "training") as oracle:
        yield oracle

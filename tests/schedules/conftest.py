"""The process of transformers, accelerate and Lightning, which are not in pgaudit's own environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parity.client import Oracle


@pytest.fixture(scope="session")
def training() -> Iterator[Oracle]:
    with Oracle("none", "tests.schedules.library", "training") as oracle:
        yield oracle

"""The processes of real libraries that tests of what was built ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parity.client import Oracle


@pytest.fixture(scope="session")
def library() -> Iterator[Oracle]:
    with Oracle("none", "tests.built.library", "training") as oracle:
        yield oracle


@pytest.fixture(scope="session")
def mmengine() -> Iterator[Oracle]:
    with Oracle("none", "tests.built.library", "mmengine") as oracle:
        yield oracle

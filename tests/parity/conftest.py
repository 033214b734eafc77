"""The oracle processes: one of each for a whole run (for each xdist worker)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parity.both import Both
from tests.parity.client import Oracle
from tests.parity.layer_decays import Named


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


@pytest.fixture(scope="session")
def transformers() -> Iterator[Oracle]:
    """The real transformers."""
    with Oracle("transformers", "tests.parity.oracle_transformers", "transformers") as oracle:
        yield oracle


@pytest.fixture(scope="session")
def timm() -> Iterator[Oracle]:
    """The real timm."""
    with Oracle("timm", "tests.parity.oracle_timm") as oracle:
        yield oracle


@pytest.fixture(scope="session")
def mmpretrain() -> Iterator[Oracle]:
    """The real mmpretrain, and the constructors of mmdet, mmsegmentation and mmpose; each request says which."""
    with Oracle("mmpretrain_layer_decay", "tests.parity.oracle_mmpretrain", "mmpretrain") as oracle:
        yield oracle


@pytest.fixture
def both(mmcv: Oracle) -> Both:
    """pgaudit and the real mmcv 1.x."""
    return Both(mmcv)


@pytest.fixture
def layers(mmpretrain: Oracle) -> Both:
    """pgaudit and the real mmpretrain's layer decay."""
    return Both(Named(mmpretrain, "mmpretrain_layer_decay"))


@pytest.fixture(params=["mmdet_layer_decay", "mmseg_layer_decay"])
def named(mmpretrain: Oracle, request: pytest.FixtureRequest) -> Both:
    """pgaudit and the layer decay of mmdet, then of mmseg: they agree but for transformers."""
    return Both(Named(mmpretrain, request.param))


@pytest.fixture
def mmseg(mmpretrain: Oracle) -> Both:
    """pgaudit and mmseg's layer decay."""
    return Both(Named(mmpretrain, "mmseg_layer_decay"))


@pytest.fixture
def mmdet(mmpretrain: Oracle) -> Both:
    """pgaudit and mmdet's layer decay."""
    return Both(Named(mmpretrain, "mmdet_layer_decay"))

"""Random models and policies: pgaudit and the real mmcv agree, or both refuse."""

from __future__ import annotations

from hypothesis import given, settings

from tests.budget import examples
from tests.parity.client import Oracle
from tests.parity.compare import Case, compare
from tests.parity.random_models import listing_otherwise
from tests.parity.random_policies import cases


@settings(max_examples=examples(800))
@given(case=listing_otherwise(cases()))
def test_random_models_and_policies(mmcv: Oracle, case: Case) -> None:
    compare(mmcv, case)

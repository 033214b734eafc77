"""Random models and options: pgaudit and the real timm agree, or both refuse."""

from __future__ import annotations

from hypothesis import given, settings

from tests.budget import examples
from tests.parity.client import Oracle
from tests.parity.compare import Case, compare
from tests.parity.random_models import listing_otherwise
from tests.parity.random_timm import cases


@settings(max_examples=examples(600))
@given(case=listing_otherwise(cases()))
def test_random_models_and_options(timm: Oracle, case: Case) -> None:
    compare(timm, case)

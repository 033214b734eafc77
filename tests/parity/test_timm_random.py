"""Random models and options: pgaudit and the real timm agree, or both refuse."""

from __future__ import annotations

import os

from hypothesis import given, settings

from tests.parity.client import Oracle
from tests.parity.compare import Case, compare
from tests.parity.random_models import listing_otherwise
from tests.parity.random_timm import cases

EXAMPLES = 600 * int(os.environ.get("PGAUDIT_EXAMPLES", "1"))


@settings(max_examples=EXAMPLES)
@given(case=listing_otherwise(cases()))
def test_random_models_and_options(timm: Oracle, case: Case) -> None:
    compare(timm, case)

"""Random models and policies: pgaudit and the real mmcv agree, or both refuse."""

from __future__ import annotations

import os

from hypothesis import given, settings

from tests.parity.client import Oracle
from tests.parity.compare import Case, compare
from tests.parity.random_models import listing_otherwise
from tests.parity.random_policies import cases

EXAMPLES = 800 * int(os.environ.get("PGAUDIT_EXAMPLES", "1"))


@settings(max_examples=EXAMPLES)
@given(case=listing_otherwise(cases()))
def test_random_models_and_policies(mmcv: Oracle, case: Case) -> None:
    compare(mmcv, case)

"""What holds for every check."""

from __future__ import annotations

import inspect
import sys

import pytest

from pgaudit.checks import CHECKS


@pytest.mark.parametrize("code", CHECKS)
def test_a_check_is_one_documented_file(code: str) -> None:
    check = CHECKS[code]
    assert code == check.CODE
    module = sys.modules[f"pgaudit.checks.{code.lower()}"]
    documentation = inspect.getdoc(module) or ""
    for part in ("What: ", "Why it hurts: ", "Example: ", "How to mend it: "):
        assert part in documentation

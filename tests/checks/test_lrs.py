from __future__ import annotations

import pytest

from pgaudit.checks.lrs import distinct, numbers

NUMBERS: dict[str, tuple[list[float], str]] = {
    "one": ([0.1, 0.1], "0.1"),
    "two": ([0.1, 1e-5], "1e-5 and 0.1"),
    "three": ([3, 1, 2], "1, 2 and 3"),
    "more": ([0.1, 0.2, 0.3, 0.4], "0.1 to 0.4"),
    "near": ([0.1, 0.1000000002], "0.1 and 0.1000000002"),
    "nearer": ([0.3, 0.1 + 0.2], "0.3"),
}


@pytest.mark.parametrize(("values", "text"), NUMBERS.values(), ids=NUMBERS)
def test_lrs_in_words(values: list[float], text: str) -> None:
    assert numbers(values) == text
    assert distinct(values) == sorted(distinct(values))

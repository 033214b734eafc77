from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgaudit.render.numbers import bar, elements, needs_log, number, shape


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (0.0, "0"), (0.1, "0.1"), (1.0, "1"), (10.0, "10"), (1e-4, "1e-4"), (0.05, "0.05"),
        (1.2e-5, "1.2e-5"), (0.001, "0.001"), (0.00012, "1.2e-4"), (0.1 * 0.1, "0.01"), (1 / 3, "0.333333"),
        (123456.0, "123456"), (1e6, "1e6"), (1.5e20, "1.5e20"), (-0.5, "-0.5"), (5e-324, "4.94066e-324"),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(value: float | None, text: str) -> None:
    assert number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_to_six_digits(value: float) -> None:
    assert float(number(value)) == pytest.approx(value, rel=1e-5, abs=0)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1000, "1.00 k"), (38400, "38.4 k"), (999_999, "1.00 M"), (86_567_656, "86.6 M"),
     (769_000, "769 k"), (7_000_000_000, "7.00 G")],
)  # fmt: skip
def test_elements(count: int, text: str) -> None:
    assert elements(count) == text


@pytest.mark.parametrize(
    ("values", "log"),
    [([], False), ([None, 0.0], False), ([0.1], False), ([1, 20], False), ([1, 20.1], True), ([20.1, 0, None, 1], True),
     ([-1, 1, 2], False), ([1, float("inf")], False)],
)  # fmt: skip
def test_values_far_apart_need_a_logarithm(values: list[float | None], log: bool) -> None:
    assert needs_log(values) is log


@given(st.floats(0, 1), st.booleans())
def test_a_bar_is_as_long_as_its_share_and_seen_if_there_is_any(share: float, ascii_only: bool) -> None:
    drawn = bar(share, 10, ascii_only=ascii_only)
    assert len(drawn) <= 10
    assert bool(drawn) == (share > 0)
    assert drawn.isascii() == (ascii_only or not drawn)


def test_shapes() -> None:
    assert (shape((64, 3, 7, 7)), shape((64,)), shape(()), shape((2, 3), "x")) == ("64×3×7×7", "64", "scalar", "2x3")

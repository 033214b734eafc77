"""Numbers and texts in a config are read back as what they are, by PyYAML, by pgaudit and by Python."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pgaudit import ConfigError
from pgaudit.convert.words import block, flow, multiplier, number
from pgaudit.files.yaml_text import read_yaml
from tests.budget import examples

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=examples(1000))
@given(FLOATS)
def test_a_number_is_read_back_bit_for_bit_random(value: float) -> None:
    words = number(value)
    assert yaml.safe_load(words).hex() == float(words).hex() == value.hex()
    assert not read_yaml(f"a: {words}".encode(), "c.yaml").ambiguous


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1e-4, "1.0e-4"),
        (5e-4, "5.0e-4"),
        (0.001, "0.001"),
        (0.05, "0.05"),
        (1.5e-5, "1.5e-5"),
        (0.0, "0.0"),
        (1e20, "1.0e+20"),
        (10, "10"),
    ],
)
def test_a_number_is_as_people_write_it(value: float, words: str) -> None:
    assert number(value) == words


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | FLOATS | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=8,
)


@settings(max_examples=examples(600))
@given(
    TEXTS
    | st.sampled_from(["yes", "null", "~", "1e-4", "0x1", "a: b", "- a", "=", "<<", "2001-01-01", "*.bias", "1_0"])
)
def test_a_text_is_read_back_random(text: str) -> None:
    assert yaml.safe_load(f"a: {flow(text)}") == {"a": text}
    assert yaml.safe_load(flow({text: [text]})) == {text: [text]}


@settings(max_examples=examples(400))
@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_a_mapping_is_read_back_random(value: dict[str, object]) -> None:
    assert repr(yaml.safe_load("\n".join(block(value))) or {}) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), "\ud800"])
def test_what_has_no_words_is_refused(value: object) -> None:
    with pytest.raises(ConfigError):
        flow(value)


POSITIVE = st.floats(1e-300, 1e300)


@settings(max_examples=examples(1000))
@given(POSITIVE, st.floats(1e-6, 1e6) | st.sampled_from([0.1, 0.5, 2.0, 10.0, 0.75, 0.65, 1e-3]))
def test_a_multiplier_is_found_where_there_is_one_random(base: float, mult: float) -> None:
    value = base * mult
    found = multiplier(base, value)
    assert found is not None
    assert (base * found).hex() == value.hex()
    assert len(repr(found)) <= max(len(repr(mult)), 17) + 2
    if len(repr(mult)) <= 5:
        assert len(repr(found)) <= 5


@pytest.mark.parametrize(
    ("base", "value", "mult"),
    [(0.1, 0.1 * 0.1, 0.1), (0.1, 0.1, 1.0), (0.0, 0.0, 1.0), (0.3, 0.0, 0.0), (0.0, 0.1, None), (0.004, 0.04, 10.0)],
)
def test_multipliers(base: float, value: float, mult: float | None) -> None:
    assert multiplier(base, value) == mult

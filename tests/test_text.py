"""The one boundary for untrusted text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pgaudit.text import did_you_mean, nearest, one_line, visible


@given(st.text(st.characters()))
def test_nothing_unprintable_passes(text: str) -> None:
    assert visible(text).isprintable()


@given(st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" ")))
def test_printable_text_is_unchanged(text: str) -> None:
    if text.isprintable():
        assert visible(text) == text


def test_terminal_commands_become_their_escapes() -> None:
    assert visible("a\x1b[31m\n\u202eb\x00") == r"a\x1b[31m\n\u202eb\x00"


def test_a_foreign_message_is_one_line_of_bounded_length() -> None:
    assert one_line("a\n\tb\x1b") == r"a b\x1b"
    assert len(one_line("word " * 1000)) == 400


def test_near_words_ignore_case() -> None:
    assert nearest("sgd", ["SGD", "Adam"]) == ["SGD"]
    assert did_you_mean("wieght", ["weight", "bias"]) == 'did you mean "weight"?'
    assert did_you_mean("xyz", ["weight", "bias"]) is None

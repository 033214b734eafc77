"""Lines that fit: nothing but blanks is lost, and nothing ends in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pgaudit.render.styled import Text, filled, fitted

WORDS = st.sampled_from(["a", "word", "x" * 50, "漢字", " ", "    ", "blocks.0.norm1"])
PIECES = st.tuples(WORDS, st.sampled_from(["", "bold", "dim"]))


def _styled(lines: list[Text]) -> list[tuple[str, str]]:
    return [(char, style) for line in lines for piece, style in line.pieces for char in piece if char != " "]


@given(pieces=st.lists(PIECES, max_size=30), width=st.integers(20, 60))
def test_whatever_it_is_given(pieces: list[tuple[str, str]], width: int) -> None:
    text = Text.assemble(*pieces)
    found = fitted(text, width)
    assert _styled(found) == _styled([text])
    for line in found:
        assert line.cells <= width
        assert line.plain == line.plain.rstrip(" ")
    (trimmed,) = fitted(text, None)
    assert trimmed.plain == text.plain.rstrip(" ")
    assert [line.plain for line in fitted(trimmed, 10_000)] == [trimmed.plain]


def test_a_line_is_broken_between_words_and_hangs() -> None:
    assert [line.plain for line in fitted(Text("  one two three four"), 12)] == ["  one two", "    three", "    four"]


@given(words=st.lists(st.sampled_from(["a", "word", "漢字", "x" * 30]), min_size=1), width=st.integers(10, 40))
def test_words_stay_whole_and_in_order(words: list[str], width: int) -> None:
    lines = filled(words, width, start=Text("  "), joint=" · ", hanging=4)
    assert [word for line in lines for word in line.plain.strip().split(" · ")] == words
    for index, line in enumerate(lines):
        assert line.cells <= width or len(line.plain.rpartition(" · ")[0]) <= 4  # a new line would have less room
        assert line.plain.startswith("    " if index else "  ")

"""Lines that fit: nothing but blanks is lost, and nothing ends in them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pgaudit.render.wrap import fitted

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
PIECES = st.sampled_from(
    ["a", "word", "x" * 50, "漢字", " ", "    ", "\n", "\x1b[1m", "\x1b[0;2m", "\x1b[0m", "blocks.0.norm1"]
)


@given(pieces=st.lists(PIECES, max_size=30), width=st.integers(20, 60))
def test_whatever_it_is_given(pieces: list[str], width: int) -> None:
    text = "".join(pieces)
    found = fitted(text, width)
    assert "".join(found.split()) == "".join(text.split())
    for line in _ESCAPES.sub("", found).split("\n"):
        assert cell_len(line) <= width
        assert line == line.rstrip(" ")
    trimmed = fitted(text, None)
    assert [line.rstrip(" ") for line in _ESCAPES.sub("", text).split("\n")] == _ESCAPES.sub("", trimmed).split("\n")
    assert fitted(trimmed, 10_000) == trimmed


def test_a_line_is_broken_between_words_and_hangs() -> None:
    assert fitted("  one two three four", 12) == "  one two\n    three\n    four"

"""Sentences in a narrow terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

HANGING = 6
"""Cells by which the further lines of a sentence are indented."""


def append_words(text: Text, words: str | Sequence[str], width: int | None, style: str = "") -> None:
    """Appends a sentence, or pieces that stay whole, and ends the line; where the terminal is too narrow, it breaks
    between words.
    """
    column = cell_len(text.plain.rpartition("\n")[2])
    for index, word in enumerate(words.split(" ") if isinstance(words, str) else words):
        if width and column > HANGING and column + bool(index) + cell_len(word) > width:
            text.append(f"\n{' ' * HANGING}")
            column = HANGING
        elif index:
            text.append(" ")
            column += 1
        text.append(word, style=style)
        column += cell_len(word)
    text.append("\n")

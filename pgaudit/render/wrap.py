"""Sentences, and whatever else is too long, in a narrow terminal."""

from __future__ import annotations

import re
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


_ESCAPE = r"\x1b\[[\d;]*m"
_BLANKS = re.compile(rf"(?: |{_ESCAPE})+$", re.MULTILINE)
"""At the end of a line, colours among them."""
_PIECES = re.compile(rf"{_ESCAPE}| +|[^ \x1b]+")
_COLOURS = re.compile(_ESCAPE)


def fitted(text: str, width: int | None) -> str:
    """Returns text, with or without colours, without blanks at the ends of lines; a line that its own layout has left
    too long is broken between words, and a word that is longer than a line anywhere.
    """
    text = _trimmed(text)
    if width is None:
        return text
    return "\n".join(line if _cells(line) <= width else _broken(line, width) for line in text.split("\n"))


def _trimmed(text: str) -> str:
    return _BLANKS.sub(lambda end: end[0].replace(" ", ""), text)


def _cells(line: str) -> int:
    return cell_len(_COLOURS.sub("", line))


def _broken(line: str, width: int) -> str:
    indent = min(len(line) - len(line.lstrip(" ")) + 2, width // 2)
    lines, column = [""], 0
    for piece in _PIECES.findall(line):
        if piece.startswith("\x1b"):
            lines[-1] += piece
            continue
        if piece.isspace():
            piece = piece[: width - column]
        elif indent < column > width - cell_len(piece):
            lines.append(" " * indent)
            column = indent
        for char in piece:
            if column + cell_len(char) > width:
                lines.append(" " * indent)
                column = indent
            lines[-1] += char
            column += cell_len(char)
    return _trimmed("\n".join(lines))

"""Sentences, names, and whatever else is too long, in a narrow terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

from rich.cells import cell_len

from pgaudit.render.styled import Text

HANGING = 6
"""Cells by which the further lines of a sentence are indented."""
_INDENT = 2
"""Cells by which the further lines of a name are indented."""
_WORDS = re.compile(r" *[^ ]+ *")
_AFTER_DOT = re.compile(r"(?<=[^.]\.)(?=[^.])")  # not inside the dots of {0..11}
_AFTER_COMMA = re.compile(r"(?<=,)")


def filled(
    parts: str | Iterable[str | Text],
    width: int | None,
    *,
    start: Text | None = None,
    joint: str | Text = " ",
    hanging: int = 0,
    style: str = "",
) -> list[Text]:
    """Returns parts in lines of at most ``width`` cells; a part that is longer than a line stays whole.

    Args:
        parts: a sentence, or pieces that stay whole; a string gets the style.
        width: cells; None for one line.
        start: what stands before the first part.
        joint: what stands between two parts of a line; it gets the style, too.
        hanging: cells by which the further lines are indented.
        style: of what has none of its own.
    """
    lines = [start or Text()]
    between = Text(joint, style) if isinstance(joint, str) else joint
    for index, each in enumerate(parts.split(" ") if isinstance(parts, str) else parts):
        part = Text(each, style) if isinstance(each, str) else each
        size, column = part[: len(part.plain.rstrip())].cells, lines[-1].cells
        if width is not None and column > hanging and column + between.cells * bool(index) + size > width:
            lines[-1].rstrip()
            lines.append(Text(" " * hanging))
        elif index:
            lines[-1].append(between)
        lines[-1].append(part)
    lines[-1].rstrip()
    return lines


def cut(text: Text, ends: str = " ") -> list[Text]:
    """Returns the pieces of a line that end after blanks, or after other characters."""
    end = re.escape(ends)
    return [text[match.start() : match.end()] for match in re.finditer(f"[^{end}]*[{end}]+|[^{end}]+", text.plain)]


def broken(name: str, width: int | None) -> Sequence[str]:
    """Returns a name in lines of at most ``width`` cells.

    It breaks after dots; only a folded set of numbers that is longer than a line breaks after commas. Any other segment
    stays whole, however long.
    """
    if width is None or len(name) <= width:
        return [name]
    lines = [""]
    for segment in _AFTER_DOT.split(name):
        too_long = segment.startswith("{") and len(segment) > width - _INDENT
        for part in _AFTER_COMMA.split(segment) if too_long else [segment]:
            if lines[-1].strip() and len(lines[-1]) + len(part) > width:
                lines.append(" " * _INDENT)
            lines[-1] += part
    return lines


def fitted(line: Text, width: int | None) -> list[Text]:
    """Returns a line without blanks at its end; one that its own layout has left too long is broken between words, and
    a word that is longer than a line anywhere.
    """
    plain = line.plain.rstrip(" ")
    if plain != line.plain:
        line = line[: len(plain)]
    if width is None or line.cells <= width:
        return [line]
    indent = min(len(plain) - len(plain.lstrip(" ")) + 2, width // 2)
    lines = [Text()]
    for match in _WORDS.finditer(plain):
        word = line[match.start() : match.end()]
        if indent < lines[-1].cells and lines[-1].cells + cell_len(match[0].rstrip(" ")) > width:
            lines.append(Text(" " * indent))
        while lines[-1].cells + cell_len(word.plain.rstrip(" ")) > width:
            room = width - lines[-1].cells
            fits = sum(end <= room for end in accumulate(map(cell_len, word.plain)))
            lines[-1].append(word[:fits])
            word = word[fits:]
            lines.append(Text(" " * indent))
        lines[-1].append(word)
    return [each.rstrip() for each in lines]

"""Text in pieces, each in a style of its own, of which every table and sentence for a terminal is made; and how what is
too long is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate

from rich.cells import cell_len

_CODES = {"bold": 1, "dim": 2, "underline": 4, "bright_black": 90}
_CODES |= {name: 31 + index for index, name in enumerate(("red", "green", "yellow", "blue", "magenta", "cyan"))}
HANGING = 6
"""Cells by which the further lines of a sentence are indented."""
_INDENT = 2
"""Cells by which the further lines of a name are indented."""
_WORDS = re.compile(r" *[^ ]+ *")
_AFTER_DOT = re.compile(r"(?<=[^.]\.)(?=[^.])")  # not inside the dots of {0..11}
_AFTER_COMMA = re.compile(r"(?<=,)")


class Text:
    """Text in pieces. A style is empty, or words of rich's such as ``bold red``."""

    __slots__ = ("pieces",)

    def __init__(self, text: str = "", style: str = "") -> None:
        self.pieces: list[tuple[str, str]] = [(text, style)] if text else []

    @classmethod
    def assemble(cls, *parts: str | tuple[str, str] | Text) -> Text:
        """Returns parts as one text."""
        return cls.joined((cls(*part) if isinstance(part, tuple) else part for part in parts), "")

    @classmethod
    def joined(cls, parts: Iterable[str | Text], joint: str | Text = "\n") -> Text:
        """Returns parts as one text, with a joint between them, or a line's end."""
        text = cls()
        for index, part in enumerate(parts):
            text.append(joint if index else "").append(part)
        return text

    def append(self, part: str | Text, style: str = "") -> Text:
        """Adds a text, or a string in a style, and returns the whole."""
        pieces = self.pieces
        for piece, its in part.pieces if isinstance(part, Text) else [(part, style)] if part else []:
            if pieces and pieces[-1][1] == its:
                pieces[-1] = pieces[-1][0] + piece, its
            else:
                pieces.append((piece, its))
        return self

    @property
    def plain(self) -> str:
        """The text without its styles."""
        return self.pieces[0][0] if len(self.pieces) == 1 else "".join([piece for piece, _ in self.pieces])

    @property
    def cells(self) -> int:
        """How wide it is, where it is one line."""
        plain = self.plain
        return len(plain) if plain.isascii() else cell_len(plain)

    def rstrip(self) -> Text:
        """Takes blanks and empty lines from its end, and returns it."""
        while self.pieces:
            piece, style = self.pieces.pop()
            if piece := piece.rstrip():
                self.pieces.append((piece, style))
                break
        return self

    def lines(self) -> list[Text]:
        """Returns its lines."""
        if "\n" not in self.plain:
            return [self]
        lines = [Text()]
        for piece, style in self.pieces:
            first, *others = piece.split("\n")
            lines[-1].append(first, style)
            lines += [Text(other, style) for other in others]
        return lines

    def ansi(self) -> str:
        """Returns one line with colours for a terminal."""
        return "".join(f"\x1b[{_codes(style)}m{piece}\x1b[0m" if style else piece for piece, style in self.pieces)

    def __bool__(self) -> bool:
        return bool(self.pieces)

    def __getitem__(self, part: slice) -> Text:
        text, at = Text(), 0
        start, end, _ = part.indices(len(self.plain))
        for piece, style in self.pieces:
            text.append(piece[max(start - at, 0) : max(end - at, 0)], style)
            at += len(piece)
        return text


@cache
def _codes(style: str) -> str:
    return ";".join(str(code) for code in sorted(_CODES[word] for word in style.split()))


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

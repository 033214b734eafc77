"""Text in pieces, each in a style of its own: what every table and sentence for a terminal is made of."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from rich.cells import cell_len

_CODES = {"bold": 1, "dim": 2, "underline": 4, "bright_black": 90}
_CODES |= {name: 31 + index for index, name in enumerate(("red", "green", "yellow", "blue", "magenta", "cyan"))}


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

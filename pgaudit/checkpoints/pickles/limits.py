"""How much one pickle may ask for: what is more than this is no checkpoint that anybody trains from."""

from __future__ import annotations

MOST_BYTES = 1 << 28
"""Of a pickle. That of 100,000 tensors with AdamW's states takes some 60 MB."""
MOST_MEMORY = 1 << 30
"""Of the objects that it makes, as estimated from its opcodes before any is made."""
MOST_DEPTH = 64
"""Of tuples in tuples. Python hashes them recursively and without a limit of its own."""
MOST_GLOBALS = 10_000
"""Of classes and functions that it names."""
MOST_DIGITS_BYTES = 1_700
"""Of a whole number: some 4,000 digits, as many as Python writes."""
TOO_MUCH = "asks for more memory than any checkpoint needs to be read"


class Budget:
    """How much memory is left for what a file, or all of a folder's small ones, may ask for."""

    def __init__(self, left: int = MOST_MEMORY) -> None:
        self.left = left

    def take(self, size: int) -> None:
        """Takes some bytes.

        Raises:
            Refused: there are not so many left.
        """
        self.left -= size
        if self.left < 0:
            raise Refused(TOO_MUCH)


class Refused(Exception):
    """A pickle is damaged, or asks for more than it may; says so in words that go on after its file's name."""


class Cut(Refused):
    """The bytes end before the pickle does."""

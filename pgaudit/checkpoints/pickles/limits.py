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


class Refused(Exception):
    """A pickle is damaged, or asks for more than it may; says so in words that go on after its file's name."""


class Cut(Refused):
    """The bytes end before the pickle does."""

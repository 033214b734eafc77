"""``i/n``: one of n parts of a sweep, for a CI matrix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pgaudit.core.errors import UsageError
from pgaudit.text import visible

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shard:
    """The ``index``-th of ``count`` parts, counted from 1."""

    index: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def of(self, models: Sequence[T]) -> Sequence[T]:
        """Returns every ``count``-th model: neighbours are alike, and so are the parts. One of many may be empty."""
        return models[self.index - 1 :: self.count]


def shard_of(given: str | None) -> Shard:
    """Reads ``i/n``; the whole for None.

    Raises:
        UsageError: it is not of that form, or there is no such part.
    """
    if given is None:
        return Shard()
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", given.strip())
    if not match:
        raise UsageError(f"--shard {visible(given)} is not i/n", "--shard 1/4 is the first of four parts")
    index, count = map(int, match.groups())
    if not 1 <= index <= count:
        there = f"the parts are 1/{count} to {count}/{count}" if count else "there is at least one part"
        raise UsageError(f"--shard {visible(given)}: there is no such part", there)
    return Shard(index, count)

"""Finds OpenMMLab's ``custom_keys``: parts of names, of which the longest in a name decides, and of equally long ones
the first in the alphabet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgaudit.convert.lots import Lot

_CAUTION = (1.0, 2.5, 1e9)
_LONGEST_RUN = 3
"""Segments of a key from the middle of a name."""


@dataclass(frozen=True, slots=True)
class Part:
    """The parts of names that stand in just the same names, shortest first."""

    mask: int
    words: tuple[str, ...]

    def longer_than(self, length: int) -> str | None:
        """Returns the shortest of them that is longer than a key that it has to beat."""
        return next((word for word in self.words if len(word) > length), None)


def keys_for(searched: Sequence[str], wanted: Mapping[int, Lot], held: Mapping[int, Lot]) -> dict[str, Lot]:
    """Returns the keys by which every parameter gets what is wanted.

    Args:
        searched: the texts in which keys are searched, by parameter.
        wanted: what each parameter that matters is to have.
        held: what it has without a key.
    """
    parts = _parts(searched, wanted, held)
    found = [_Search(searched, wanted, held, parts, caution).run() for caution in _CAUTION]
    return min(found, key=lambda keys: (len(keys), sum(map(len, keys))))


def winner(text: str, keys: Mapping[str, Lot]) -> str | None:
    """Returns the key that decides for a name."""
    found = [key for key in keys if key in text]
    return min(found, key=lambda key: (-len(key), key), default=None)


def _parts(searched: Sequence[str], wanted: Mapping[int, Lot], held: Mapping[int, Lot]) -> list[Part]:
    wrong = [index for index, lot in wanted.items() if held[index] != lot]
    words = dict.fromkeys(word for index in wrong for word in _words(searched[index]))
    by_mask: dict[int, list[str]] = defaultdict(list)
    texts = [(1 << index, searched[index], f".{searched[index]}.") for index in wanted]
    for word in words:
        mask, whole = 0, f".{word.strip('.')}."
        cuts = False
        for bit, text, within in texts:
            if word in text:
                mask |= bit
                cuts = cuts or whole not in within
        if not cuts:  # no key is to hit inside of a segment, as `bias` does in `q_bias`
            by_mask[mask].append(word)
    plainest = (Part(mask, tuple(sorted(same, key=lambda word: (len(word), word)))) for mask, same in by_mask.items())
    return sorted(plainest, key=lambda part: (part.words[0].count("."), len(part.words[0]), part.words[0]))


def _words(text: str) -> Iterator[str]:
    """Runs of whole segments, with and without the dots around them; a bare number would be found in any other."""
    segments = text.split(".")
    last = len(segments)
    for start in range(last):
        for end in range(start + 1, last + 1):
            if end - start > _LONGEST_RUN and start > 0 and end < last:
                continue
            run = ".".join(segments[start:end])
            if not run.strip("."):
                continue
            before, after = start > 0, end < last
            if not (segments[start].isdigit() or segments[end - 1].isdigit()):
                yield run
            if before and not segments[end - 1].isdigit():
                yield f".{run}"
            if after and not segments[start].isdigit():
                yield f"{run}."
            if before and after:
                yield f".{run}."
    yield text


class _Search:
    """Takes, step by step, the key that sets most parameters right."""

    def __init__(
        self,
        searched: Sequence[str],
        wanted: Mapping[int, Lot],
        held: Mapping[int, Lot],
        parts: Sequence[Part],
        caution: float,
    ) -> None:
        self._searched = searched
        self._wanted = wanted
        self._held = held
        self._parts = parts
        self._caution = caution
        self._lots: dict[Lot, int] = defaultdict(int)
        for index, lot in wanted.items():
            self._lots[lot] |= 1 << index
        self._keys: dict[str, Lot] = {}

    def run(self) -> dict[str, Lot]:
        while wrong := self._judge():
            key, lot = self._best() or self._last_resort(wrong)
            self._keys[key] = lot
        for key in list(self._keys):
            lot = self._keys.pop(key)
            if self._judge():
                self._keys[key] = lot
        return self._keys

    def _judge(self) -> int:
        """Finds out who is wrong now, and which keys' lengths have to be beaten."""
        self._right = 0
        self._below: dict[int, int] = defaultdict(int)
        for index, lot in self._wanted.items():
            key = winner(self._searched[index], self._keys)
            self._below[len(key) if key is not None else -1] |= 1 << index
            if (self._held[index] if key is None else self._keys[key]) == lot:
                self._right |= 1 << index
        return sum(1 << index for index in self._wanted) & ~self._right

    def _best(self) -> tuple[str, Lot] | None:
        best, most = None, 0.0
        for lot, mask in self._lots.items():
            lacking = mask & ~self._right
            spoiled = self._right & ~mask
            for part in self._parts if lacking else ():
                most_gain = (part.mask & lacking).bit_count()
                if most_gain <= most:
                    continue
                longest = max((n for n, held in self._below.items() if held & part.mask & lacking), default=-1)
                word = part.longer_than(longest)
                if word is None or word in self._keys:
                    continue
                beaten = part.mask & sum(held for n, held in self._below.items() if n < len(word))
                score = (beaten & lacking).bit_count() - self._caution * (beaten & spoiled).bit_count()
                if score > most:
                    best, most = (word, lot), score
        return best

    def _last_resort(self, wrong: int) -> tuple[str, Lot]:
        """The whole name: no other key in it is as long. What it is a part of has a longer name of its own."""
        left = [index for index in self._wanted if wrong >> index & 1]
        index = min(left, key=lambda index: len(self._searched[index]))
        return self._searched[index], self._wanted[index]

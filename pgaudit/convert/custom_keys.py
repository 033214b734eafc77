"""Finds OpenMMLab's ``custom_keys``: parts of names, of which the longest in a name decides, and of equally long ones
the first in the alphabet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence

from pgaudit.convert.features import bits, masks_of, union
from pgaudit.convert.synthesis import CAUTION

_LONGEST_RUN = 3
"""Segments of a key from the middle of a name."""

Values = Mapping[int, Hashable]
"""Something that parameters have, by their indices."""


Part = tuple[int, list[str]]
"""A set of parameters, and the parts of names that stand in just their names, shortest first."""


def keys_for(searched: Sequence[str], wanted: Values, held: Values) -> dict[str, Hashable]:
    """Returns the keys by which every parameter gets what is wanted.

    Args:
        searched: the texts in which keys are searched, by parameter.
        wanted: what each parameter that matters is to have.
        held: what it has without a key.
    """
    parts = _parts(searched, wanted, held)
    found = [_greedy(searched, wanted, held, parts, caution) for caution in CAUTION]
    return min(found, key=lambda keys: (len(keys), sum(map(len, keys))))


def winner(text: str, keys: Mapping[str, object]) -> str | None:
    """Returns the key that decides for a name."""
    found = [key for key in keys if key in text]
    return min(found, key=lambda key: (-len(key), key), default=None)


def _parts(searched: Sequence[str], wanted: Values, held: Values) -> list[Part]:
    wrong = [index for index, value in wanted.items() if held[index] != value]
    words = dict.fromkeys(word for index in wrong for word in _words(searched[index]))
    by_mask: dict[int, list[str]] = defaultdict(list)
    for word in words:
        hits = [index for index in wanted if word in searched[index]]
        whole = f".{word.strip('.')}."
        if all(whole in f".{searched[index]}." for index in hits):  # not inside of a segment, as `bias` is in `q_bias`
            by_mask[union(1 << index for index in hits)].append(word)
    parts = [(mask, sorted(same, key=lambda word: (len(word), word))) for mask, same in by_mask.items()]
    return sorted(parts, key=lambda part: (part[1][0].count("."), len(part[1][0]), part[1][0]))


def _words(text: str) -> Iterator[str]:
    """Runs of whole segments, with and without the dots around them; a bare number would be found in any other."""
    segments = text.split(".")
    last = len(segments)
    for start in range(last):
        for end in range(start + 1, last + 1):
            run, before, after = ".".join(segments[start:end]), start > 0, end < last
            if (end - start > _LONGEST_RUN and before and after) or not run.strip("."):
                continue
            number_first, number_last = segments[start].isdigit(), segments[end - 1].isdigit()
            if not (number_first or number_last):
                yield run
            if before and not number_last:
                yield f".{run}"
            if after and not number_first:
                yield f"{run}."
            if before and after:
                yield f".{run}."
    yield text


def _greedy(
    searched: Sequence[str], wanted: Values, held: Values, parts: Sequence[Part], caution: float
) -> dict[str, Hashable]:
    """Takes, step by step, the key that sets most parameters right; then drops those that the others made needless."""
    keys: dict[str, Hashable] = {}
    masks = masks_of(wanted)
    everything = union(masks.values())
    while True:
        right, below = _state(searched, wanted, held, keys)
        if not everything & ~right:
            break
        best = _best(masks, parts, keys, right, below, caution)
        if best is None:
            # The whole name: no other key in it is as long. What it is a part of has a longer name of its own.
            index = min(bits(everything & ~right), key=lambda index: len(searched[index]))
            best = searched[index], wanted[index]
        keys |= [best]
    for key in list(keys):
        value = keys.pop(key)
        if everything & ~_state(searched, wanted, held, keys)[0]:
            keys[key] = value
    return keys


def _state(
    searched: Sequence[str], wanted: Values, held: Values, keys: Mapping[str, Hashable]
) -> tuple[int, dict[int, int]]:
    """Who has what is wanted, and of whom a key of which length decides, which a further key has to beat."""
    right = 0
    below: dict[int, int] = defaultdict(int)
    for index, value in wanted.items():
        key = winner(searched[index], keys)
        below[len(key) if key is not None else -1] |= 1 << index
        if (held[index] if key is None else keys[key]) == value:
            right |= 1 << index
    return right, below


def _best(
    masks: Mapping[Hashable, int],
    parts: Sequence[Part],
    keys: Mapping[str, Hashable],
    right: int,
    below: Mapping[int, int],
    caution: float,
) -> tuple[str, Hashable] | None:
    best, most = None, 0.0
    for value, mask in masks.items():
        lacking, spoiled = mask & ~right, right & ~mask
        for hit, words in parts if lacking else ():
            if (hit & lacking).bit_count() <= most:
                continue
            longest = max(length for length, of in below.items() if of & hit & lacking)
            word = next((word for word in words if len(word) > longest), None)
            if word is None or word in keys:
                continue
            beaten = hit & union(of for n, of in below.items() if n < len(word))
            score = (beaten & lacking).bit_count() - caution * (beaten & spoiled).bit_count()
            if score > most:
                best, most = (word, value), score
    return best

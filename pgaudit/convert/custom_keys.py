"""Finds OpenMMLab's ``custom_keys``: parts of names, in the order in which the constructors try them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

from pgaudit.constructors.openmmlab.custom_keys import in_order
from pgaudit.convert.predicates import Condition, Predicate, bits, union
from pgaudit.convert.search import rules_for

_LONGEST_RUN = 3
"""Segments of a key from the middle of a name."""


def keys_for(searched: Sequence[str], values: Mapping[int, Hashable], right: int) -> dict[str, int]:
    """Returns the keys by which every parameter gets its value, each with a parameter that has what it gives.

    Args:
        searched: the texts in which keys are searched, by parameter.
        values: the value of each parameter that matters.
        right: the parameters that have it without a key.
    """
    wrong = (searched[index] for index in values if not right >> index & 1)
    words = in_order({*(word for text in wrong for word in _words(text)), *(searched[index] for index in values)})
    found = {word: _predicate(word, -place, searched, values) for place, word in enumerate(words)}
    plain = sorted(filter(lambda word: _is_whole(word, found[word], searched), found), key=_plainness)

    def whole_name(mask: int) -> Predicate:
        """No other key in it is as long; what it is a part of has a longer one of its own."""
        return found[min((searched[index] for index in bits(mask)), key=len)]

    rules = rules_for(values, right, [found[word] for word in plain], whole_name)
    of_value = {value: index for index, value in reversed(list(values.items()))}
    return {rule.predicate.conditions[0].texts[0]: of_value[rule.value] for rule in rules}


def _predicate(word: str, rank: int, searched: Sequence[str], values: Mapping[int, Hashable]) -> Predicate:
    mask = union(1 << index for index in values if word in searched[index])
    return Predicate((Condition("holds", (word,)),), mask, rank)


def _plainness(word: str) -> tuple[int, int, str]:
    return word.count("."), len(word), word


def _is_whole(word: str, predicate: Predicate, searched: Sequence[str]) -> bool:
    """Whether it stands in all names as whole segments, not inside of one, as `bias` does in `q_bias`."""
    segments = f".{word.strip('.')}."
    return all(segments in f".{searched[index]}." for index in bits(predicate.mask))


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

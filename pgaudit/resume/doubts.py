"""Pairs of tensors and states → what names and shapes leave open of where the states land."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pgaudit.resume.pairs import Pair, listed, names_of
from pgaudit.text import counted


def has_names(pair: Pair) -> bool:
    """Whether both sides name the tensor."""
    return pair.source.name is not None and pair.checkpoint.name is not None


def renamed(elsewhere: Sequence[Pair], of: Sequence[Pair], known: Mapping[str, str]) -> list[Pair]:
    """Returns those whose names are known on one side alone, while place and shape agree.

    Args:
        elsewhere: pairs of tensors with different names.
        of: all pairs, those without a state, too.
        known: what the source calls its tensors, by all their names.
    """
    there = frozenset(name for pair in of for name in names_of(pair.checkpoint))
    return [
        pair
        for pair in elsewhere
        if pair.source.shape is not None
        and pair.source.shape == pair.checkpoint.shape
        and known.keys().isdisjoint(names_of(pair.checkpoint))
        and there.isdisjoint(names_of(pair.source))
    ]


def renaming(pairs: Sequence[Pair]) -> str:
    """Returns how they are called on both sides."""
    names = [f"{pair.checkpoint.name} is {pair.name} here" for pair in pairs]
    return f"{listed(names)}: renamed, or another tensor of the same place and shape: not proved"


def unproved(with_state: Sequence[Pair], pairs: Sequence[Pair], *, guessed: bool) -> Iterator[str]:
    """Yields what neither names nor shapes tell of the states that there are.

    Args:
        with_state: the pairs with a state.
        pairs: all pairs.
        guessed: whether the checkpoint's names are but those of the order that its model had.
    """
    unnamed = [pair for pair in with_state if guessed or not has_names(pair)]
    if not unnamed or len(pairs) == 1:
        return
    of_checkpoint = guessed or any(pair.checkpoint.name is None for pair in unnamed)
    who = "the checkpoint's optimizer" if of_checkpoint else "the source"
    shapeless = [pair for pair in unnamed if None in (pair.source.shape, pair.checkpoint.shape)]
    if shapeless:
        yield (
            f"not proved: {who} names no tensors, and nothing tells the shapes of {counted(len(shapeless), 'state')}; "
            "only the sizes of groups were compared for them"
        )
        return
    shapes = Counter(pair.source.shape for pair in pairs)
    alike = sum(shapes[pair.source.shape] > 1 for pair in unnamed)
    if alike:
        yield (
            f"not proved: {who} names no tensors, and {alike:,} of {counted(len(with_state), 'state')} "
            f"{'have' if alike > 1 else 'has'} a shape that several tensors have: an exchange among them would not show"
        )

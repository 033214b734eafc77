"""Several optimizers of a checkpoint, and several of the source → which is loaded into which."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pgaudit.core.built import BuiltOptimizer, Checkpoint
from pgaudit.resume.answer import Mismatch
from pgaudit.resume.pairs import names_of
from pgaudit.text import counted, visible

_OF_LIST = re.compile(r"(.*)\[\d+\]")


@dataclass(frozen=True)
class Pairing:
    """The optimizers of a checkpoint, each with the index of the source's that it is loaded into."""

    pairs: tuple[tuple[int, BuiltOptimizer], ...]
    """In the source's order."""
    note: str = ""
    """How they were paired, where nothing proves it."""


def pairing(checkpoint: Checkpoint, sources: Sequence[BuiltOptimizer], whole: Checkpoint | None) -> Pairing | None:
    """Returns which is loaded into which: by their keys, lists by their order, by the names of their tensors, or
    else by their order, too; None where there are more of one than of the other.

    Args:
        checkpoint: with all of its optimizers, or those that were chosen.
        sources: all of the source's.
        whole: the checkpoint with all of its optimizers, where some were chosen.
    """
    theirs = checkpoint.optimizers
    if whole is not None and len(whole.optimizers) == len(sources):
        theirs = whole.optimizers
    if len(theirs) != len(sources):
        return None
    places, note = _places(theirs, sources)
    chosen = {each.key for each in checkpoint.optimizers}
    pairs = [(at, theirs[place]) for at, place in enumerate(places) if theirs[place].key in chosen]
    return Pairing(tuple(pairs), note)


def _places(theirs: Sequence[BuiltOptimizer], sources: Sequence[BuiltOptimizer]) -> tuple[list[int], str]:
    """Of each of the source's optimizers, the place of the checkpoint's; and a note where that is not proved."""
    in_order = list(range(len(theirs)))
    if len(theirs) == 1:
        return in_order, ""
    by_key = {each.key.rpartition(".")[2]: place for place, each in enumerate(theirs)}
    if len(by_key) == len(theirs) and all(each.key in by_key for each in sources):
        return [by_key[each.key] for each in sources], ""
    if _are_one_list(theirs) and not any(each.key for each in sources):
        return in_order, ""
    by_name = _by_names(theirs, sources)
    if by_name is not None:
        return by_name, ""
    called = [
        f"{visible(its.key or f'optimizer {place}')} with {visible(ours.key or f'optimizer {place}')}"
        for place, (its, ours) in enumerate(zip(theirs, sources, strict=True))
    ]
    return in_order, (
        f"not proved: the checkpoint's optimizers are compared with the source's in their order, {', '.join(called)}: "
        "nothing says which is which"
    )


def _are_one_list(theirs: Sequence[BuiltOptimizer]) -> bool:
    """Whether they stand in one list, as Lightning and many scripts save them."""
    lists = [_OF_LIST.fullmatch(each.key) for each in theirs]
    return all(each is not None and lists[0] is not None and each[1] == lists[0][1] for each in lists)


def _by_names(theirs: Sequence[BuiltOptimizer], sources: Sequence[BuiltOptimizer]) -> list[int] | None:
    """The places by the names of their tensors, where each has names in common with exactly one of the others."""
    known = [frozenset(name for tensor in each.tensors for name in names_of(tensor)) for each in theirs]
    places = []
    for source in sources:
        names = frozenset(name for tensor in source.tensors for name in names_of(tensor))
        found = [place for place, those in enumerate(known) if not those.isdisjoint(names)]
        if len(found) != 1:
            return None
        places += found
    return places if len(set(places)) == len(places) else None


def unequal(checkpoint: Checkpoint, sources: Sequence[BuiltOptimizer], named: str) -> Mismatch:
    """Returns that one side has more optimizers than the other; ``named`` is what the user calls the source."""
    theirs = checkpoint.optimizers
    keys = ", ".join(visible(each.key) for each in theirs if each.key)
    listed = f" ({keys})" if keys and len(theirs) > 1 else ""
    message = (
        f"the checkpoint has {counted(len(theirs), 'optimizer')}{listed}, and {visible(named)} has {len(sources):,}"
    )
    hint = "--key names one of them." if len(sources) == 1 else "Build as many optimizers as the checkpoint has."
    return Mismatch(message, (), hint, refused=True)

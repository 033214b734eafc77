"""Two optimizers → which state of the checkpoint goes to which tensor, or why ``load_state_dict`` raises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pgaudit.core.built import BuiltGroup, BuiltOptimizer, BuiltTensor, names_in_groups
from pgaudit.names.wrappers import spellings
from pgaudit.resume.answer import Mismatch
from pgaudit.text import counted, visible

_FEW = 3
_MOST_SIZES = 6
_REGROUP = (
    "Build the optimizer with the groups of the checkpoint; or load the model alone, and begin with a new optimizer."
)
_STRAY_HINT = "Save optimizer.state_dict() as it is; or load the model alone, and begin with a new optimizer."


@dataclass(frozen=True, slots=True)
class Pair:
    """One tensor of the source, and the state that it gets."""

    name: str
    """What the source calls it: by its place in a group, where it has no name."""
    source: BuiltTensor
    checkpoint: BuiltTensor
    group: int
    """The index of its group in the source."""
    from_group: int
    """The index of the state's group in the checkpoint."""


def names_of(tensor: BuiltTensor) -> frozenset[str]:
    """Returns all names of a tensor, with and without the prefixes of wrappers."""
    own = [name for name in (tensor.name, *tensor.aliases) if name is not None]
    return frozenset(spelled for name in own for spelled in spellings(name))


def by_index(source: BuiltOptimizer, checkpoint: BuiltOptimizer) -> list[Pair]:
    """Returns the pairs that ``load_state_dict`` makes: by their places, whatever they are."""
    (labels,) = names_in_groups([source])
    return [
        Pair(name, ours, theirs, index, index)
        for index, (names, one, other) in enumerate(zip(labels, source.groups, checkpoint.groups, strict=True))
        for name, ours, theirs in zip(names, one.tensors, other.tensors, strict=True)
    ]


def by_name(source: BuiltOptimizer, checkpoint: BuiltOptimizer) -> tuple[list[Pair], list[str]]:
    """Returns the pairs that ``set_optimizer_state_dict`` makes, and the trainable tensors without one."""
    found: dict[str, tuple[int, BuiltTensor]] = {}
    for index, group in enumerate(checkpoint.groups):
        for tensor in group.tensors:
            for name in names_of(tensor):
                found.setdefault(name, (index, tensor))
    pairs, missing = [], []
    (labels,) = names_in_groups([source])
    for at, (names, held) in enumerate(zip(labels, source.groups, strict=True)):
        for label, ours in zip(names, held.tensors, strict=True):
            match = next((found[name] for name in sorted(names_of(ours)) if name in found), None)
            if match is not None:
                pairs.append(Pair(label, ours, match[1], at, match[0]))
            if (match is None or match[1].has_state is False) and ours.trainable is not False:
                missing.append(label)
    return pairs, missing


def grouped_alike(pairs: Sequence[Pair]) -> list[Pair]:
    """Returns the pairs of which neither group is several on the other side."""
    ours: dict[int, set[int]] = defaultdict(set)
    theirs: dict[int, set[int]] = defaultdict(set)
    for pair in pairs:
        ours[pair.group].add(pair.from_group)
        theirs[pair.from_group].add(pair.group)
    return [pair for pair in pairs if len(ours[pair.group]) == 1 == len(theirs[pair.from_group])]


def missing_by_name(missing: Sequence[str]) -> Mismatch:
    """Returns what ``set_optimizer_state_dict`` says of tensors without a state (torch 2.15,
    torch/distributed/checkpoint/state_dict.py, ``_split_optim_state_dict``).
    """
    message = f"set_optimizer_state_dict raises RuntimeError: the checkpoint has no state for {listed(missing)}"
    hint = "StateDictOptions(strict=False) loads the rest, and these tensors begin without a state."
    return Mismatch(message, tuple(missing), hint, refused=True)


def refusals(source: BuiltOptimizer, checkpoint: BuiltOptimizer, named: str) -> Iterator[Mismatch]:
    """Yields why ``load_state_dict`` raises; nothing where it does not.

    Args:
        source: with which training begins.
        checkpoint: what is loaded into it.
        named: what the user calls the source.
    """
    ours, theirs = source.groups, checkpoint.groups
    here = visible(named)
    if len(ours) != len(theirs):
        message = (
            f"load_state_dict raises ValueError: the checkpoint has {_sizes(theirs)}, and {here} has {_sizes(ours)}"
        )
        yield Mismatch(message + _difference(source, checkpoint, here), (), _REGROUP, refused=True)
        return
    for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        if len(one.tensors) != len(other.tensors):
            message = (
                f"load_state_dict raises ValueError: group {index} has {counted(len(other.tensors), 'tensor')} in the "
                f"checkpoint, and {len(one.tensors):,} in {here}"
            )
            message += _difference(source, checkpoint, here) if index == _first_unequal(ours, theirs) else ""
            yield Mismatch(message, _alone(one, other) or (), _REGROUP, refused=True)


def stray(count: int) -> Mismatch:
    """Returns what becomes of states that no tensor has the number of, where there are no others."""
    states = "the checkpoint's only state is" if count == 1 else f"none of the checkpoint's {count:,} states is"
    of = "not under" if count == 1 else "under"
    message = (
        f"{states} {of} the number of a tensor in its groups: load_state_dict loads them for nobody, and each tensor "
        "begins without a state"
    )
    return Mismatch(message, (), _STRAY_HINT)


def _first_unequal(ours: Sequence[BuiltGroup], theirs: Sequence[BuiltGroup]) -> int:
    sizes = zip(ours, theirs, strict=True)
    return next(index for index, (one, other) in enumerate(sizes) if len(one.tensors) != len(other.tensors))


def _sizes(groups: Sequence[BuiltGroup]) -> str:
    count = counted(len(groups), "group")
    sizes = [f"{len(group.tensors):,}" for group in groups]
    if len(groups) > _MOST_SIZES:
        return f"{count} ({counted(sum(len(group.tensors) for group in groups), 'tensor')})"
    return f"{count} of {' and '.join(sizes)} {'tensor' if sizes == ['1'] else 'tensors'}"


def _difference(source: BuiltOptimizer, checkpoint: BuiltOptimizer, here: str) -> str:
    """What the two have not in common, as the end of a sentence; as far as names tell."""
    ours, theirs = list(source.tensors), list(checkpoint.tensors)
    if any(not names_of(each) for each in (*ours, *theirs)):
        if len(ours) == len(theirs):
            return "; they hold as many tensors in all"
        return ""
    here_all = frozenset(name for each in ours for name in names_of(each))
    there_all = frozenset(name for each in theirs for name in names_of(each))
    only_here = [str(each.name) for each in ours if names_of(each).isdisjoint(there_all)]
    only_there = [str(each.name) for each in theirs if names_of(each).isdisjoint(here_all)]
    sides = ((here, only_here), ("the checkpoint", only_there))
    words = [f"only {where} has {listed(names)}" for where, names in sides if names]
    return f"; {', and '.join(words)}" if words else "; they hold the same tensors, in other groups"


def _alone(one: BuiltGroup, other: BuiltGroup) -> tuple[str, ...] | None:
    """The names of tensors that only the source's group holds; None where nothing tells."""
    known = frozenset(name for each in other.tensors for name in names_of(each))
    if not known:
        return None
    return tuple(str(each.name) for each in one.tensors if each.name and names_of(each).isdisjoint(known))


def listed(names: Sequence[str]) -> str:
    """Returns the first few names, and how many more there are."""
    first = ", ".join(map(visible, islice(names, _FEW)))
    return first if len(names) <= _FEW else f"{first} and {len(names) - _FEW:,} more"


def known_names(sources: Iterable[BuiltOptimizer]) -> Mapping[str, str]:
    """Returns what the source calls each tensor, by all names that a checkpoint may have for it."""
    found: dict[str, str] = {}
    for tensor in (each for source in sources for each in source.tensors):
        for name in sorted(names_of(tensor)):
            found.setdefault(name, str(tensor.name))
    return found

"""Pairs of tensors and states → the states that land on another tensor, and what is not proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from pgaudit.core.built import BuiltTensor
from pgaudit.resume.answer import Mismatch
from pgaudit.resume.doubts import has_names, renamed, renaming, unproved
from pgaudit.resume.pairs import Pair, listed, names_of
from pgaudit.text import counted, quoted, visible

_EXAMPLES = 2
_REORDER = (
    "Build the optimizer from the parameters in the checkpoint's order, or sort the state by name before "
    "load_state_dict(); else load the model alone, and begin with a new optimizer."
)
_RESHAPE = (
    "Take the state of these tensors out of the checkpoint before load_state_dict(): they then begin without one."
)
_OTHER = "Load the model alone, and begin with a new optimizer: this state belongs to another model."


@dataclass(frozen=True)
class Landing:
    """Where the states land."""

    mismatches: tuple[Mismatch, ...]
    notes: tuple[str, ...]
    proved: bool


def landing(pairs: Sequence[Pair], known: Mapping[str, str], named: str, *, guessed: bool = False) -> Landing:
    """Returns where the states land, as far as names and shapes tell; what has no state lands nowhere.

    Args:
        pairs: each tensor with its state.
        known: what the source calls its tensors, those of its other optimizers too, by all names that a checkpoint may
            have for them.
        named: what the user calls the source.
        guessed: whether the checkpoint's names are but those of the order that its model had.
    """
    with_state = [pair for pair in pairs if pair.checkpoint.has_state is not False]
    if not with_state:
        return Landing(
            (), ("the checkpoint has no state of any tensor: the groups' values are all that is loaded",), True
        )
    prefix = _common_prefix(with_state, known)
    if prefix:
        pairs = [_without(prefix, pair) for pair in pairs]
        with_state = [_without(prefix, pair) for pair in with_state]
    by_name = [pair for pair in with_state if has_names(pair)]
    elsewhere = [pair for pair in by_name if names_of(pair.source).isdisjoint(names_of(pair.checkpoint))]
    other_names = renamed(elsewhere, pairs, known)
    wrong = [pair for pair in elsewhere if pair not in other_names]
    at = {id(pair) for pair in wrong}
    unlike = [pair for pair in with_state if id(pair) not in at and not _same_shape(pair)]
    mismatches = []
    if wrong:
        mismatches.append(_misnamed(wrong, by_name, known, named))
    resized = [pair for pair in unlike if has_names(pair)]
    if resized:
        mismatches.append(_resized(resized))
    if len(resized) < len(unlike):
        mismatches.append(_misshapen([pair for pair in unlike if not has_names(pair)], with_state))
    notes = [f"the checkpoint's names are the source's, after {quoted(prefix)}"] if prefix else []
    if other_names:
        notes.append(renaming(other_names))
    doubts = tuple(unproved(with_state, pairs, guessed=guessed))
    return Landing(tuple(mismatches), (*notes, *(() if mismatches else doubts)), not doubts and not other_names)


def _same_shape(pair: Pair) -> bool:
    return None in (pair.source.shape, pair.checkpoint.shape) or pair.source.shape == pair.checkpoint.shape


def _common_prefix(pairs: Sequence[Pair], known: Mapping[str, str]) -> str:
    """What stands before every name of the checkpoint, as a module around the model puts it there, or nothing."""
    names = [pair.checkpoint.name for pair in pairs]
    if None in names or any(not known.keys().isdisjoint(names_of(pair.checkpoint)) for pair in pairs):
        return ""
    parts = str(names[0]).split(".")
    for count in range(1, len(parts)):
        prefix = ".".join(parts[:count]) + "."
        if all(str(name).startswith(prefix) and str(name)[len(prefix) :] in known for name in names):
            return prefix
    return ""


def _without(prefix: str, pair: Pair) -> Pair:
    name = str(pair.checkpoint.name).removeprefix(prefix)
    return replace(pair, checkpoint=replace(pair.checkpoint, name=name))


def _misnamed(wrong: Sequence[Pair], of: Sequence[Pair], known: Mapping[str, str], named: str) -> Mismatch:
    ours = [str(pair.source.name) for pair in of]
    theirs = [_called(pair.checkpoint, known) for pair in of]
    examples = [
        f"that of {visible(_called(pair.checkpoint, known))} on {visible(pair.name)}" for pair in wrong[:_EXAMPLES]
    ]
    everywhere = set(known.values())
    strange = [name for name in theirs if name not in everywhere]
    if strange:
        how = f"{visible(named)} has no {listed(strange)}"
    elif set(theirs) <= set(ours):
        how = _how(of, ours, theirs, "tensors")
    else:
        how = "they are those of another optimizer"
    message = f"{_share(wrong, of)} on another tensor: {how}; {', '.join(examples)}"
    return Mismatch(message, tuple(pair.name for pair in wrong), _OTHER if strange else _REORDER)


def _called(tensor: BuiltTensor, known: Mapping[str, str]) -> str:
    """What the source calls a tensor of the checkpoint; its own name, where the source does not know it."""
    return next((known[name] for name in sorted(names_of(tensor)) if name in known), str(tensor.name))


def _share(wrong: Sequence[Pair], of: Sequence[Pair]) -> str:
    if len(wrong) == len(of):
        return f"all {len(of):,} states land" if len(of) > 1 else "the state lands"
    return f"{len(wrong):,} of {counted(len(of), 'state')} {'land' if len(wrong) > 1 else 'lands'}"


def _resized(pairs: Sequence[Pair]) -> Mismatch:
    examples = [f"{visible(pair.name)} {_shapes(pair)}" for pair in pairs[:_EXAMPLES]]
    count = "a state does" if len(pairs) == 1 else f"{len(pairs):,} states do"
    message = f"{count} not have the shape of {'its' if len(pairs) == 1 else 'their'} tensor: {', '.join(examples)}"
    return Mismatch(message, tuple(pair.name for pair in pairs), _RESHAPE)


def _shapes(pair: Pair) -> str:
    return f"({list(pair.checkpoint.shape or ())} in the checkpoint, {list(pair.source.shape or ())} here)"


def _misshapen(wrong: Sequence[Pair], of: Sequence[Pair]) -> Mismatch:
    shaped = [pair for pair in of if pair.source.shape is not None and pair.checkpoint.shape is not None]
    ours = [pair.source.shape for pair in shaped]
    theirs = [pair.checkpoint.shape for pair in shaped]
    same = Counter(ours) == Counter(theirs)
    how = _how(shaped, ours, theirs, "shapes") if same else "the checkpoint's shapes are not those of this model"
    examples = [f"{visible(pair.name)} {_shapes(pair)}" for pair in wrong[:_EXAMPLES]]
    message = f"at least {_share(wrong, of)} on another tensor, by their shapes: {how}; {', '.join(examples)}"
    return Mismatch(message, tuple(pair.name for pair in wrong), _REORDER if same else _OTHER)


def _how(pairs: Sequence[Pair], ours: Sequence[Hashable], theirs: Sequence[Hashable], noun: str) -> str:
    """Says how the one order differs from the other, where both hold the same."""
    here, there = _contents(pairs, ours), _contents(pairs, theirs)
    if here == there:
        groups = sorted({pair.group for pair, one, other in zip(pairs, ours, theirs, strict=True) if one != other})
        where = "" if len(here) == 1 else f" in group {listed([str(group) for group in groups])}"
        return f"the same {noun} in another order{where}"
    if Counter(here.values()) == Counter(there.values()):
        moved = [index for index in here if here[index] != there[index]]
        if len(moved) == 2:
            return f"groups {moved[0]} and {moved[1]} are exchanged"
        return f"the groups are in another order: {listed([str(index) for index in moved])}"
    return f"the same {noun}, grouped in another way"


def _contents(pairs: Sequence[Pair], keys: Sequence[Hashable]) -> dict[int, frozenset[tuple[Hashable, int]]]:
    """What each group holds, whatever its order."""
    counts: dict[int, Counter[Hashable]] = {}
    for pair, key in zip(pairs, keys, strict=True):
        counts.setdefault(pair.group, Counter())[key] += 1
    return {group: frozenset(count.items()) for group, count in counts.items()}

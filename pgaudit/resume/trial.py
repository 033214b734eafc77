"""A checkpoint's groups and states → what the optimizer's own class makes of them, tried on small stand-ins.

Which keys a class needs, which it fills in and whether it goes on with the state of another class, its own
``load_state_dict``, ``__setstate__`` and ``step`` say (torch 2.15, torch/optim): an Adam refuses an SGD's state with a
``KeyError`` where it has momentum, and takes it without; an SGD takes an Adam's state, and begins its momentum anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.built import BuiltOptimizer, BuiltTensor
from pgaudit.core.plain import agree
from pgaudit.resume.answer import Mismatch
from pgaudit.resume.given import Given
from pgaudit.resume.pairs import Pair
from pgaudit.resume.stand_in import Make, StandIn, quietly, stand_in, stepped, values_of
from pgaudit.text import format_exception, quoted, visible

_ANOTHER_CLASS = "Resume with the optimizer's class that wrote the checkpoint; or load the model alone, and begin anew."
_REFUSES = "Look at what its load_state_dict() asks for; or load the model alone, and begin with a new optimizer."
_UNTRIED = "not proved: the optimizer's class cannot be tried on its own, so its states were not"

Groups = tuple[int, int]
"""The index of a group in the source, and of the one in the checkpoint that takes its place."""


@dataclass
class Tried:
    """What the class did."""

    mismatches: tuple[Mismatch, ...] = ()
    changed: dict[Groups, dict[str, Any]] = field(default_factory=dict)
    """What it writes into a group after loading, beside what the checkpoint holds, or in its place."""
    counters: dict[Groups, frozenset[str]] = field(default_factory=dict)
    """The keys of a group that its steps change: they are its state."""
    notes: tuple[str, ...] = ()
    """What could not be tried."""


def tried(pairs: Sequence[Pair], source: BuiltOptimizer, checkpoint: BuiltOptimizer, makes: Sequence[Make]) -> Tried:
    """Loads each kind of group and state into an optimizer of its own, and makes a step with it.

    Args:
        pairs: each tensor with its state.
        source: its groups.
        checkpoint: its groups.
        makes: what builds the source's optimizer, the most faithful first.
    """
    mismatches: dict[str, Mismatch] = {}
    notes: dict[str, None] = {}
    found = Tried()
    for samples in _kinds(pairs, source, checkpoint):
        pair = samples[0]
        stand = stand_in(makes, source.groups[pair.group].values, len(pair.source.shape or ()))
        if stand is None:
            notes[_UNTRIED] = None
            continue
        outcome = _loaded(stand, checkpoint.groups[pair.from_group].values, pair.checkpoint, checkpoint.further)
        if outcome.note:
            notes[outcome.note] = None
        if outcome.mismatch is not None:
            message = outcome.mismatch.message
            before = mismatches[message].params if message in mismatches else ()
            params = (*before, *(each.name for each in samples))
            mismatches[message] = Mismatch(message, params, outcome.mismatch.hint, outcome.mismatch.refused)
        _take(found, outcome, samples, checkpoint)
    found.mismatches, found.notes = tuple(mismatches.values()), tuple(notes)
    return found


def _kinds(pairs: Sequence[Pair], source: BuiltOptimizer, checkpoint: BuiltOptimizer) -> Iterator[Sequence[Pair]]:
    """Yields the pairs that a class cannot tell apart: by the keys of their groups, and by what is kept of them."""
    keys = [tuple((key, _is_on(value)) for key, value in group.values.items()) for group in checkpoint.groups]
    ours = [tuple(group.values) for group in source.groups]
    alike: dict[Any, list[Pair]] = {}
    for pair in pairs:
        state = tuple((key, shape is None) for key, shape in pair.checkpoint.state)
        kind = keys[pair.from_group], ours[pair.group], state, len(pair.source.shape or ())
        alike.setdefault(kind, []).append(pair)
    yield from alike.values()


def _is_on(value: Any) -> bool:
    """Whether it is neither zero, false nor absent: ``momentum=0`` needs no buffer."""
    return value is not None and value is not False and value != 0


@dataclass(frozen=True)
class _Outcome:
    """What became of one tensor that stands for all of its kind."""

    changed: Mapping[str, Any] = field(default_factory=dict)
    counters: frozenset[str] = frozenset()
    mismatch: Mismatch | None = None
    note: str = ""


def _take(found: Tried, outcome: _Outcome, samples: Sequence[Pair], checkpoint: BuiltOptimizer) -> None:
    """Notes what holds for each group of a kind; what the class has made of a value, for that value alone."""
    theirs = checkpoint.groups[samples[0].from_group].values
    for which in dict.fromkeys((pair.group, pair.from_group) for pair in samples):
        own = checkpoint.groups[which[1]].values
        changed = {
            key: value
            for key, value in outcome.changed.items()
            if key not in own or agree(own[key], theirs.get(key)) is True
        }
        found.changed.setdefault(which, {}).update(changed)
        found.counters[which] = found.counters.get(which, frozenset()) | outcome.counters


def _loaded(stand: StandIn, theirs: Mapping[str, Any], state: BuiltTensor, further: Mapping[str, Any]) -> _Outcome:
    """Loads what the checkpoint holds of a tensor and its group, and makes a step."""
    given = Given(stand, theirs, state, further)
    optimizer = stand.another()
    kind = visible(type(optimizer).__name__)
    try:
        with quietly():
            optimizer.load_state_dict(given.state_dict)
    except Exception as error:
        return _not_loaded(error, kind, given, stand)
    held = values_of(optimizer)
    changed = {key: held[key] for key in held if not (key in theirs and agree(held[key], theirs[key]) is not False)}
    counters = stand.counters
    if not stand.steps:
        return _Outcome(changed, counters, note=_UNTRIED)
    try:
        counters |= stepped(optimizer)
    except KeyError as error:
        key = error.args[0] if error.args else ""
        if key in given.keys:
            return _Outcome(changed, counters, note=_doubt("the first step", kind, error))
        who = "groups" if key in stand.values else "states"
        message = (
            f"it loads, and the first step of {kind} raises {format_exception(error)}: another optimizer wrote the "
            f"checkpoint's {who}, and they have no {quoted(key)}"
        )
        return _Outcome(changed, counters, Mismatch(message, (), _ANOTHER_CLASS))
    except Exception as error:
        if given.is_exact and given.groups_stop_it:
            message = (
                f"it loads, and the first step of {kind} raises {format_exception(error)}: what the checkpoint's "
                "groups hold is not for it"
            )
            return _Outcome(changed, counters, Mismatch(message, (), _ANOTHER_CLASS))
        # which may come of the stand-in
        return _Outcome(changed, counters, note=_doubt("the first step", kind, error))
    return _Outcome(changed, counters, _unused(kind, stand.state, dict(state.state)))


def _not_loaded(error: Exception, kind: str, given: Given, stand: StandIn) -> _Outcome:
    """What an exception of ``load_state_dict`` says: that the checkpoint is refused, or nothing, where the stand-in may
    be what it comes of.
    """
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    is_of_another = key is not None and key not in given.keys and (key in given.own_keys or not stand.steps)
    if not given.takes_its_own or not (is_of_another or (given.is_exact and stand.steps)):
        return _Outcome(note=_doubt("load_state_dict", kind, error))
    message = f"load_state_dict of {kind} raises {format_exception(error)}"
    if is_of_another:
        message += ": the checkpoint was written by another optimizer"
    return _Outcome(mismatch=Mismatch(message, (), _ANOTHER_CLASS if is_of_another else _REFUSES, refused=True))


def _doubt(what: str, kind: str, error: Exception) -> str:
    return f"not proved: {what} of {kind} raises {format_exception(error)} where it is tried on a stand-in"


def _unused(kind: str, own: Iterable[str], state: Mapping[str, Any]) -> Mismatch | None:
    if not own or not state or not state.keys().isdisjoint(own):
        return None
    message = (
        f"it loads, and {kind} uses nothing of it: it keeps {_words(own)}, and the checkpoint has {_words(state)}: "
        "another optimizer wrote it"
    )
    return Mismatch(message, (), _ANOTHER_CLASS)


def _words(keys: Iterable[str]) -> str:
    return " and ".join(map(visible, keys))

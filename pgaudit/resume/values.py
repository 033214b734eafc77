"""Pairs of groups → the values of the source that the checkpoint replaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.built import BuiltOptimizer
from pgaudit.core.plain import Opaque, agree, plain
from pgaudit.core.schedule import SCHEDULER_KEYS
from pgaudit.numbers import number
from pgaudit.resume.answer import Override
from pgaudit.resume.pairs import Pair, listed
from pgaudit.resume.trial import Groups, Tried
from pgaudit.resume.under_way import Reached
from pgaudit.text import visible

_LIMITS = ("base_momentum", "max_momentum")
"""Between these OneCycleLR and CyclicLR change ``momentum``, or the first of ``betas``."""

Group = Mapping[str, Any]
_Value = tuple[str, Any, Any]
"""A key, and what it is before and after loading."""


@dataclass(frozen=True)
class Replaced:
    """What becomes of the source's values."""

    overrides: tuple[Override, ...]
    notes: tuple[str, ...]
    """What goes on by itself, and what could not be compared."""
    keys: Mapping[Groups, frozenset[str]]
    """Which keys of which groups are overrides."""


@dataclass
class _Notes:
    opaque: dict[str, str] = field(default_factory=dict)
    """Keys whose values were not read, with what stands for them."""
    counters: dict[str, None] = field(default_factory=dict)
    lrs: dict[tuple[float, float], None] = field(default_factory=dict)
    """What a schedule has made of lrs."""


def replaced(
    pairs: Sequence[Pair],
    source: BuiltOptimizer,
    checkpoint: BuiltOptimizer,
    tried: Tried,
    reached: Reached,
    named: str,
    *,
    scheduled: bool,
) -> Replaced:
    """Returns each value that is another one after loading; what a schedule under way has changed is none.

    Args:
        pairs: each tensor with the groups that it is in.
        source: its groups.
        checkpoint: its groups, which take the place of the source's.
        tried: what the optimizer's class writes into a group after loading, and what it counts there.
        reached: whether a schedule leads from one lr to another.
        named: what the user calls the source.
        scheduled: whether the source has a schedule.
    """
    known: dict[Groups, list[_Value]] = {}
    notes = _Notes()
    overrides = []
    for pair in pairs:
        which = pair.group, pair.from_group
        if which not in known:
            ours = _plain(source.groups[pair.group].values)
            theirs = _plain({**checkpoint.groups[pair.from_group].values, **tried.changed.get(which, {})})
            found = _different(ours, theirs, which, reached, notes)
            known[which] = [each for each in found if not _is_aside(each, tried.counters.get(which, ()), notes)]
        overrides += [Override(pair.name, *each) for each in known[which]]
    keys = {which: frozenset(key for key, *_ in values) for which, values in known.items()}
    return Replaced(tuple(overrides), tuple(_words(notes, named, scheduled=scheduled)), keys)


def _plain(values: Group) -> dict[str, Any]:
    return {key: plain(value) for key, value in values.items()}


def _is_aside(value: _Value, counters: Any, notes: _Notes) -> bool:
    """Whether a difference is no override: a count goes on, and what was not read may be the same."""
    key, before, after = value
    if key in counters:
        notes.counters[key] = None
        return True
    if agree(before, after) is None:
        notes.opaque[key] = after if isinstance(after, Opaque) else ""
        return True
    return False


def _different(ours: Group, theirs: Group, which: Groups, reached: Reached, notes: _Notes) -> Iterator[_Value]:
    """Yields each key of a group whose value may be another one, with both values."""
    for key, value in ours.items():
        before, after = value, theirs.get(key)
        if key == "lr":
            before, after = _lrs(ours, theirs)
            if _goes_on(before, after, theirs, which, reached, notes):
                continue
        elif (
            key == "initial_lr"
            or (key in SCHEDULER_KEYS and key not in theirs)
            or (key in ("momentum", "betas") and _is_of_cycle(key, before, after, ours, theirs))
        ):
            continue
        if key not in theirs or agree(before, after) is not True:
            yield key, before, after


def _lrs(ours: Group, theirs: Group) -> tuple[Any, Any]:
    """Both lrs, as they were before any schedule."""
    if "initial_lr" in theirs:
        return ours.get("initial_lr", ours["lr"]), theirs["initial_lr"]
    return ours["lr"], theirs.get("lr")


def _goes_on(before: Any, after: Any, theirs: Group, which: Groups, reached: Reached, notes: _Notes) -> bool:
    """Whether a schedule has made the lr of a group that does not say where it began; notes what any schedule did."""
    if "initial_lr" in theirs:
        if agree(theirs.get("lr"), after) is False:
            notes.lrs[after, theirs["lr"]] = None
        return False
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (before, after))
    if not numbers or before == after or not reached(*which, before, after):
        return False
    notes.lrs[before, after] = None
    return True


def _is_of_cycle(key: str, before: Any, after: Any, ours: Group, theirs: Group) -> bool:
    """Whether two momenta differ by nothing but where the checkpoint's cycle stands: the source has a cycle itself,
    whose limits are then compared, or a momentum within the limits of the checkpoint's.
    """
    if _LIMITS[1] not in theirs or (key == "momentum" and "betas" in ours):
        return False
    if key == "betas":
        if not all(isinstance(each, (list, tuple)) and each for each in (before, after)):
            return False
        if agree(before[1:], after[1:]) is not True:
            return False
        before = before[0]
    try:
        return bool(_LIMITS[1] in ours or theirs[_LIMITS[0]] <= before <= theirs[_LIMITS[1]])
    except (KeyError, TypeError):  # not torch's limits
        return False


def _words(notes: _Notes, named: str, *, scheduled: bool) -> Iterator[str]:
    if notes.counters:
        keys = listed(list(notes.counters))
        yield f"the optimizer itself counts in its groups, and goes on with the checkpoint's {keys}"
    for key, text in notes.opaque.items():
        what = visible(text) or "objects in it"
        yield f"not compared: {visible(key)}, as {what} of the checkpoint is not read"
    if notes.lrs and not scheduled:
        lrs = [f"{_number(after)} (begun at {_number(before)})" for before, after in notes.lrs]
        yield (
            f"the lr goes on at {listed(lrs)}, as the checkpoint's schedule has left it, and {visible(named)} has no "
            "schedule that would go on with it"
        )


def _number(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)


def added(pairs: Sequence[Pair], source: BuiltOptimizer, checkpoint: BuiltOptimizer) -> list[str]:
    """Returns the keys that groups have after loading, and not before; those of schedulers left out."""
    groups = {(pair.group, pair.from_group): None for pair in pairs}
    found: dict[str, None] = {}
    for ours, theirs in groups:
        here = source.groups[ours].values
        found |= dict.fromkeys(
            key
            for key, value in checkpoint.groups[theirs].values.items()
            if key not in here and key not in SCHEDULER_KEYS and not (value is None or value is False)
        )
    return list(map(visible, found))

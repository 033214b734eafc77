"""Side × Side → Diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgaudit.diff.records import Change, Diff, Entry, Kind, SetupChange, Side


def compare(a: Side, b: Side) -> Diff:
    """Returns what changes from ``a`` to ``b``, in time linear in their parameters (but for sorting).

    Parameters are the same by their first name, or else by one of their aliases. ``compare(b, a)`` is
    ``compare(a, b).inverted()``.
    """
    pairs = _paired(a.entries, b.entries)
    changes = [*_changed(a, b, pairs)]
    unchanged = len(pairs) - len(changes)
    partners = {i: rank for rank, (i, _) in enumerate(pairs)}, {j: rank for rank, (_, j) in enumerate(pairs)}
    for entry, place in _alone(a.entries, partners[0]):
        changes.append(Change(Kind.REMOVED, entry, None, place, tuple(_extra(entry.extra, {}, {}, {}))))
    for entry, place in _alone(b.entries, partners[1]):
        changes.append(Change(Kind.ADDED, None, entry, place, tuple(_extra({}, entry.extra, {}, {}))))
    changes.sort(key=lambda change: change.order)
    return Diff(a, b, tuple(_setup(a, b)), tuple(changes), unchanged)


def _paired(a: Sequence[Entry], b: Sequence[Entry]) -> list[tuple[int, int]]:
    """The indices of entries that are the same parameter, in an order that does not depend on which side is which."""
    in_b = {entry.name: j for j, entry in reversed([*enumerate(b)])}  # should a name stand twice, the first counts
    pairs = [(i, in_b.pop(entry.name)) for i, entry in enumerate(a) if entry.name in in_b]
    rest_a = _by_any_name(a, {i for i, _ in pairs})
    rest_b = _by_any_name(b, {j for _, j in pairs})
    used_a: set[int] = set()
    used_b: set[int] = set()
    for name in sorted(rest_a.keys() & rest_b.keys()):
        i, j = rest_a[name], rest_b[name]
        if i not in used_a and j not in used_b:
            used_a.add(i)
            used_b.add(j)
            pairs.append((i, j))
    return sorted(pairs, key=lambda pair: (sum(pair), sorted((a[pair[0]].name, b[pair[1]].name))))


def _by_any_name(entries: Sequence[Entry], taken: set[int]) -> dict[str, int]:
    return {
        name: index
        for index, entry in enumerate(entries)
        if index not in taken
        for name in (entry.name, *entry.aliases)
    }


def _changed(a: Side, b: Side, pairs: Sequence[tuple[int, int]]) -> Iterator[Change]:
    own = _own(a, b), _own(b, a)
    for rank, (i, j) in enumerate(pairs):
        before, after = a.entries[i], b.entries[j]
        extra: tuple[SetupChange, ...] = ()
        if before.extra or after.extra:
            extra = tuple(_extra(before.extra, after.extra, *own))
        kind = _kind(before, after, extra)
        if kind is not None:
            yield Change(kind, before, after, rank, extra)


def _own(side: Side, other: Side) -> Mapping[str, Any]:
    """The optimizer's own arguments; a side that does not say its class's defaults has the other's."""
    alike = side.optimizer.get("type") == other.optimizer.get("type")
    return {**(side.defaults or (other.defaults if alike else {})), **side.optimizer}


def _extra(
    before: Mapping[str, Any], after: Mapping[str, Any], own_before: Mapping[str, Any], own_after: Mapping[str, Any]
) -> Iterator[SetupChange]:
    """What is otherwise in a group, beside lr and weight decay; what it does not hold is the optimizer's own."""
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, own_before.get(name)), after.get(name, own_after.get(name))
        if not same(old, new):
            yield SetupChange(name, old, new)


def _kind(before: Entry, after: Entry, extra: Sequence[SetupChange]) -> Kind | None:
    if before.shape != after.shape and None not in (before.shape, after.shape):
        return Kind.RESHAPED
    if extra or not same(before.effect, after.effect):
        return Kind.CHANGED
    return Kind.SAME_EFFECT if before.rules != after.rules else None


def _alone(entries: Sequence[Entry], ranks: Mapping[int, int]) -> Iterator[tuple[Entry, int]]:
    """The entries without a partner, each with the rank of the last one before it that has one."""
    place = -1
    for index, entry in enumerate(entries):
        if index in ranks:
            place = ranks[index]
        else:
            yield entry, place


def _setup(a: Side, b: Side) -> Iterator[SetupChange]:
    before, after = a.setup, b.setup
    for name in _in_order(before, after):
        old, new = before.get(name), after.get(name)
        unknown = name in ("lr", "weight_decay") and (old is None or new is None) and a.entries and b.entries
        if not same(old, new) and not unknown:
            yield SetupChange(name, old, new)


def _in_order(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The head's names as they stand, then all others by name."""
    head = ("constructor", "optimizer", "lr", "weight_decay")
    names = before.keys() | after.keys()
    return [name for name in head if name in names] + sorted(names.difference(head))


def same(old: Any, new: Any) -> bool:
    """Whether two values are equal, exactly; what is not a number is equal to itself."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        return len(old) == len(new) and all(map(same, old, new))
    both_nan = old != old and new != new
    return bool(both_nan or old == new)

"""Report × Report → Diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgaudit.core.assignment import OptimizerInfo, ParamAssignment
from pgaudit.core.schedule import OF_SCHEDULERS, OptimizerSchedule
from pgaudit.core.setting import Setting
from pgaudit.diff.over_time import OverTime, knows_lrs
from pgaudit.diff.records import Change, ChangeKind, Diff, ValueChange, effect, rule_names
from pgaudit.diff.setup import in_order, setup, without_policy, without_schedules
from pgaudit.report import Report
from pgaudit.serialize import plain
from pgaudit.text import visible


def compare(a: Report, b: Report) -> Diff:
    """Returns what changes from ``a`` to ``b``, in time linear in their parameters (but for sorting).

    Parameters are the same by their first name, or else by one of their aliases. ``compare(b, a)`` is
    ``compare(a, b).inverted()``.
    """
    ours, theirs = _as_trained(a), _as_trained(b)
    pairs = _paired(ours, theirs)
    over_time = OverTime(a, b)
    changes = [*_changed(a, b, [(ours[i], theirs[j]) for i, j in pairs], over_time)]
    unchanged = len(pairs) - len(changes)
    partners = {i: rank for rank, (i, _) in enumerate(pairs)}, {j: rank for rank, (_, j) in enumerate(pairs)}
    for param, place in _alone(ours, partners[0]):
        extra = tuple(_extra(_held(param), {}, {}, {}))
        changes.append(Change(ChangeKind.REMOVED, param, None, place, extra, over_time.of(param, None)))
    for param, place in _alone(theirs, partners[1]):
        extra = tuple(_extra({}, _held(param), {}, {}))
        changes.append(Change(ChangeKind.ADDED, None, param, place, extra, over_time.of(None, param)))
    changes.sort(key=lambda change: change.order)
    both = (change for change in changes if change.before is not None and change.after is not None)
    steps = {each.step for change in both for each in change.lrs if each.differs}
    setup = tuple(_setup(a, b, over_time, moves=bool(steps)))
    return Diff(a, b, setup, tuple(changes), unchanged, tuple(sorted(steps)), (*over_time.notes, *_notes(a, b)))


def _as_trained(report: Report) -> Sequence[ParamAssignment]:
    """The parameters, with ``lr_scale`` as a note that nobody reads where a known schedule does not look at it."""
    unread = _unscaled(report)
    if not unread:
        return report.params
    settings = {id(each.setting): each.setting for each in report.params if each.optimizer in unread}
    inert = {key: replace(each, inert=each.inert | {"lr_scale"}) for key, each in settings.items()}
    return [
        replace(each, setting=inert[id(each.setting)]) if each.optimizer in unread else each for each in report.params
    ]


def _unscaled(report: Report) -> dict[int, OptimizerSchedule]:
    """The optimizers whose groups hold an ``lr_scale`` that their schedule does not look at."""
    schedules = ((index, report.schedule_of(index)) for index in range(len(report.assignment.optimizers)))
    return {index: its for index, its in schedules if its is not None and "lr_scale" in its.unread}


def _notes(a: Report, b: Report) -> Iterator[str]:
    """Says that what is only written for a schedule is not compared."""
    names = {its.name for each in (a, b) for its in _unscaled(each).values()}
    for name in sorted(names):
        yield f"{visible(name)} does not look at lr_scale, so that does not count (pgaudit finding PG025)"


def _paired(a: Sequence[ParamAssignment], b: Sequence[ParamAssignment]) -> list[tuple[int, int]]:
    """The indices of the same parameter on both sides, in an order that does not depend on which side is which."""
    in_b = {param.name: j for j, param in reversed([*enumerate(b)])}  # should a name stand twice, the first counts
    pairs = [(i, in_b.pop(param.name)) for i, param in enumerate(a) if param.name in in_b]
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


def _by_any_name(params: Sequence[ParamAssignment], taken: set[int]) -> dict[str, int]:
    return {name: index for index, param in enumerate(params) if index not in taken for name in param.names}


def _changed(
    a: Report, b: Report, pairs: Sequence[tuple[ParamAssignment, ParamAssignment]], over_time: OverTime
) -> Iterator[Change]:
    own, alike, built = _Own(a, b), _SameInert(a, b), None in (a.constructor, b.constructor)
    for rank, pair in enumerate(pairs):
        before, after = alike.of(*pair)
        held, holds = _held(before), _held(after)
        if built and "initial_lr" in held.keys() ^ holds.keys():  # a side with a scheduler does not tell it
            held, holds = ({key: each[key] for key in each if key != "initial_lr"} for each in (held, holds))
        extra: tuple[ValueChange, ...] = ()
        if held or holds:
            extra = tuple(_extra(held, holds, *own.of(before, after)))
        if before.in_optimizer and after.in_optimizer and before.optimizer != after.optimizer:
            extra = (ValueChange("optimizer", _named(a, before), _named(b, after)), *extra)
        if (twice := _further(before)) != (again := _further(after)):
            extra = (*extra, ValueChange("also_in", twice, again))
        lrs = over_time.of(before, after)
        kind = _kind(before, after, bool(extra) or any(each.differs for each in lrs))
        if kind is not None:
            yield Change(kind, before, after, rank, extra, lrs)


def _named(report: Report, param: ParamAssignment) -> str:
    """The optimizer that a parameter is in, by its index and its class."""
    return f"{param.optimizer} {report.optimizer_of(param).type or ''}".strip()


def _further(param: ParamAssignment) -> list[str] | None:
    """The further groups that a parameter is in, by their optimizers; None nearly always."""
    found = [f"optimizer {at}" if at != param.optimizer else "the same optimizer" for at, _ in param.also_in]
    return sorted(found) or None


def _held(param: ParamAssignment) -> Mapping[str, Any]:
    """What else its group holds that the training notices, as JSON can hold it."""
    found: Mapping[str, Any] = plain(param.setting.unscaled)
    return found


class _SameInert:
    """What one side says that nobody reads, for the other one, which was built and may not know it."""

    def __init__(self, a: Report, b: Report) -> None:
        self._is_needed = None in (a.constructor, b.constructor)
        self._read = [_read_by(each) for each in (a, b)]
        self._known: dict[tuple[int, int], tuple[Setting, Setting]] = {}

    def of(self, before: ParamAssignment, after: ParamAssignment) -> tuple[ParamAssignment, ParamAssignment]:
        """Returns both sides of a parameter, with the same keys of no effect."""
        one, other = before.setting, after.setting
        if not self._is_needed or not (one.extra or other.extra):
            return before, after
        found = self._known.get((id(one), id(other)))
        if found is None:
            read_before, read_after = self._read
            inert = one.inert | other.inert | _unread(one, read_after) | _unread(other, read_before)
            found = self._known[id(one), id(other)] = replace(one, inert=inert), replace(other, inert=inert)
        return replace(before, setting=found[0]), replace(after, setting=found[1])


def _read_by(report: Report) -> frozenset[str] | None:
    """The keys that a policy's optimizer and schedulers look for; None where nothing says it."""
    return report.basis.defaults.looked_for | OF_SCHEDULERS if report.basis else None


def _unread(setting: Setting, read: frozenset[str] | None) -> frozenset[str]:
    return frozenset() if read is None else frozenset(key for key in setting.extra if key not in read)


class _Own:
    """The optimizers' own arguments; a side that does not say its class's defaults has the other's."""

    def __init__(self, a: Report, b: Report) -> None:
        self._optimizers = a.assignment.optimizers, b.assignment.optimizers
        self._known: dict[tuple[int, int], tuple[dict[str, Any], dict[str, Any]]] = {}

    def of(self, before: ParamAssignment, after: ParamAssignment) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the arguments of the optimizer that a parameter is in, on both sides."""
        which = before.optimizer or 0, after.optimizer or 0
        if which not in self._known:
            one, other = (optimizers[index] for optimizers, index in zip(self._optimizers, which, strict=True))
            self._known[which] = _arguments(one, other), _arguments(other, one)
        return self._known[which]


def _arguments(of: OptimizerInfo, other: OptimizerInfo) -> dict[str, Any]:
    defaults = of.defaults or (other.defaults if of.type == other.type else {})
    found: dict[str, Any] = plain({**defaults, **of.arguments})
    return found


def _extra(
    before: Mapping[str, Any], after: Mapping[str, Any], own_before: Mapping[str, Any], own_after: Mapping[str, Any]
) -> Iterator[ValueChange]:
    """What is otherwise in a group, beside lr and weight decay; what it does not hold is the optimizer's own."""
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, own_before.get(name)), after.get(name, own_after.get(name))
        if not same(old, new):
            yield ValueChange(name, old, new)


def _kind(before: ParamAssignment, after: ParamAssignment, otherwise: bool) -> ChangeKind | None:
    shapes = before.param.shape, after.param.shape
    if shapes[0] != shapes[1] and None not in shapes:
        return ChangeKind.RESHAPED
    if otherwise or not same(effect(before), effect(after)):
        return ChangeKind.CHANGED
    rules = rule_names(before), rule_names(after)
    if rules[0] == rules[1] or (effect(before)[0] is not None and (None, None) in rules):
        return None  # of what was built nothing says which rules decided it
    return ChangeKind.SAME_EFFECT


def _alone(params: Sequence[ParamAssignment], ranks: Mapping[int, int]) -> Iterator[tuple[ParamAssignment, int]]:
    """The parameters without a partner, each with the rank of the last one before it that has one."""
    place = -1
    for index, param in enumerate(params):
        if index in ranks:
            place = ranks[index]
        else:
            yield param, place


def _setup(a: Report, b: Report, over_time: OverTime, *, moves: bool) -> Iterator[ValueChange]:
    before, after = setup(a), setup(b)
    # A live schedule says its arguments in other words than a config: what counts is what it makes of the lrs.
    alike = a.assignment.origin != b.assignment.origin and over_time.compares and not moves
    if alike or not (knows_lrs(a) and knows_lrs(b)):
        before, after = without_schedules(before), without_schedules(after)
    if None in (a.constructor, b.constructor) and a.params and b.params:
        before, after = without_policy(a, b, before), without_policy(b, a, after)
    for name in in_order(before, after):
        old, new = before.get(name), after.get(name)
        is_base = name.rpartition(" ")[2] in ("lr", "weight_decay")
        unknown = is_base and (old is None or new is None) and a.params and b.params
        if not same(old, new) and not unknown:
            yield ValueChange(name, old, new)


def same(old: Any, new: Any) -> bool:
    """Whether two values are equal, exactly; what is not a number is equal to itself."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        return len(old) == len(new) and all(map(same, old, new))
    both_nan = old != old and new != new
    return bool(both_nan or old == new)

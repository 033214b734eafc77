"""Report × lock file → which parameters moved, from what to what, and because of which rule."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

from pgaudit.config.documents import read_file
from pgaudit.constructors import constructor_named
from pgaudit.core.assignment import Provenance
from pgaudit.core.location import Location, whole_file
from pgaudit.diff import Change, Diff, Entry, Kind, SetupChange, Side, compare
from pgaudit.diff.compare import same
from pgaudit.diff.locks import MAX_BYTES, read_lock
from pgaudit.diff.reports import from_report
from pgaudit.gate.records import Audit, Notice
from pgaudit.report import Report
from pgaudit.serialize import plain
from pgaudit.text import counted, visible

_SETTINGS = frozenset({"constructor", "lr", "weight_decay"})
"""Parts of the setup that show in the parameters, or in nothing: by themselves they fail nothing."""


def moved(report: Report, audit: Audit) -> Iterator[Notice]:
    """Yields a notice for each way in which parameters moved, and for each argument of the optimizer that did.

    Raises:
        ConfigError: the lock cannot be read.
    """
    assert audit.lock is not None
    data = read_file(audit.lock, "lock", most=MAX_BYTES, example=f"{audit.relock(update=False)} writes it")
    lock = read_lock(audit.lock, data)
    found = compare(lock, from_report(report))
    for change in found.setup:
        if change.name not in _SETTINGS and not _is_default(report, change):
            yield _of_setup(report, change, audit)
    for (kind, words, rule), changes in _alike(found).items():
        yield _of_parameters(report, lock, kind, words, rule, changes, audit)
    other = found.of(Kind.SAME_EFFECT)
    if other:
        message = f"{counted(len(other), 'tensor')} have other rules than the lock says, and the same values"
        names = tuple(change.entry.name for change in other)
        hint = f"{audit.relock()} writes the new rules"
        yield Notice("lock", "other-rule", "info", False, message, hint, Location(audit.lock, 1, 1), names)


def _is_default(report: Report, change: SetupChange) -> bool:
    """Whether an argument came or went that says what the class does anyway."""
    default = report.facts.arguments.get(change.name)
    given = change.after if change.before is None else change.before
    return None in (change.before, change.after) and same(plain(default), given)


def _of_setup(report: Report, change: SetupChange, audit: Audit) -> Notice:
    spec = constructor_named(report.config.constructor).optimizer(report.config)
    key = spec.type_key if change.name == "optimizer" else change.name
    at = report.config.nearest(*spec.section, key)
    message = f"{visible(change.name)}: locked as {_word(change.before)}, now {_word(change.after)}"
    return Notice("lock", "setup-moved", "error", True, message, _hint(audit), at)


_Move = tuple[Kind, str, "Provenance | None"]


def _alike(found: Diff) -> dict[_Move, list[Change]]:
    """The changes by what moved, from where to where, and the rule that decides it now."""
    groups: dict[_Move, list[Change]] = defaultdict(list)
    for change in found.changes:
        if change.kind is not Kind.SAME_EFFECT:
            groups[change.kind, _what(change), _deciding(change)].append(change)
    return groups


def _deciding(change: Change) -> Provenance | None:
    """The rule, now, of the value that moved first."""
    before, after = change.before, change.after
    if before is not None and after is not None and before.lr == after.lr and before.peak_lr == after.peak_lr:
        return after.lr_rule if change.extra and before.weight_decay == after.weight_decay else after.weight_decay_rule
    return after.lr_rule if after else None


def _of_parameters(
    report: Report, lock: Side, kind: Kind, words: str, rule: Provenance | None, changes: list[Change], audit: Audit
) -> Notice:
    names = tuple(change.entry.name for change in changes)
    which = visible(names[0]) if len(names) == 1 else f"{counted(len(names), 'tensor')} such as {visible(names[0])}"
    hint = _hint(audit)
    locked, model = os.path.basename(lock.model or ""), os.path.basename(report.inventory.ref)
    if kind in (Kind.ADDED, Kind.REMOVED) and locked != model:
        hint = f"the lock is of {visible(locked)}, and this is {visible(model)}"
    name = {Kind.ADDED: "not-locked", Kind.REMOVED: "locked-and-gone"}.get(kind, "moved")
    at = (rule.location if rule else None) or whole_file(report.config.path)
    key = visible(rule.full) if rule else None
    return Notice("lock", name, "error", True, f"{which}: {words}", hint, at, names, key)


def _hint(audit: Audit) -> str:
    return f"if that is meant: {audit.relock()}"


def _what(change: Change) -> str:
    before, after = change.before, change.after
    if before is None or after is None:
        words = ", ".join(_all_values(change))
        return f"new, with {words}" if before is None else f"gone; locked were {words}"
    moves = [*_values(before, after)]
    by = f" by {visible(after.lr_rule.full)}" if after.lr_rule else ""
    moves += [f"{visible(each.name)} {_word(each.before)} → {_word(each.after)}{by}" for each in change.extra]
    if before.trainable != after.trainable:
        moves.append("trainable now" if after.trainable else "frozen now")
    if before.in_optimizer != after.in_optimizer:
        moves.append("in the optimizer now" if after.in_optimizer else "not in the optimizer any more")
    return ", ".join(moves)


def _all_values(change: Change) -> Iterator[str]:
    """What a parameter gets that has come, or got that has gone."""
    entry = change.entry
    yield f"lr {_word(entry.lr)}"
    if entry.scheduled_lr is not None:
        yield f"scheduled_lr {_word(entry.scheduled_lr)}"
    yield f"weight_decay {_word(entry.weight_decay)}"
    for key, value in entry.extra.items():
        yield f"{visible(key)} {_word(value)}"


def _values(before: Entry, after: Entry) -> Iterator[str]:
    """Each value that moved, with its rule; the rule that was locked, too, if that was another."""
    lr, decay = (before.lr_rule, after.lr_rule), (before.weight_decay_rule, after.weight_decay_rule)
    values = [("lr", before.lr, after.lr, *lr), ("weight_decay", before.weight_decay, after.weight_decay, *decay)]
    if before.scheduled_lr is not None or after.scheduled_lr is not None:
        values.insert(1, ("scheduled_lr", before.peak_lr, after.peak_lr, *lr))
    for word, old, new, was, rule in values:
        if old != new:
            by = f" by {visible(rule.full)}" if rule else ""
            locked = f" (locked: {visible(was.full)})" if was and rule and was.name != rule.name else ""
            yield f"{word} {_word(old)} → {_word(new)}{by}{locked}"


def _word(value: object) -> str:
    if value is None:
        return "none"
    return repr(value) if isinstance(value, float) else visible(value)

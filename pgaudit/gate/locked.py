"""Report × lock file → which parameters moved, from what to what, and because of which rule."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

from pgaudit.constructors import constructor_named
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location, whole_file
from pgaudit.core.setting import Provenance
from pgaudit.diff import Change, ChangeKind, Diff, ValueChange, compare
from pgaudit.diff.compare import same
from pgaudit.diff.setup import without_schedules
from pgaudit.files.reading import read_file
from pgaudit.gate.locked_over_time import MovedOverTime, word
from pgaudit.gate.records import Audit
from pgaudit.report import Report
from pgaudit.serialize import plain
from pgaudit.sources.lock import MAX_BYTES
from pgaudit.sources.lock_reading import read_lock
from pgaudit.text import counted, visible

_SETTINGS = frozenset({"constructor", "lr", "weight_decay"})
"""Parts of the setup that show in the parameters, or in nothing: by themselves they fail nothing."""


def read_lock_of(audit: Audit) -> Report:
    """Reads the lock of an audit that has one.

    Raises:
        ConfigError: it cannot be read.
    """
    assert audit.lock is not None
    data = read_file(audit.lock, "lock", most=MAX_BYTES, example=f"{audit.relock(update=False)} writes it")
    return read_lock(audit.lock, data)


def lock_findings(report: Report, audit: Audit, lock: Report | None = None) -> Iterator[Finding]:
    """Yields a finding for each way in which parameters moved, and for each argument of the optimizer that did.

    Args:
        report: what is now; it knows the steps that the lock has.
        audit: which has a lock.
        lock: what that holds, where it has been read.

    Raises:
        ConfigError: the lock cannot be read.
    """
    lock = read_lock_of(audit) if lock is None else lock
    found = compare(lock, report)
    over_time = MovedOverTime.between(lock, report)
    for change in without_schedules({each.name: each for each in found.setup}).values():
        if change.name not in _SETTINGS and not _is_default(report, change):
            yield _of_setup(report, change, audit)
    yield from over_time.findings(_hint(audit))
    for like, changes in _alike(found, over_time).items():
        yield _of_parameters(report, lock, like, changes, audit)
    other = found.of(ChangeKind.SAME_EFFECT)
    if other:
        message = f"{counted(len(other), 'tensor')} have other rules than the lock says, and the same values"
        names = tuple(change.param.name for change in other)
        hint = _hint(audit) if audit.tried else f"{audit.relock()} writes the new rules"
        yield Finding("lock", "other-rule", "info", message, hint, Location(audit.lock, 1, 1), names)


def _is_default(report: Report, change: ValueChange) -> bool:
    """Whether an argument came or went that says what the class does anyway."""
    default = report.optimizer.defaults.get(change.name)
    given = change.after if change.before is None else change.before
    return None in (change.before, change.after) and same(plain(default), given)


def _of_setup(report: Report, change: ValueChange, audit: Audit) -> Finding:
    at = _of_argument(report, change.name) if report.basis else whole_file(report.config_path)
    message = f"{visible(change.name)}: locked as {word(change.before)}, now {word(change.after)}"
    return Finding("lock", "setup-moved", "error", message, _hint(audit), at)


def _of_argument(report: Report, name: str) -> Location | None:
    """Where an argument of the optimizer stands in the config."""
    spec = constructor_named(report.config.constructor).optimizer(report.config)
    key = spec.type_key if name == "optimizer" else name
    return report.config.nearest(*spec.section, key)


_Move = tuple[ChangeKind, str, "Provenance | None"]


def _alike(found: Diff, over_time: MovedOverTime) -> dict[_Move, list[Change]]:
    """The changes by what moved, from where to where, and the rule that decides it now."""
    groups: dict[_Move, list[Change]] = defaultdict(list)
    for change in found.effective:
        own = list(_what(change))
        words = ", ".join([*own, *over_time.words(change.param.name)])
        if words:  # else it moved at steps that the lock does not have
            rule = _deciding(change) if own else over_time.provenance(change.param)
            groups[change.kind, words, rule].append(change)
    told = {change.param.name for change in found.effective}
    for change in over_time.changes:
        if change.param.name not in told:
            rule = over_time.provenance(change.param)
            groups[change.kind, ", ".join(over_time.words(change.param.name)), rule].append(change)
    return groups


def _deciding(change: Change) -> Provenance | None:
    """The rule, now, of the value that moved first."""
    before, after = change.before, change.after
    if before is None or after is None:
        return after.setting.lr_rule if after else None
    old, new = before.setting, after.setting
    if (old.lr, old.peak_lr) != (new.lr, new.peak_lr) or (change.extra and old.weight_decay == new.weight_decay):
        return new.lr_rule
    return new.weight_decay_rule


def _of_parameters(report: Report, lock: Report, like: _Move, changes: list[Change], audit: Audit) -> Finding:
    kind, words, rule = like
    names = tuple(change.param.name for change in changes)
    which = visible(names[0]) if len(names) == 1 else f"{counted(len(names), 'tensor')} such as {visible(names[0])}"
    hint = _hint(audit)
    locked, model = (os.path.basename(each.assignment.model.ref or "") for each in (lock, report))
    if kind in (ChangeKind.ADDED, ChangeKind.REMOVED) and locked != model:
        hint = f"the lock is of {visible(locked)}, and this is {visible(model)}"
    name = {ChangeKind.ADDED: "not-locked", ChangeKind.REMOVED: "locked-and-gone"}.get(kind, "moved")
    at = (rule.location if rule else None) or whole_file(report.config_path)
    key = visible(rule.full) if rule else None
    return Finding("lock", name, "error", f"{which}: {words}", hint, at, names, key)


def _hint(audit: Audit) -> str:
    first = f"write {visible(audit.tried)} into {visible(audit.config)}, then " if audit.tried else ""
    return f"if that is meant: {first}{audit.relock()}"


def _what(change: Change) -> Iterator[str]:
    before, after = change.before, change.after
    if before is None or after is None:
        words = ", ".join(_all_values(change))
        yield f"new, with {words}" if before is None else f"gone; locked were {words}"
        return
    yield from _values(before, after)
    by = f" by {visible(after.setting.lr_rule.full)}" if after.setting.lr_rule else ""
    for each in change.extra:
        yield f"{visible(each.name)} {word(each.before)} → {word(each.after)}{by}"
    if before.param.trainable != after.param.trainable:
        yield "trainable now" if after.param.trainable else "frozen now"
    if before.in_optimizer != after.in_optimizer:
        yield "in the optimizer now" if after.in_optimizer else "not in the optimizer any more"


def _all_values(change: Change) -> Iterator[str]:
    """What a parameter gets that has come, or got that has gone."""
    param = change.param
    yield f"lr {word(param.lr)}"
    if param.scheduled_lr is not None:
        yield f"scheduled_lr {word(param.scheduled_lr)}"
    yield f"weight_decay {word(param.weight_decay)}"
    for each in change.extra:
        yield f"{visible(each.name)} {word(each.before if change.after is None else each.after)}"


def _values(before: ParamAssignment, after: ParamAssignment) -> Iterator[str]:
    """Each value that moved, with its rule; the rule that was locked, too, if that was another."""
    old_setting, new_setting = before.setting, after.setting
    lr = old_setting.lr_rule, new_setting.lr_rule
    decay = old_setting.weight_decay_rule, new_setting.weight_decay_rule
    values = [("lr", before.lr, after.lr, *lr), ("weight_decay", before.weight_decay, after.weight_decay, *decay)]
    if before.scheduled_lr is not None or after.scheduled_lr is not None:
        values.insert(1, ("scheduled_lr", old_setting.peak_lr, new_setting.peak_lr, *lr))
    for name, old, new, was, rule in values:
        if old != new:
            by = f" by {visible(rule.full)}" if rule else ""
            locked = f" (locked: {visible(was.full)})" if was and rule and was.name != rule.name else ""
            yield f"{name} {word(old)} → {word(new)}{by}{locked}"

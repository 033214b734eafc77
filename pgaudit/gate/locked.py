"""Report × lock file → which parameters moved, from what to what, and because of which rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from pgaudit.config.documents import read_file
from pgaudit.constructors import Rule
from pgaudit.diff import Change, Diff, Entry, Kind, Side, compare
from pgaudit.diff.locks import read_lock
from pgaudit.diff.reports import from_report
from pgaudit.errors import ConfigError, Position
from pgaudit.gate.records import Notice
from pgaudit.report import Report
from pgaudit.text import counted, visible

_SETTINGS = frozenset({"constructor", "lr", "weight_decay"})
"""Parts of the setup that show in the parameters, or in nothing: by themselves they fail nothing."""


def moved(report: Report, lock: str) -> Iterator[Notice]:
    """Yields a notice for each rule under which parameters moved, and for each argument of the optimizer that did.

    Raises:
        ConfigError: the lock cannot be read.
    """
    found = compare(_read(lock), from_report(report))
    for change in found.setup:
        if change.name not in _SETTINGS:
            message = f"{visible(change.name)}: locked as {_word(change.before)}, now {_word(change.after)}"
            position = report.config.position("optimizer", "type" if change.name == "optimizer" else change.name)
            yield Notice("lock", "setup-moved", "error", True, message, None, report.config.path, position)
    for (kind, rule, position), changes in _by_rule(found).items():
        yield _notice(report, kind, rule, position, changes)
    other = found.of(Kind.SAME_EFFECT)
    if other:
        message = f"{counted(len(other), 'parameter')} have other rules than the lock says, and the same values"
        names = tuple(change.entry.name for change in other)
        hint = "pgaudit lock --update writes the new rules"
        yield Notice("lock", "other-rule", "info", False, message, hint, lock, Position(1, 1), names)


def _read(lock: str) -> Side:
    if not Path(lock).exists():
        raise ConfigError(f"no such lock file: {visible(lock)}", f"pgaudit lock MODEL CONFIG -o {visible(lock)}")
    return read_lock(lock, read_file(lock, "lock"))


_Moved = tuple[Kind, "str | None", "Position | None"]


def _by_rule(found: Diff) -> dict[_Moved, list[Change]]:
    """The changes by the rule that decides now what changed: one notice a line of the config."""
    groups: dict[_Moved, list[Change]] = defaultdict(list)
    for change in found.changes:
        if change.kind is not Kind.SAME_EFFECT:
            rule = _deciding(change)
            words = None if rule is None else rule.option if rule.key is None else f"{rule.option}.{rule.key}"
            groups[change.kind, words, rule.position if rule else None].append(change)
    return groups


def _deciding(change: Change) -> Rule | None:
    """The rule, now, of the value that moved."""
    entry, before = change.entry, change.before
    if before is not None and change.after is not None and before.lr == change.after.lr:
        return entry.weight_decay_rule
    return entry.lr_rule


def _notice(report: Report, kind: Kind, rule: str | None, position: Position | None, changes: list[Change]) -> Notice:
    names = tuple(change.entry.name for change in changes)
    first = changes[0]
    which = visible(names[0]) if len(names) == 1 else f"{counted(len(names), 'parameter')} such as {visible(names[0])}"
    by = f" by {visible(rule)}" if rule and first.after else ""
    message = f"{which}: {_what(first)}{by}"
    hint = "pgaudit lock --update, if that is meant"
    name = {Kind.ADDED: "not-locked", Kind.REMOVED: "locked-and-gone"}.get(kind, "moved")
    return Notice("lock", name, "error", True, message, hint, report.config.path, position, names, rule)


def _what(change: Change) -> str:
    if change.before is None:
        return f"new, {_settings(change.entry)}"
    if change.after is None:
        return f"gone, locked at {_settings(change.entry)}"
    moves = [
        f"{word} {_word(old)} → {_word(new)}"
        for word, old, new in (
            ("lr", change.before.lr, change.after.lr),
            ("weight_decay", change.before.weight_decay, change.after.weight_decay),
        )
        if old != new
    ]
    if change.before.trainable != change.after.trainable:
        moves.append("trainable now" if change.after.trainable else "frozen now")
    if change.before.in_optimizer != change.after.in_optimizer:
        moves.append("in the optimizer now" if change.after.in_optimizer else "not in the optimizer any more")
    return ", ".join(moves)


def _settings(entry: Entry) -> str:
    return f"lr {_word(entry.lr)}, weight_decay {_word(entry.weight_decay)}"


def _word(value: object) -> str:
    if value is None:
        return "none"
    return repr(value) if isinstance(value, float) else visible(value)

"""Report × lock file that holds lrs over time → which lrs moved at which step, and whether the schedule is another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.findings import Finding, Severity
from pgaudit.core.location import Location, whole_file
from pgaudit.core.schedule import OptimizerSchedule
from pgaudit.core.setting import Provenance
from pgaudit.diff import Change, ChangeKind
from pgaudit.diff.over_time import LrChange
from pgaudit.gate.lr_moves import moved_over_time
from pgaudit.report import Report
from pgaudit.text import quoted, visible

_SPELLED_OUT = 4
"""Steps at which a finding says what moved; further ones are counted."""


@dataclass(frozen=True)
class MovedOverTime:
    """What moved since the lock was written at the steps that it has."""

    lock: Report
    report: Report
    changes: tuple[Change, ...] = ()
    """The parameters that it is about."""
    moves: Mapping[str, tuple[LrChange, ...]] = field(default_factory=dict)
    """By the parameter's name."""
    unsaid: bool = False
    """Whether nothing says what the lrs now are at these steps."""

    @classmethod
    def between(cls, lock: Report, report: Report) -> MovedOverTime:
        """Compares them at the lock's steps; nothing has moved where it has none."""
        if not lock.at:
            return cls(lock, report)
        try:
            found = [*moved_over_time(lock, report, lock.at)]
        except KeyError:
            return cls(lock, report, unsaid=True)
        changes = tuple(
            Change(ChangeKind.CHANGED, before, after, rank) for rank, (before, after, _) in enumerate(found)
        )
        return cls(lock, report, changes, {after.name: moves for _, after, moves in found})

    def words(self, name: str) -> Iterator[str]:
        """Yields what moved of a parameter, from what to what."""
        moves = self.moves.get(name, ())
        unit = self.lock.over_time.unit if self.lock.over_time else "step"
        for move in moves[:_SPELLED_OUT]:
            yield f"lr at {unit} {move.step} {word(move.before)} → {word(move.after)}"
        if (more := len(moves) - _SPELLED_OUT) > 0:
            yield f"and at {more} more {unit}s"

    def provenance(self, param: ParamAssignment) -> Provenance | None:
        """Returns what decides the lr of a parameter over time: its rule, at the place of the schedule."""
        rule = param.setting.lr_rule
        place = self._place(self.report.schedule_of(param.optimizer))
        return rule if rule is None or place is None else Provenance(rule.option, rule.key, place)

    def findings(self, hint: str) -> Iterator[Finding]:
        """Yields a finding for each optimizer whose schedule is another one than was locked: it fails if a lr moved.

        Args:
            hint: what to do if that is meant.
        """
        lock, now = self.lock.over_time, self.report.over_time
        if lock is None:
            return
        at = whole_file(self.report.config_path)
        if self.unsaid:
            message = f"the lock has lrs over time, and {quoted(self.report.path)} does not say them"
            yield Finding("lock", "over-time-unknown", "error", message, hint, whole_file(self.report.path))
            return
        if now is not None and any(now.optimizers) and any(lock.optimizers) and lock.unit != now.unit:
            yield Finding(
                "lock", "schedule-moved", "error", f"{lock.unit}s were locked, now {now.unit}s count", hint, at
            )
        pairs = zip_longest(lock.optimizers, () if now is None else now.optimizers)
        for index, (before, after) in enumerate(pairs):
            old, new = (each and each.title for each in (before, after))
            if old == new:
                continue
            moved = any((change.param.optimizer or 0) == index for change in self.changes)
            severity: Severity = "error" if moved else "warning"
            name = "schedule-moved" if moved else "other-schedule"
            of = f"schedule of optimizer {index}" if index else "schedule"
            same = "" if moved else ", with the same lrs at these steps"
            message = f"{of}: locked as {word(old)}, now {word(new)}{same}"
            yield Finding("lock", name, severity, message, hint, self._place(after) or at)

    def _place(self, schedule: OptimizerSchedule | None) -> Location | None:
        """Where a schedule stands in the config."""
        report = self.report
        return report.config.nearest(*schedule.at) if schedule and schedule.at and report.basis else None


def word(value: object) -> str:
    """Returns a value as a finding has it: ``none``, all digits of a number, or the text."""
    if value is None:
        return "none"
    return repr(value) if isinstance(value, float) else visible(value)

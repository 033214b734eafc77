"""What a diff says, as plain data."""

from __future__ import annotations

import enum
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.assignment import ParamAssignment
from pgaudit.diff.over_time import LrChange
from pgaudit.report import Report


@enum.unique
class ChangeKind(str, enum.Enum):
    """What became of a parameter."""

    CHANGED = "changed"
    """Another lr, weight decay or other setting of its group, or it is frozen or left out on one side only."""
    RESHAPED = "reshaped"
    """Another shape, whatever else."""
    REMOVED = "removed"
    ADDED = "added"
    SAME_EFFECT = "same_effect"
    """Other rules that come to the same."""


INVERSE = {ChangeKind.ADDED: ChangeKind.REMOVED, ChangeKind.REMOVED: ChangeKind.ADDED}


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A difference in the constructor, an optimizer, or one of its arguments, for all parameters or for one."""

    name: str
    """``constructor``, ``optimizer``, ``lr``, ``weight_decay``, or an argument's name."""
    before: Any
    """As JSON can hold it; None where it is not set."""
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One parameter that is not the same on both sides."""

    kind: ChangeKind
    before: ParamAssignment | None
    """None for an added one."""
    after: ParamAssignment | None
    """None for a removed one."""
    place: int
    """The rank, among the parameters that both sides have, of this one or of the last one before it; -1 for none."""
    extra: tuple[ValueChange, ...] = field(default=(), hash=False)
    """What is otherwise in its group, beside lr and weight decay; of an added or removed one, all that is there."""
    lrs: tuple[LrChange, ...] = ()
    """Its lrs over time, at the steps that are compared."""

    @property
    def param(self) -> ParamAssignment:
        """The parameter as it is, or as it was before it was removed."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def both(self) -> tuple[ParamAssignment, ...]:
        """The parameter on each side that has it."""
        return tuple(each for each in (self.before, self.after) if each is not None)

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands among others: removed and added ones after their neighbour, removed ones first."""
        return self.place, {ChangeKind.REMOVED: 1, ChangeKind.ADDED: 2}.get(self.kind, 0)


@dataclass(frozen=True)
class Diff:
    """What changes from one report to the other."""

    a: Report
    b: Report
    setup: tuple[ValueChange, ...]
    changes: tuple[Change, ...]
    """In the model's order."""
    unchanged: int
    steps: tuple[int, ...] = ()
    """After how many steps or epochs the lr of a parameter differs that both sides have."""
    notes: tuple[str, ...] = ()
    """What is not compared, in sentences."""

    @property
    def effective(self) -> tuple[Change, ...]:
        """The changes that a training would notice: other rules that come to the same are none."""
        return tuple(change for change in self.changes if change.kind is not ChangeKind.SAME_EFFECT)

    @property
    def differs(self) -> bool:
        """Whether a training would notice."""
        return bool(self.setup or self.effective)

    def of(self, *kinds: ChangeKind) -> tuple[Change, ...]:
        """Returns the changes of some kinds."""
        return tuple(change for change in self.changes if change.kind in kinds)

    def inverted(self) -> Diff:
        """Returns the way back: the same as comparing the reports in the other order."""
        changes = [
            Change(
                INVERSE.get(each.kind, each.kind),
                each.after,
                each.before,
                each.place,
                _inverted(each.extra),
                tuple(LrChange(lr.step, lr.after, lr.before, lr.scale) for lr in each.lrs),
            )
            for each in self.changes
        ]
        ordered = tuple(sorted(changes, key=lambda each: each.order))
        return Diff(self.b, self.a, _inverted(self.setup), ordered, self.unchanged, self.steps, self.notes)


def _inverted(changes: tuple[ValueChange, ...]) -> tuple[ValueChange, ...]:
    return tuple(ValueChange(each.name, each.after, each.before) for each in changes)


def effect(of: ParamAssignment) -> tuple[Hashable, ...]:
    """Returns what the training will notice, but for what else a group holds, of which the optimizer's own arguments
    are a part.
    """
    setting = of.setting
    return setting.lr, setting.peak_lr, setting.weight_decay, of.optimizer, of.param.trainable


def rule_names(of: ParamAssignment) -> tuple[tuple[str, str | None] | None, ...]:
    """Returns the names of both rules; lines are left out, since an edit above a rule moves it."""
    return tuple(rule.name if rule else None for rule in (of.setting.lr_rule, of.setting.weight_decay_rule))

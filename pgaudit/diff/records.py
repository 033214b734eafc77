"""What a diff reads of each side, and what it says, as plain data."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pgaudit.core.assignment import Provenance, Setting


@dataclass(frozen=True, slots=True)
class Entry:
    """One parameter of one side."""

    name: str
    aliases: tuple[str, ...]
    shape: tuple[int, ...] | None
    """None, as for the next two, where the side does not say: a lock file."""
    numel: int | None
    module_type: str | None
    trainable: bool
    in_optimizer: bool
    lr: float | None
    weight_decay: float | None
    lr_rule: Provenance | None
    weight_decay_rule: Provenance | None
    scheduled_lr: float | None = None
    """What schedulers make of the lr at their full height; None where they take it as it is."""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What its group holds beside that and the training notices, as JSON can hold it."""

    @property
    def peak_lr(self) -> float | None:
        """The lr that a schedule's full height comes to, whether or not it takes the lr as it is."""
        return self.lr if self.scheduled_lr is None else self.scheduled_lr

    @property
    def effect(self) -> tuple[float | None, float | None, float | None, bool, bool]:
        """What the training will notice, but for :attr:`extra`, of which the optimizer's own arguments are a part."""
        return self.lr, self.peak_lr, self.weight_decay, self.in_optimizer, self.trainable

    @property
    def rules(self) -> tuple[tuple[str, str | None] | None, ...]:
        """The names of both rules; lines are left out, since an edit above a rule moves it."""
        return tuple(rule.name if rule else None for rule in (self.lr_rule, self.weight_decay_rule))

    @property
    def setting(self) -> Setting:
        """The values with their rules, as a report has them."""
        return Setting.of(self.lr, self.weight_decay, self.lr_rule, self.weight_decay_rule)


@dataclass(frozen=True)
class Side:
    """One of the two things that are compared."""

    path: str | None = None
    """What the user named; None for what was given as an object."""
    config: str | None = None
    """The config file in which the rules stand; a JSON report names it."""
    model: str | None = None
    source: str | None = None
    """Where the model came from: ``timm``, ``import``, ``file`` or ``module``."""
    constructor: str | None = None
    optimizer: Mapping[str, Any] = field(default_factory=dict)
    """Type and arguments, as JSON can hold them."""
    entries: tuple[Entry, ...] = ()
    """In the model's order; none for a side that does not exist, as of an added file."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """The defaults of the optimizer's class, as JSON can hold them; a file does not say them."""

    @cached_property
    def lr(self) -> float | None:
        """The base lr, as far as the parameters show it: see :meth:`_base`."""
        return self._base("lr", "lr_rule")

    @cached_property
    def weight_decay(self) -> float | None:
        """The base weight decay, as far as the parameters show it: see :meth:`_base`."""
        return self._base("weight_decay", "weight_decay_rule")

    @property
    def peak_lr(self) -> float | None:
        """The base lr at a schedule's full height."""
        return self.lr

    def _base(self, value: str, rule: str) -> float | None:
        """What a parameter gets under the default rule; where none stands under it, the optimizer's argument.

        A JSON report does not hold the base values, and a report must mean the same in memory and in a file. BaseCls
        calls its optimizer with a weight decay that no group uses, so that there it is unknown.
        """
        for entry in self.entries:
            held: Provenance | None = getattr(entry, rule)
            if held and held.is_base:
                found: float | None = getattr(entry, value)
                return found
        given = self.optimizer.get(value)
        if isinstance(given, bool) or not isinstance(given, (int, float)) or self.constructor == "basecls":
            return None
        return given

    @property
    def setup(self) -> dict[str, Any]:
        """Constructor, optimizer and base values, then the optimizer's other arguments by name; only what is set."""
        head = {
            "constructor": self.constructor,
            "optimizer": self.optimizer.get("type"),
            "lr": self.lr,
            "weight_decay": self.weight_decay,
        }
        others = {key: self.optimizer[key] for key in sorted(self.optimizer) if key not in (*head, "type")}
        return {key: value for key, value in {**head, **others}.items() if value is not None}


@enum.unique
class Kind(str, enum.Enum):
    """What became of a parameter."""

    CHANGED = "changed"
    """Another lr, weight decay or other setting of its group, or it is frozen or left out on one side only."""
    RESHAPED = "reshaped"
    """Another shape, whatever else."""
    REMOVED = "removed"
    ADDED = "added"
    SAME_EFFECT = "same_effect"
    """Other rules that come to the same."""


INVERSE = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}


@dataclass(frozen=True, slots=True)
class SetupChange:
    """A difference in the constructor, the optimizer, or one of its arguments, for all parameters or for one."""

    name: str
    """``constructor``, ``optimizer``, ``lr``, ``weight_decay``, or an argument's name."""
    before: Any
    """As JSON can hold it; None where it is not set."""
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One parameter that is not the same on both sides."""

    kind: Kind
    before: Entry | None
    """None for an added one."""
    after: Entry | None
    """None for a removed one."""
    place: int
    """The rank, among the parameters that both sides have, of this one or of the last one before it; -1 for none."""
    extra: tuple[SetupChange, ...] = field(default=(), hash=False)
    """What is otherwise in its group, beside lr and weight decay; of an added or removed one, all that is there."""

    @property
    def entry(self) -> Entry:
        """The parameter as it is, or as it was before it was removed."""
        entry = self.after or self.before
        assert entry is not None
        return entry

    @property
    def both(self) -> tuple[Entry, ...]:
        """The parameter on each side that has it."""
        return tuple(entry for entry in (self.before, self.after) if entry is not None)

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands among others: removed and added ones after their neighbour, removed ones first."""
        return self.place, {Kind.REMOVED: 1, Kind.ADDED: 2}.get(self.kind, 0)


def _inverted(changes: tuple[SetupChange, ...]) -> tuple[SetupChange, ...]:
    return tuple(SetupChange(each.name, each.after, each.before) for each in changes)


@dataclass(frozen=True)
class Diff:
    """What changes from one side to the other."""

    a: Side
    b: Side
    setup: tuple[SetupChange, ...]
    changes: tuple[Change, ...]
    """In the model's order."""
    unchanged: int

    @property
    def differs(self) -> bool:
        """Whether a training would notice: other rules that come to the same are no difference."""
        return bool(self.setup) or any(change.kind is not Kind.SAME_EFFECT for change in self.changes)

    def of(self, *kinds: Kind) -> tuple[Change, ...]:
        """Returns the changes of some kinds."""
        return tuple(change for change in self.changes if change.kind in kinds)

    def inverted(self) -> Diff:
        """Returns the way back: the same as comparing the sides in the other order."""
        changes = [
            Change(INVERSE.get(each.kind, each.kind), each.after, each.before, each.place, _inverted(each.extra))
            for each in self.changes
        ]
        setup = _inverted(self.setup)
        return Diff(self.b, self.a, setup, tuple(sorted(changes, key=lambda each: each.order)), self.unchanged)

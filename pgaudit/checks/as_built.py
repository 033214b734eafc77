"""What a check sees of something that was built, where no policy is known, and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from pgaudit.checks.base import Kind
from pgaudit.checks.heights import Height, Heights
from pgaudit.core.assignment import Assignment, ParamAssignment
from pgaudit.core.built import BuiltOptimizer, BuiltTensor, names_in_groups, place
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import Inventory, Parameter
from pgaudit.core.schedule import LrOverTime
from pgaudit.text import quoted


@dataclass(frozen=True, slots=True)
class Member:
    """One place in a group, and what stands there."""

    optimizer: int
    group: int
    """Its index in the optimizer's ``param_groups``."""
    index: int
    """Where in the group it stands."""
    tensor: BuiltTensor
    row: ParamAssignment

    @property
    def name(self) -> str:
        """The parameter's name; the place, where nothing proves which of several parameters stands there."""
        return place(self.optimizer, self.group, self.index) if self.tensor.alike else self.row.name

    @property
    def frozen(self) -> bool:
        """Whether the tensor requires no gradient, as the model says or, where there is none, the tensor itself."""
        return self.row.param.trainable is False or self.tensor.trainable is False


@dataclass(frozen=True)
class BuiltAudit:
    """All that a check of something built may look at."""

    assignment: Assignment
    optimizers: tuple[BuiltOptimizer, ...]
    """As they were read, in the order of the assignment's."""
    inventory: Inventory | None = None
    """The model's; None where there is no model, or nothing proves which tensor is which parameter of it."""
    model: str | None = None
    """What the user calls the model, where one was named, matched or not."""
    over_time: LrOverTime | None = None
    """What the schedulers make of the lrs; None where there are none."""

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """What is known of the model's parameters, by the names that the assignment gives them."""
        if self.inventory is None:
            return {}
        rows = self.assignment.params[: len(self.inventory.parameters)]
        return {row.name: each for row, each in zip(rows, self.inventory.parameters, strict=True)}

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """All places in all groups, in their order."""
        rows = {row.name: row for row in self.assignment.params}
        names = names_in_groups(self.optimizers, self.parameters)
        return tuple(
            Member(at, index, at_place, tensor, rows[name])
            for at, optimizer in enumerate(self.optimizers)
            for index, group in enumerate(optimizer.groups)
            for at_place, (tensor, name) in enumerate(zip(group.tensors, names[at][index], strict=True))
        )

    @cached_property
    def frozen(self) -> dict[str, ParamAssignment]:
        """The frozen tensors that are in a group, by name, in the order of the groups."""
        return {member.row.name: member.row for member in self.members if member.frozen}

    @cached_property
    def of_model(self) -> tuple[tuple[ParamAssignment, Parameter], ...]:
        """Each parameter of the model with what it gets; none where there is no model."""
        return tuple((row, self.parameters[row.name]) for row in self.assignment.params if row.name in self.parameters)

    @cached_property
    def missing(self) -> tuple[ParamAssignment, ...]:
        """The trainable parameters of the model that are in no group of any optimizer."""
        return tuple(row for row, each in self.of_model if each.trainable and each.leaf and row.group is None)

    @cached_property
    def trains_nothing(self) -> bool:
        """Whether no optimizer holds any tensor of the model, though some of them would train."""
        return bool(self.missing) and all(row.group is None for row, _ in self.of_model)

    @cached_property
    def heights(self) -> list[list[Height]]:
        """How high the lrs of the parameters come that train, for each optimizer."""
        known = Heights(built=True)
        params = [(index, row) for index, row in enumerate(self.assignment.params) if row.name not in self.frozen]
        return [
            known.of(
                (index, row.name, row.setting, self.values(row).get("initial_lr"))
                for index, row in params
                if row.optimizer == at
            )
            for at in range(len(self.optimizers))
        ]

    def values(self, row: ParamAssignment) -> Mapping[str, Any]:
        """Returns all that a parameter's group holds; nothing where it is in none."""
        if row.optimizer is None or row.group is None:
            return {}
        return self.optimizers[row.optimizer].groups[row.group].values

    def group_name(self, optimizer: int, *groups: int) -> str:
        """Returns ``group 1``, or ``groups 1, 2 of the optimizer "head"`` where there are several optimizers."""
        noun = "group" if len(groups) == 1 else "groups"
        named = f"{noun} {', '.join(map(str, groups))}"
        return named if len(self.optimizers) == 1 else f"{named} of {self.optimizer_name(optimizer)}"

    def optimizer_name(self, optimizer: int) -> str:
        """Returns ``the optimizer "head"``, or ``optimizer 1`` where it has no name."""
        key = self.optimizers[optimizer].key
        return f"the optimizer {quoted(key)}" if key else f"optimizer {optimizer}"

    def finding(
        self,
        kind: Kind,
        message: str,
        hint: str | None = None,
        *,
        key: str | None = None,
        rows: Sequence[ParamAssignment] = (),
    ) -> Finding:
        """Returns a finding about some parameters."""
        names = tuple(row.name for row in rows)
        return Finding(kind.code, kind.name, kind.severity, message, hint, None, names, key)


class BuiltCheck(Protocol):
    """One finding code that needs no policy."""

    KIND: Kind

    def check_built(self, audit: BuiltAudit, /) -> Iterator[Finding]:
        """Yields what it finds, in the order of the groups or of the model."""

"""What a target has to write: a model as the target meets it, with the lot that each parameter is to have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgaudit.convert.lots import Built, Lot
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import Inventory, Listing
from pgaudit.models.source import ModelSource
from pgaudit.serialize import portable
from pgaudit.text import counted, visible


@dataclass(frozen=True)
class Written:
    """A policy in a target's words."""

    text: str
    suffix: str = ".yaml"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """A model, its lots, and how they have been written so far."""

    source: Built
    inventory: Inventory
    lots: tuple[Lot | None, ...]
    """In the inventory's order."""
    ignored: frozenset[int]
    """Parameters about which nothing need be said."""
    title: str
    """The source, in words, for a comment."""
    base: tuple[float, float] | None = None
    """The lr and weight decay of parameters that no rule speaks about; the source's, if the target has no others."""

    model_section: Mapping[str, Any] = field(default_factory=dict)
    """``model`` and ``model_args`` of the old config, where they name this model."""

    without_effect: tuple[str, ...] = ()
    """What the old config says that has no effect of its own on this model."""

    @property
    def model(self) -> str:
        """What the user called the model."""
        return visible(portable(self.inventory.ref))

    @property
    def matter(self) -> list[int]:
        """The parameters whose lots are to be the same."""
        return [index for index in range(len(self.lots)) if index not in self.ignored]

    @property
    def inside(self) -> dict[int, Lot]:
        """The lots of those that are in the optimizer."""
        return {index: lot for index in self.matter if (lot := self.lots[index]) is not None}

    @property
    def arguments(self) -> dict[str, Any]:
        """The optimizer's arguments, without lr and weight decay."""
        return {k: v for k, v in self.source.spec.arguments.items() if k not in ("lr", "weight_decay")}

    @property
    def base_lr(self) -> float:
        """The lr of parameters that no rule speaks about."""
        if self.base is not None:
            return self.base[0]
        base = self.source.report.base.lr
        return base if base is not None else next(iter(self.inside.values())).lr

    @property
    def base_decay(self) -> float:
        """Their weight decay."""
        return self.base[1] if self.base is not None else self.source.report.base.weight_decay or 0.0

    @property
    def knows_decay(self) -> bool:
        """Whether the optimizer's class has an argument ``weight_decay``."""
        arguments = self.source.report.facts.arguments
        return "weight_decay" in self.source.spec.arguments or "weight_decay" in arguments

    def optimizer(self, kind: str, *, always: bool = False) -> dict[str, Any]:
        """Returns the optimizer as a config names it: with the base values where they are not the class's own.

        Args:
            kind: what the target calls the class.
            always: whether the target needs the base values in any case.
        """
        defaults = self.source.report.facts.arguments
        values = {"lr": self.base_lr, "weight_decay": self.base_decay}
        written: dict[str, Any] = {"type": kind}
        for key, value in values.items():
            known = key == "lr" or self.knows_decay
            if known and (always or key in self.source.spec.arguments or defaults.get(key) != value):
                written[key] = value
        return written | self.arguments

    def refuse_if(self, indices: Sequence[int], why: str, hint: str | None = None) -> None:
        """Raises a ConfigError that names the parameters, if there are any."""
        if indices:
            raise ConfigError(f"{why}: {self.named(indices)}", hint)

    def named(self, indices: Sequence[int]) -> str:
        """Names some parameters, in few words."""
        found = ", ".join(visible(self.inventory.parameters[index].name) for index in indices[:3])
        return found + (f" and {len(indices) - 3:,} more" if len(indices) > 3 else "")

    def frozen(self, *, inside: bool) -> list[int]:
        """Returns the frozen parameters that are, or are not, in the optimizer."""
        return [
            index
            for index in self.matter
            if not self.inventory.parameters[index].trainable and (self.lots[index] is not None) == inside
        ]

    def heading(self, target: str) -> list[str]:
        """Returns the comment that says what this is."""
        count = counted(len(self.matter), "tensor")
        return [
            f"# {self.title}, for {target}: written by pgaudit.",
            f"# The same lr and weight decay for each of {count} of {self.model}.",
            *(["# Not translated, since it has no effect of its own on this model:"] if self.without_effect else []),
            *(f"#   {each}" for each in self.without_effect),
        ]


def job(
    source: Built,
    subject: ModelSource,
    *,
    unwrap: bool,
    lists: Listing,
    ignore_frozen: bool,
    title: str,
    model_section: Mapping[str, Any],
    without_effect: tuple[str, ...] = (),
) -> Job:
    """Returns the work to do for a target that begins, or does not, at the model's attribute ``module``, and lists
    parameters in its way.
    """
    whole, tensors = subject.identities(unwrap=unwrap)
    inventory = whole.listed_by(lists)
    where = source.by_tensor
    found = [where[id(tensor)] for tensor in tensors]
    lots = tuple(source.lots[index] for index in found)
    frozen = (index for index, p in enumerate(inventory.parameters) if not p.trainable)
    kept = frozenset(frozen if ignore_frozen else ())
    return Job(source, inventory, lots, kept, title, model_section=model_section, without_effect=without_effect)


FROZEN_HINT = "--ignore-frozen compares only what trains"

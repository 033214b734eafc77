"""What a target has to write: a model as the target meets it, and what each parameter is to train with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pgaudit.convert.source import ConversionSource, without_effect
from pgaudit.convert.words import block
from pgaudit.core.assignment import OptimizerInfo
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import Inventory
from pgaudit.serialize import portable
from pgaudit.text import counted, visible

FROZEN_HINT = "--ignore-frozen compares only what trains"


@dataclass(frozen=True)
class Converted:
    """A policy in a target's words."""

    text: str
    notes: tuple[str, ...] = ()
    """What its reader should know."""


@dataclass(frozen=True)
class Job:
    """A model as the target meets it. Parameters are told by their index in the inventory."""

    source: ConversionSource
    inventory: Inventory
    held: tuple[Mapping[str, Any] | None, ...]
    """What each parameter trains with, as :func:`pgaudit.convert.source.values_read` has it."""
    ignored: frozenset[int] = frozenset()
    """Parameters about which nothing need be said."""
    model_section: Mapping[str, Any] = field(default_factory=dict)
    """``model`` and ``model_args`` of the old config, where they name this model."""
    chosen_base: Mapping[str, float] | None = None
    """See :attr:`base`; None for the source's."""

    @cached_property
    def compared(self) -> list[int]:
        """The parameters that are to train with the same."""
        return [index for index in range(len(self.held)) if index not in self.ignored]

    @cached_property
    def values(self) -> dict[int, Mapping[str, Any]]:
        """What those train with that are in the optimizer."""
        return {index: held for index in self.compared if (held := self.held[index]) is not None}

    @cached_property
    def extra(self) -> dict[int, list[str]]:
        """The names of what else is set for a parameter beside lr and weight decay, where anything is."""
        return {index: list(held)[2:] for index, held in self.values.items() if len(held) > 2}

    @cached_property
    def extra_names(self) -> list[str]:
        """All those names."""
        return list(dict.fromkeys(name for names in self.extra.values() for name in names))

    @property
    def optimizer(self) -> OptimizerInfo:
        """The source's optimizer."""
        return self.source.optimizer

    @cached_property
    def base(self) -> Mapping[str, float]:
        """The lr and weight decay of parameters that no rule speaks about."""
        if self.chosen_base is not None:
            return self.chosen_base
        lr, decay = self.optimizer.base.lr, self.optimizer.base.weight_decay
        return {"lr": next(iter(self.values.values()))["lr"] if lr is None else lr, "weight_decay": decay or 0.0}

    @property
    def arguments(self) -> dict[str, Any]:
        """The optimizer's arguments, without lr and weight decay."""
        return {key: value for key, value in self.optimizer.arguments.items() if key not in ("lr", "weight_decay")}

    @property
    def knows_decay(self) -> bool:
        """Whether the optimizer's class has an argument ``weight_decay``."""
        return "weight_decay" in self.optimizer.arguments or "weight_decay" in self.optimizer.defaults

    def optimizer_section(self, kind: str | None, *, always: bool = False) -> dict[str, Any]:
        """Returns the optimizer as a config names it: with the base values where they are not the class's own.

        Args:
            kind: what the target calls the class.
            always: whether the target needs the base values in any case.
        """
        info = self.optimizer
        written: dict[str, Any] = {"type": kind}
        for key, value in self.base.items():
            known = key == "lr" or self.knows_decay
            if known and (always or key in info.arguments or info.defaults.get(key) != value):
                written[key] = value
        return written | self.arguments

    def refuse_if(self, indices: Collection[int], why: str, hint: str | None = None) -> None:
        """Raises a ConfigError that names the parameters, if there are any."""
        if indices:
            raise ConfigError(f"{why}: {self.named(indices)}", hint)

    def one_value(self, name: str, why: str, *others: float) -> float:
        """Returns the one value that all have, other than some that any may have; refuses the rest.

        Args:
            name: ``lr`` or ``weight_decay``.
            why: the reason of the refusal.
            others: the values that any may have.
        """
        counts = Counter(held[name] for held in self.values.values() if held[name] not in others)
        most = counts.most_common(1)
        usual: float = self.base[name] if self.base[name] in counts else most[0][0] if most else 0.0
        rest = [index for index, held in self.values.items() if held[name] not in (*others, usual)]
        self.refuse_if(rest, f"{why}, and these do not have {usual!r}")
        return usual

    def named(self, indices: Collection[int]) -> str:
        """Names some parameters, in few words."""
        found = ", ".join(visible(self.inventory.parameters[index].name) for index in list(indices)[:3])
        return found + (f" and {len(indices) - 3:,} more" if len(indices) > 3 else "")

    def frozen(self, *, inside: bool) -> list[int]:
        """Returns the frozen parameters that are, or are not, in the optimizer."""
        parameters = self.inventory.parameters
        return [i for i in self.compared if not parameters[i].trainable and (self.held[i] is not None) == inside]

    def heading(self, target: str) -> list[str]:
        """Returns the comment that says what this is."""
        report = self.source.report
        title = visible(portable(report.config_path)) if report.config_path else "A policy"
        title += f" ({report.constructor})" if report.constructor else ""
        count, dropped = counted(len(self.compared), "tensor"), without_effect(report)
        return [
            f"# {title}, for {target}: written by pgaudit.",
            f"# The same lr and weight decay for each of {count} of {visible(portable(self.inventory.ref))}.",
            *(["# Not translated, since it has no effect of its own on this model:"] if dropped else []),
            *(f"#   {each}" for each in dropped),
        ]

    def config(self, target: str, config: Mapping[str, Any], comments: Mapping[int, str] | None = None) -> str:
        """Returns a config as YAML, with its heading and the model; see :func:`pgaudit.convert.words.block`."""
        lines = block({**self.model_section, **config}, comments=comments)
        return "\n".join([*self.heading(target), *lines, ""])

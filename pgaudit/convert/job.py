"""What a target has to write: a model as the target meets it, and what each parameter is to train with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pgaudit.constructors.native import views_of
from pgaudit.convert.layered import smallest_base
from pgaudit.convert.predicates import Vocabulary
from pgaudit.convert.source import ConversionSource, Values, without_effect
from pgaudit.convert.words import block
from pgaudit.core.assignment import OptimizerInfo
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.serialize import portable
from pgaudit.text import counted, visible

FROZEN_HINT = "--ignore-frozen compares only what trains"
_KINDS = {"built": "as built", "checkpoint": "a checkpoint"}
"""What stands in the place of a constructor, where none decided."""


def few(names: Sequence[str]) -> str:
    """Names some parameters, in few words."""
    return ", ".join(map(visible, names[:3])) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


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
    held: tuple[Values | None, ...]
    """What each parameter trains with; None for those in no group."""
    ignored: frozenset[int] = frozenset()
    """Parameters about which nothing need be said."""
    model_section: Mapping[str, Any] = field(default_factory=dict)
    """``model`` and ``model_args`` of the old config, where they name this model."""
    chosen_base: Mapping[str, float] | None = None
    """Base values in place of the source's own."""

    @cached_property
    def compared(self) -> list[int]:
        """The parameters that are to train with the same."""
        return [index for index in range(len(self.held)) if index not in self.ignored]

    @cached_property
    def trainable(self) -> list[int]:
        """Those of them that require a gradient."""
        return [index for index in self.compared if self.inventory.parameters[index].trainable]

    @cached_property
    def values(self) -> dict[int, Values]:
        """What those train with that are in the optimizer."""
        return {index: held for index in self.compared if (held := self.held[index]) is not None}

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

    def on_smallest_base(self, indices: Iterable[int], vocabulary: Vocabulary) -> Job:
        """Returns the job with the base values that need the fewest rules for some parameters; of equals, the first."""
        if not any(self.source.other_bases.values()):
            return self
        tried = {name: [base, *self.source.other_bases[name]] for name, base in self.base.items()}
        values = {index: self.values[index] for index in indices if index in self.values}
        return replace(self, chosen_base=smallest_base(values, tried, vocabulary))

    @property
    def arguments(self) -> dict[str, Any]:
        """The optimizer's arguments, without lr and weight decay."""
        return {key: value for key, value in self.optimizer.arguments.items() if key not in ("lr", "weight_decay")}

    @property
    def knows_decay(self) -> bool:
        """Whether the optimizer's class has an argument ``weight_decay``."""
        return "weight_decay" in self.optimizer.arguments or "weight_decay" in self.optimizer.defaults

    def optimizer_call(self, base: Mapping[str, float] | None = None) -> dict[str, Any]:
        """Returns the optimizer's arguments, with the base values where they are not the class's own.

        Args:
            base: base values that are written in any case; None for the source's.
        """
        info = self.optimizer
        written = {
            key: value
            for key, value in (base or self.base).items()
            if (key == "lr" or self.knows_decay) and (base or key in info.arguments or info.defaults.get(key) != value)
        }
        return written | self.arguments

    def views(self, *, all_names: bool = False) -> list[Sequence[Visit]]:
        """Returns each parameter under its first name, or under all; those never met under none."""
        met, last = self.inventory.visits_of, None if all_names else 1
        return [views_of(self.inventory, index)[:last] if index in met else () for index in range(len(self.held))]

    def refuse_if(self, indices: Collection[int], why: str, hint: str | None = None) -> None:
        """Raises a ConfigError that names the parameters, if there are any."""
        if indices:
            raise ConfigError(f"{why}: {self.named(indices)}", hint)

    def refuse_frozen(self, why: str, *, inside: bool) -> None:
        """Raises a ConfigError if frozen parameters are, or are not, in the optimizer."""
        self.refuse_if([index for index in self.frozen if (index in self.values) == inside], why, FROZEN_HINT)

    def refuse_more(self, why: str) -> None:
        """Raises a ConfigError if anything is set for a parameter beside lr and weight decay."""
        more = {index: list(held)[2:] for index, held in self.values.items() if len(held) > 2}
        names = ", ".join(dict.fromkeys(name for found in more.values() for name in found))
        self.refuse_if(more, f"{why}, and these have {names}")

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
        return few([self.inventory.parameters[index].name for index in indices])

    @cached_property
    def frozen(self) -> list[int]:
        """The parameters to compare that do not require a gradient."""
        return [index for index in self.compared if not self.inventory.parameters[index].trainable]

    def heading(self, target: str) -> list[str]:
        """Returns the comment that says what this is."""
        report = self.source.report
        path = report.path if report.as_built is not None else report.config_path
        title = visible(portable(path)) if path else "A policy"
        kind = report.constructor or _KINDS.get(report.assignment.origin)
        title += f" ({kind})" if kind else ""
        count, dropped = counted(len(self.compared), "tensor"), without_effect(report)
        return [
            f"# {title}, for {target}: written by pgaudit.",
            f"# The same lr and weight decay for each of {count} of {visible(portable(self.inventory.ref))}.",
            *(["# Not translated, since it has no effect of its own on this model:"] if dropped else []),
            *(f"#   {each}" for each in dropped),
        ]

    def config(self, target: str, config: Mapping[str, Any], comments: Sequence[str] = ()) -> str:
        """Returns a config as YAML, with its heading and the model, and comments behind the last lines."""
        lines = block({**self.model_section, **config})
        for at, comment in enumerate(reversed(comments), start=1):
            lines[-at] += f"  # {comment}"
        return "\n".join([*self.heading(target), *lines, ""])

"""What every parameter of a model trains with, whatever it was read from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting, deciding_rules
from pgaudit.text import visible


class ParameterInfo(Protocol):
    """One parameter tensor, as far as it is known. An inventory knows all of it, a lock file only the name."""

    @property
    def name(self) -> str:
        """Its first name."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Its other names."""

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Its dimensions."""

    @property
    def numel(self) -> int | None:
        """Its elements."""

    @property
    def dtype(self) -> str | None:
        """The type of its elements, such as ``float32``."""

    @property
    def module_type(self) -> str | None:
        """The qualified name of the class of the module that owns it."""

    @property
    def trainable(self) -> bool | None:
        """Whether it requires a gradient."""


@dataclass(frozen=True, slots=True)
class RecordedParameter:
    """A parameter as a file tells of it; None for what the file does not say."""

    name: str
    aliases: tuple[str, ...] = ()
    shape: tuple[int, ...] | None = None
    numel: int | None = None
    dtype: str | None = None
    module_type: str | None = None
    trainable: bool | None = None


@dataclass(frozen=True, slots=True)
class ParamAssignment:
    """One parameter and what it trains with."""

    param: ParameterInfo
    setting: Setting
    group: int | None
    """The index of its group in that optimizer's ``param_groups``; None where it is in none."""
    optimizer: int | None = 0
    """The index of its optimizer in :attr:`Assignment.optimizers`; None where it is in none."""
    also_in: tuple[tuple[int, int], ...] = ()
    """The further groups that it is in, each as its optimizer and its index there."""

    def __repr__(self) -> str:
        if self.group is None:
            return f"<ParamAssignment {visible(self.name)}: in no group>"
        setting = self.setting
        lr, decay = (
            f"{value!r}{f' by {visible(rule.full)}' if rule else ''}"
            for value, rule in ((setting.lr, setting.lr_rule), (setting.weight_decay, setting.weight_decay_rule))
        )
        return f"<ParamAssignment {visible(self.name)}: lr {lr}, weight_decay {decay}, group {self.group}>"

    @property
    def name(self) -> str:
        """The parameter's first name."""
        return self.param.name

    @property
    def names(self) -> tuple[str, ...]:
        """All its names, the first one first."""
        return self.param.name, *self.param.aliases

    @property
    def in_optimizer(self) -> bool:
        """Whether it is in a group of an optimizer."""
        return self.optimizer is not None

    @property
    def lr(self) -> float | None:
        """The learning rate of its group; None where it is in no group."""
        return self.setting.lr

    @property
    def weight_decay(self) -> float | None:
        """The weight decay of its group; None where it is in no group."""
        return self.setting.weight_decay

    @property
    def scheduled_lr(self) -> float | None:
        """What the library's schedulers make of the lr at their full height; None where they take it as it is."""
        return None if self.setting.lr_scale is None else self.setting.peak_lr


@dataclass(frozen=True)
class Group:
    """One entry of an optimizer's ``param_groups``."""

    optimizer: int
    index: int
    lr: float | None
    weight_decay: float | None
    parameters: int
    numel: int | None
    """Elements of its parameters; None where they are not known."""
    setting: Setting = field(repr=False, compare=False)
    """What its first parameter gets: all others get the same, though not by the same rules; without what the optimizer
    decides for each of its tensors otherwise.
    """


@dataclass(frozen=True)
class RuleCount:
    """How many parameters, and how many elements, a rule decided anything for."""

    rule: Provenance
    parameters: int
    numel: int | None
    """None where it is not known."""


@dataclass(frozen=True)
class ModelInfo:
    """The model that an assignment is about."""

    ref: str | None
    """What the user called it."""
    source: str | None
    """``timm``, ``import``, ``file``, ``module`` (a live one), or the package whose registry built it."""
    version: str | None = None
    """The version of the library that built it."""
    type: str | None = None
    """The bare name of its class."""


@dataclass(frozen=True)
class OptimizerInfo:
    """One optimizer: its class, its arguments, and what a parameter gets of which no rule speaks."""

    type: str | None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """As the constructor calls the class; without its type."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """The defaults of its class, by argument; empty where nothing says them."""
    base: Setting = NOT_OPTIMIZED
    """What a parameter gets that no rule speaks about."""
    name: str = ""
    """What it is called among several: a mapping's key, or a place in a file."""
    class_name: str | None = None
    """The bare name of its class, where the type may be a library's own word for it, such as timm's ``adamw``."""
    decoupled: bool | None = None
    """Whether each step takes weight decay × lr off a weight, whatever its gradient; None where nobody asked, or
    nothing says it.
    """

    def decay_per_step(self, lr: float | None, weight_decay: float | None) -> float | None:
        """Returns which share of a weight its weight decay takes off in a step; None where that depends on more than
        the two.
        """
        if weight_decay == 0:
            return 0.0
        return lr * weight_decay if self.decoupled and lr is not None and weight_decay is not None else None

    @property
    def call(self) -> dict[str, Any]:
        """Its type and its arguments, as a config has them."""
        return {"type": self.type, **self.arguments}


Origin = Literal["config", "built", "checkpoint", "report", "lock"]


@dataclass(frozen=True)
class Assignment:
    """All parameters of a model with what each trains with."""

    origin: Origin
    model: ModelInfo
    optimizers: tuple[OptimizerInfo, ...]
    params: tuple[ParamAssignment, ...]
    """In the order of ``named_parameters()``."""
    other_groups: tuple[Group, ...] = ()
    """The groups that are no parameter's first one: those that are empty, and those of which all parameters stand in
    another one before. What they hold is counted in :attr:`groups`.
    """

    @cached_property
    def by_name(self) -> Mapping[str, ParamAssignment]:
        """Each parameter by its name, and by its aliases where no other one is called so."""
        named = {alias: each for each in self.params for alias in each.param.aliases}
        return named | {each.name: each for each in self.params}

    @cached_property
    def numel(self) -> int | None:
        """Elements of all parameters; None where that is not known."""
        return numel_of(self.params)

    @cached_property
    def scheduled(self) -> bool:
        """Whether the library's schedulers multiply any lr that they set."""
        return any(each.setting.lr_scale is not None for each in self.params)

    @cached_property
    def group_counts(self) -> tuple[int, ...]:
        """How many groups each optimizer has, which costs less than :attr:`groups`."""
        of_params = {(each.optimizer, each.group) for each in self.params if each.group is not None}
        found = of_params.union((each.optimizer, each.index) for each in self.other_groups)
        counts = Counter(optimizer for optimizer, _ in found)
        return tuple(counts[index] for index in range(len(self.optimizers)))

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups of all optimizers."""
        first: dict[tuple[int, int], Setting] = {}
        parameters: dict[tuple[int, int], int] = defaultdict(int)
        numel: dict[tuple[int, int], int] = defaultdict(int)
        for each in self.params:
            if each.group is not None and each.optimizer is not None:
                which = each.optimizer, each.group
                if first.setdefault(which, each.setting) is not each.setting:
                    first[which] = first[which].shared_with(each.setting)
                for held_by in (which, *each.also_in) if each.also_in else (which,):
                    parameters[held_by] += 1
                    numel[held_by] += each.param.numel or 0
        for group in self.other_groups:
            first.setdefault((group.optimizer, group.index), group.setting)
        found = (
            Group(*which, setting.lr, setting.weight_decay, parameters[which], self._if_known(numel[which]), setting)
            for which, setting in first.items()
        )
        return tuple(sorted(found, key=lambda group: (group.optimizer, group.index)))

    @cached_property
    def rules(self) -> tuple[RuleCount, ...]:
        """Every rule that decided something, most parameters first; the base rule for parameters that no other one
        touched.
        """
        settings: dict[int, Setting] = {}
        parameters: dict[int, int] = defaultdict(int)
        numel: dict[int, int] = defaultdict(int)
        for each in self.params:
            which = id(each.setting)
            settings.setdefault(which, each.setting)
            parameters[which] += 1
            numel[which] += each.param.numel or 0
        decided: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        first: dict[tuple[str, str | None], Provenance] = {}
        for which, setting in settings.items():
            for rule in deciding_rules(setting):
                first.setdefault(rule.name, rule)
                decided[rule.name].append(which)
        counts = [
            RuleCount(first[name], sum(parameters[w] for w in of), self._if_known(sum(numel[w] for w in of)))
            for name, of in decided.items()
        ]
        return tuple(sorted(counts, key=lambda count: -count.parameters))

    def _if_known(self, numel: int) -> int | None:
        return None if self.numel is None else numel


def numel_of(params: Iterable[ParamAssignment]) -> int | None:
    """Returns the elements of some parameters; None where that is not known of one."""
    counts = [each.param.numel for each in params]
    return None if None in counts else sum(count for count in counts if count is not None)

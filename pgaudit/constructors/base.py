"""What every constructor gives back: one decision a parameter, and what the real library would stumble over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pgaudit.config import Config
from pgaudit.config.grammars import Grammar
from pgaudit.config.layouts import Path
from pgaudit.errors import Position
from pgaudit.inventory import Inventory, Listing

if TYPE_CHECKING:
    from pgaudit.constructors.patterns import Pattern
    from pgaudit.constructors.trials import Meeting


@dataclass(frozen=True)
class Rule:
    """What decided a value: an option in the config's own word, and where it stands."""

    option: str
    """``custom_keys``, ``norm_decay_mult`` ..., ``default``, ``optimizer_default``, ``frozen`` or ``duplicate``."""
    key: str | None = None
    """The custom key or pattern, where the option has several."""
    position: Position | None = None

    @property
    def name(self) -> tuple[str, str | None]:
        """What tells one rule from another, wherever in the file it stands."""
        return self.option, self.key

    @property
    def full(self) -> str:
        """Its name in one word: ``norm_decay_mult``, or ``custom_keys.fc``."""
        return self.option if self.key is None else f"{self.option}.{self.key}"

    @property
    def short(self) -> str:
        """Its key, or its option where it has no key."""
        return self.option if self.key is None else self.key

    @property
    def words(self) -> frozenset[str]:
        """All words by which a user may mean it: its option, its key, or both."""
        return frozenset({self.option, self.short, self.full})

    @property
    def is_base(self) -> bool:
        """Whether it is none of the config's rules: the optimizer's own value holds."""
        return self.option in ("default", "optimizer_default")


@dataclass(frozen=True, eq=False)
class Setting:
    """An lr and a weight decay with the rule of each. Parameters under the same rules share one object."""

    lr: float | None
    weight_decay: float | None
    lr_rule: Rule | None
    """What decided the lr, and the ``lr_scale`` where there is one."""
    weight_decay_rule: Rule | None
    overrides: tuple[tuple[str, Any], ...] = ()
    """The keys that the library writes into the parameter's group, beside ``params``."""
    lr_scale: float | None = None
    """By what the library's own schedulers multiply every lr that they set; the lr in the group is not multiplied. None
    where they know no such factor.
    """
    extra_rules: tuple[Rule, ...] = ()
    """What decided the rest of the group, where that is not what decided lr or weight decay."""
    inert: frozenset[str] = frozenset()
    """The keys among the overrides that neither the optimizer nor a scheduler reads: notes of the library's own."""

    @property
    def extra(self) -> dict[str, Any]:
        """What the group holds beside lr and weight decay, by the library's hand."""
        return {key: value for key, value in self.overrides if key not in ("lr", "weight_decay")}

    @property
    def effective(self) -> dict[str, Any]:
        """What of :attr:`extra` changes the training and does not show in :attr:`scheduled_lr`."""
        return effective(self.extra, self.inert, scheduled=self.lr_scale is not None)

    @property
    def effect(self) -> tuple[Hashable, ...]:
        """All that the training notices. Settings of equal effect may differ in their rules and inert keys."""
        return self.lr, self.peak_lr, self.weight_decay, _sorted(self.effective)

    @property
    def merging(self) -> tuple[Hashable, ...]:
        """What groups must have in common to become one: all that anybody reads."""
        return self.lr, self.weight_decay, _sorted(effective(self.extra, self.inert))

    @property
    def scheduled_lr(self) -> float | None:
        """The lr that a schedule's full height comes to; None where schedules take the lr as it is."""
        return None if self.lr is None or self.lr_scale is None else self.lr * self.lr_scale

    @property
    def peak_lr(self) -> float | None:
        """The lr that a schedule's full height comes to, whether or not it takes the lr as it is."""
        return self.lr if self.lr_scale is None else self.scheduled_lr


def effective(extra: Mapping[str, Any], inert: Collection[str], *, scheduled: bool = False) -> dict[str, Any]:
    """Returns the keys of a group that somebody reads; where there is a ``scheduled_lr``, it tells what ``lr_scale``
    does.
    """
    left_out = {*inert, "lr_scale"} if scheduled else inert
    return {key: value for key, value in extra.items() if key not in left_out}


def _sorted(extra: Mapping[str, Any]) -> str:
    """Keys and values as something to compare; a value may be a list."""
    return repr(sorted(extra.items(), key=lambda item: str(item[0]))) if extra else ""


NOT_OPTIMIZED = Setting(None, None, None, None)
"""For a parameter that is in no group, because the constructor never meets it."""


class Decision(NamedTuple):
    """One parameter's lot."""

    setting: Setting
    group: int | None
    """The index of its group in ``optimizer.param_groups``; None where it is in none."""


@dataclass(frozen=True)
class Conflict:
    """A tied parameter that the library puts into several groups, which torch refuses."""

    index: int
    """The parameter, as its index in the inventory."""
    meetings: tuple[tuple[str, Setting], ...]
    """Under which names it is met, and what each would give it."""


@dataclass(frozen=True)
class Facts:
    """What a constructor must know of classes, since it imports none."""

    lr: float | None
    """What the optimizer's class gives a group without an lr, under the config's arguments."""
    weight_decay: float
    """The same for weight decay; 0 for a class that knows none."""
    classes: Mapping[str, str] = field(default_factory=dict)
    """The qualified name of each class that the config refers to: ``torch.nn.Linear`` is
    ``torch.nn.modules.linear.Linear``.
    """
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The defaults of the optimizer's class, by argument."""
    filled_in: Mapping[str, Any] = field(default_factory=dict)
    """What the class fills into a group, under the config's arguments."""
    looked_for: frozenset[str] = frozenset()
    """The keys of a group that the class, a scheduler or a hook looks for."""
    named: Mapping[str, str] = field(default_factory=dict)
    """What is a name of a parameter rather than a glob: see :func:`pgaudit.names.spelled_like_globs`."""
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """The functions that the config refers to, by its words for them; each is called once for each argument."""

    def inert(self, written: Iterable[str]) -> frozenset[str]:
        """Returns the keys that a library writes into a group and nobody looks for."""
        return frozenset(written) - {"lr", "weight_decay"} - self.looked_for


@dataclass(frozen=True)
class Assignment:
    """The whole answer of a constructor."""

    decisions: tuple[Decision, ...]
    """One a parameter, in the inventory's order."""
    base: Setting
    """What a parameter gets that no rule speaks about."""
    conflicts: tuple[Conflict, ...] = ()
    depths: tuple[int | None, ...] | None = None
    """The layer that layer decay puts each parameter into, counted from the input; None without layer decay."""
    layered_by: str | None = None
    """What tells the layers, in words: ``the model's group_matcher()``."""
    warned: tuple[int, ...] = ()
    """The frozen parameters that the library leaves out with a warning."""
    may_be_empty: bool = False
    """Whether the library builds an optimizer without a single parameter, of groups that are all empty."""


@dataclass(frozen=True)
class Unread:
    """A word of the config that the constructor ignores without saying so."""

    at: Path
    """Where it stands: ``("paramwise_cfg", "flat_decay_mult")``."""
    read: frozenset[str]
    """What is read in its place."""
    sisters: Mapping[str, str] = field(default_factory=dict)
    """What other constructors read there, and which ones."""
    why: str | None = None
    """What becomes of it, as the end of a sentence about it; None where it is simply ignored."""
    hint: str | None = None
    """What to do about it; None where its likeness to what is read tells."""


@dataclass(frozen=True)
class OptimizerSpec:
    """How a constructor calls the optimizer's class."""

    type: str | type
    arguments: Mapping[str, Any]
    section: Sequence[str] = ("optimizer",)
    """Where in the config the arguments come from."""
    type_key: str = "type"
    words: Mapping[str, str] = field(default_factory=dict)
    """What the config calls an argument, where it is not the class's own word."""

    def at(self, argument: str) -> Path:
        """Returns where in the config an argument stands, if it is there."""
        return (*self.section, self.words.get(argument, argument))

    factory: str | None = None
    """Whose own names ``type`` is one of, and who adds arguments of its own: see
    :func:`pgaudit.inventory.calls.call_of`. None where ``type`` is a class, called with just these arguments.
    """
    grouped: Mapping[str, Any] = field(default_factory=dict)
    """What the library writes into the groups in place of an argument: there is nothing else to show of it."""

    @property
    def name(self) -> str:
        """The class's name as the config has it."""
        return self.type if isinstance(self.type, str) else f"{self.type.__module__}:{self.type.__qualname__}"


class Constructor(Protocol):
    """One library's way to turn a model and a config into parameter groups."""

    grammar: Grammar
    """Its names, and how its configs are written."""
    library: str
    """The library and version whose source it reproduces."""
    unwraps_module: bool
    """Whether it begins at the model's attribute ``module``."""
    lists: Listing
    """By which of the model's methods it lists parameters: the inventory's visits are what that way meets."""

    @property
    def options(self) -> Mapping[str, str]:
        """What it reads that decides about parameters, and what each option is for, in a few words."""

    @property
    def name(self) -> str:
        """What a config calls it."""

    def optimizer(self, config: Config) -> OptimizerSpec:
        """Returns the optimizer call that the config leads to."""

    def class_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """Returns the classes that the config names, and where."""

    def function_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """Returns the functions that the config names, as ``module:function``, and where."""

    def decide(self, inventory: Inventory, config: Config, facts: Facts) -> Assignment:
        """Decides every parameter, in time linear in their number.

        Raises:
            ConfigError: where the real library would raise.
        """

    def patterns(self, config: Config, facts: Facts) -> Sequence[Pattern]:
        """Returns the rules that the config gives, in the order in which they are tried."""

    def principle(self, winner: Rule, loser: Rule) -> str:
        """Says by what principle one rule beats another that matches as well."""

    def trials(self, inventory: Inventory, config: Config, facts: Facts, index: int) -> Iterator[Meeting]:
        """Yields how each rule was tried for one parameter, once for each name under which it is met."""

    def unread(self, config: Config, facts: Facts) -> Iterator[Unread]:
        """Yields each option that the constructor ignores."""

    def renamed(self, config: Config, rule: Rule, to: str) -> Config | None:
        """Returns the config with the key of one of its rules written otherwise; None where it has none to write."""

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """Returns what to write in order to take the weight decay from all parameters whose name holds ``part``, and
        the config with it; None where no rule could say so, or one says something else about the same key already.
        """

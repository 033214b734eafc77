"""What every constructor gives back: one decision a parameter, and what the real library would stumble over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pgaudit.constructors.profile import Profile
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.core.location import Path
from pgaudit.core.parameters import Inventory, Listing
from pgaudit.core.setting import Provenance, Setting
from pgaudit.files.schemas import Schema
from pgaudit.files.validation import Invalid

if TYPE_CHECKING:
    from pgaudit.constructors.engine import RuleChains
    from pgaudit.constructors.evaluation import Occurrence


class Decision(NamedTuple):
    """What one parameter gets."""

    setting: Setting
    group: int | None
    """The index of its group in ``optimizer.param_groups``; None where it is in none."""


@dataclass(frozen=True)
class Conflict:
    """A tied parameter that the library puts into several groups, which torch refuses."""

    index: int
    """The parameter, as its index in the inventory."""
    occurrences: tuple[tuple[str, Setting], ...]
    """Under which names it is met, and what each would give it."""


@dataclass(frozen=True)
class OptimizerDefaults:
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
class Decisions:
    """The whole answer of a constructor."""

    params: tuple[Decision, ...]
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
    empty: Mapping[int, Setting] = field(default_factory=dict)
    """The groups that the library makes of no parameter at all, by their index."""


@dataclass(frozen=True)
class Unread:
    """A word of the config that the constructor ignores without saying so."""

    at: Path
    """Where it stands: ``("paramwise_cfg", "flat_decay_mult")``."""
    read: frozenset[str]
    """What is read in its place."""
    foreign: Mapping[str, str] = field(default_factory=dict)
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
    :func:`pgaudit.optimizers.calls.call_of`. None where ``type`` is a class, called with just these arguments.
    """
    grouped: Mapping[str, Any] = field(default_factory=dict)
    """What the library writes into the groups in place of an argument: there is nothing else to show of it."""

    @property
    def name(self) -> str:
        """The class's name as the config has it."""
        return self.type if isinstance(self.type, str) else f"{self.type.__module__}:{self.type.__qualname__}"


class Constructor(Protocol):
    """One library's way to turn a model and a config into parameter groups."""

    name: str
    """What a config calls it."""
    title: str
    """What it stands for, in one line: the library and the function or class."""
    aliases: Sequence[str]
    """The library's own names, which a config may use as well."""
    nicknames: Sequence[str]
    """What people call it, in lower case: a config may not, and is told what it may."""
    layouts: frozenset[str]
    """The layouts that it reads: see :func:`pgaudit.config.layouts.recognise`."""
    schemas: Mapping[str, Schema]
    """The JSON Schema of each section that it reads beside ``optimizer``."""
    scales_lr: bool
    """Whether it multiplies the lr by ``world_size``."""
    profile: Profile | None
    """What tells it from the others."""
    example: Mapping[str, Any] | None
    """A config that tells it, in its own words, to leave norms and biases without weight decay; as near as it comes."""
    library: str
    """The library and version whose source it reproduces."""
    unwraps_module: bool
    """Whether it begins at the model's attribute ``module``."""
    lists: Listing
    """By which of the model's methods it lists parameters: the inventory's visits are what that way meets."""

    @property
    def options(self) -> Mapping[str, str]:
        """What it reads that decides about parameters, and what each option is for, in a few words."""

    def errors(self, layout: Layout) -> list[Invalid]:
        """Returns what is wrong with the sections that it reads, beyond what holds for every constructor."""

    def optimizer(self, config: Config) -> OptimizerSpec:
        """Returns the optimizer call that the config leads to."""

    def class_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """Returns the classes that the config names, and where."""

    def function_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """Returns the functions that the config names, as ``module:function``, and where."""

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """Decides every parameter, in time linear in their number.

        Raises:
            ConfigError: where the real library would raise.
        """

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """Returns the rules that the config gives, for a model: checks ask them."""

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Yields how each rule was tried for one parameter, once for each name under which it is met."""

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """Yields each option that the constructor ignores."""

    def renamed(self, config: Config, rule: Provenance, to: str) -> Config | None:
        """Returns the config with the key of one of its rules written otherwise; None where it has none to write."""

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """Returns what to write in order to take the weight decay from all parameters whose name holds ``part``, and
        the config with it; None where no rule could say so, or one says something else about the same key already.
        """

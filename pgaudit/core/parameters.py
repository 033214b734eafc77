"""Everything a constructor may ask about a model, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

INVENTORY_FILES = (".json", ".json.gz")
"""What the name of a file ends in that holds an inventory; the latter is packed by gzip."""
CHECKPOINT_FILES = (".pt", ".pth", ".bin", ".ckpt", ".tar", ".safetensors", ".distcp")
"""What the name of a checkpoint ends in."""

Listing = Literal["named_children", "named_modules", "named_parameters", "_parameters"]
"""A way to list parameters.

``named_children``: ``named_parameters(recurse=False)`` of each module, then its ``named_children()``, as OpenMMLab's
constructors do. ``named_modules``: the same of each of the model's ``named_modules()``, as detectron2 does.
``named_parameters``: by the model's own method. ``_parameters``: the names in each module's ``_parameters`` below its
``named_children()``, as transformers does before it asks ``named_parameters()``.
"""


@dataclass(frozen=True)
class ModuleType:
    """The class of a module that owns parameters."""

    name: str
    """Qualified by the module that defines it, such as ``torch.nn.modules.conv.Conv2d``."""
    bases: tuple[str, ...]
    """Qualified names of the class and all its bases, in method resolution order."""
    families: frozenset[str]
    """What the class is to the libraries' isinstance tests: see :mod:`pgaudit.models.walk.families`.

    ``norm_like`` is a norm that they do not know.
    """

    @property
    def short(self) -> str:
        """The bare class name."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Conv:
    """The channels of a convolution."""

    in_channels: Any
    out_channels: Any
    groups: Any
    """Numbers in torch's own classes; a subclass may hold anything, or None for what it never set."""

    @property
    def depthwise(self) -> bool:
        """Whether there are as many groups as input channels, as mmcv asks (``out_channels`` may be anything)."""
        return bool(self.in_channels == self.groups)


class Parameter(NamedTuple):
    """One parameter tensor, under the first name that ``named_parameters()`` gives it.

    A tuple, as visits are: a model may have a million, and a frozen dataclass takes three times as long to make.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    module: ModuleType
    aliases: tuple[str, ...] = ()
    """Its other names (tied weights), in visiting order."""
    reachable: bool = True
    """False where the constructor's own view of the model leaves it out: a sibling of an unwrapped ``.module``."""
    numel: int = 0
    leaf: bool = True
    """False for a tensor that was computed from others, which no optimizer takes."""

    @property
    def names(self) -> tuple[str, ...]:
        """All its names, the first one first."""
        return self.name, *self.aliases

    @property
    def module_type(self) -> str:
        """The qualified name of the class of the module that owns it."""
        return self.module.name


class Visit(NamedTuple):
    """One occurrence with a parameter on a depth-first walk of own parameters, then children.

    A tied parameter is met once under each parent; twice in one module, or under one parent's two names for one child,
    it is met once.
    """

    prefix: str
    """The module's name; empty at the root."""
    own: str
    """The parameter's name in its module. It holds a dot only where a model makes up names of its own."""
    index: int  # type: ignore[assignment]  # nobody searches a visit as the tuple that it is
    """The parameter, as its index in :attr:`Inventory.parameters`."""
    module: ModuleType
    parents: tuple[ModuleType, ...]
    """The classes of the modules around it, from the root down to the immediate parent; none at the root."""
    conv: Conv | None = None
    ndim: int = 0
    """The tensor's dimensions; torch says 1 of a lazy module's, which has no shape yet."""

    @property
    def parent(self) -> ModuleType | None:
        """The class of the module's immediate parent; None at the root."""
        return self.parents[-1] if self.parents else None

    @property
    def name(self) -> str:
        """The parameter's name as the model has it."""
        return f"{self.prefix}.{self.own}" if self.prefix else self.own


@dataclass(frozen=True)
class Hints:
    """What the model itself says about its parameters."""

    no_weight_decay: tuple[str, ...] = ()
    """Names and globs, sorted."""
    layers: Mapping[str, int] = field(default_factory=dict)
    """The layer of each name, counted from the input, as timm tells layers: see :mod:`pgaudit.models.walk.layers`."""
    layered_by: str = ""
    """What told the layers: ``group_matcher``, ``classifier``, or nothing, so that they are one."""
    layer_depths: Mapping[str, tuple[float, float] | str] | None = None
    """What ``get_layer_depth()`` says of each name under which a parameter is met: its layer, counted from 0, and how
    many there are; or, as a text, what it raised. None where the model has no such method.
    """
    classifier: tuple[str, ...] = ()
    """The modules that a timm model calls its classifier."""
    backbone: str | None = None
    """The bare name of the class of the model's attribute ``backbone``; None where it has none."""
    raised: Mapping[str, str] = field(default_factory=dict)
    """What the model's own code raised when it was asked: ``no_weight_decay()``, its answer ``no_weight_decay`` when
    used, ``layers``, or one of the methods that list parameters (see :attr:`Inventory.listings`), or ``parameters``.
    """


@dataclass(frozen=True)
class Inventory:
    """A model's parameters and the modules that own them. It holds no tensors and needs no torch."""

    parameters: tuple[Parameter, ...]
    """As the model's own ``named_parameters()`` names and orders them; then those that it leaves out, as a walk over
    modules names them; unreachable ones last.
    """
    visits: tuple[Visit, ...]
    """What the constructor meets; what a walk over modules meets, before one is asked."""
    whole: tuple[int, ...]
    """What the model's own ``parameters()`` yields, as indices: all that is reachable, unless it is overridden."""
    model_type: ModuleType
    ref: str
    """What the user called the model."""
    source: str
    """``timm``, ``import``, ``file``, ``module`` (a live one), or the package whose registry built it."""
    version: str | None = None
    """The version of the library that built the model."""
    circular: str | None = None
    """Where a module stands again inside itself; a walk that does not remember it never ends."""
    wrapper: bool = False
    """Whether the model has an attribute ``module``."""
    unwrapped: bool = False
    """Whether the walk began there."""
    hints: Hints = field(default_factory=Hints)
    listings: Mapping[Listing, tuple[Visit, ...]] | None = None
    """What each way to list parameters meets, where the model or a module of it has methods of its own for that, and
    they may differ; None nearly always: all ways meet what a walk over modules does.
    """
    meshes: tuple[int, ...] | None = None
    """Which device mesh each parameter lies on, by a number, one of them for none; None where all lie on the same."""
    notes: tuple[str, ...] = ()

    @cached_property
    def numel(self) -> int:
        """Elements of all parameters."""
        return sum(parameter.numel for parameter in self.parameters)

    def listed_by(self, way: Listing) -> Inventory:
        """Returns the inventory as a constructor sees it that lists the parameters in this way."""
        return self if self.listings is None else replace(self, visits=self.listings[way])

    def first_name(self, index: int) -> Visit:
        """Returns a parameter as libraries meet it that ask for names alone: once, with no modules around it."""
        parameter = self.parameters[index]
        return Visit("", parameter.name, index, parameter.module, (), None, len(parameter.shape))

    @cached_property
    def unnamed(self) -> frozenset[int]:
        """What the model's own ``named_parameters()`` leaves out."""
        every = range(len(self.parameters))
        if self.listings is None:
            return frozenset(index for index in every if not self.parameters[index].reachable)
        return frozenset(every).difference(visit.index for visit in self.listings["named_parameters"])

    @property
    def named_again(self) -> Iterator[Visit]:
        """Yields the further names of parameters that the model's own ``named_parameters()`` yields several times."""
        known: set[int] = set()
        for visit in self.listings["named_parameters"] if self.listings else ():
            if visit.index in known:
                yield visit
            known.add(visit.index)

    @cached_property
    def visits_of(self) -> Mapping[int, tuple[Visit, ...]]:
        """All occurrences with a parameter, by its index; those never met are left out."""
        found: dict[int, list[Visit]] = {}
        for visit in self.visits:
            found.setdefault(visit.index, []).append(visit)
        return {index: tuple(visits) for index, visits in found.items()}

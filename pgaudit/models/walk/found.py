"""What a walk has met so far: parameters, told apart by identity, and the occurrences with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from pgaudit.core.errors import ModelError
from pgaudit.core.parameters import Conv, ModuleType, Parameter, Visit
from pgaudit.models.walk.families import NORM_LIKE, families_of
from pgaudit.models.walk.norms import is_norm_like
from pgaudit.models.walk.traverse import NamedTensor
from pgaudit.text import visible

if TYPE_CHECKING:
    from torch import Tensor, nn


class ListedName(NamedTuple):
    """One name of one parameter, as a library meets it."""

    prefix: str
    own: str
    tensor: Tensor
    owner: nn.Module | None = None
    """None where only the whole name is known."""
    parents: tuple[nn.Module, ...] | None = None
    """The modules around the owner, from the root down; None where the way does not tell."""


class TensorTraits(NamedTuple):
    """What all tensors of one class and dtype have in common."""

    dtype: str
    lazy: bool
    """Whether the tensor has no shape before the first forward pass."""

    @classmethod
    def of(cls, tensor: Tensor) -> TensorTraits:
        """Asks one of them."""
        from torch.nn.parameter import is_lazy

        return cls(str(tensor.dtype).removeprefix("torch."), is_lazy(tensor))


@dataclass
class Found:
    """Parameters, told apart by identity as torch does, and the occurrences with them."""

    parameters: list[Parameter] = field(default_factory=list)
    """Without their further names: see :meth:`named`."""
    tensors: list[Tensor] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    lazy: int = 0
    """How many have no shape before the first forward pass."""
    _aliases: dict[int, list[str]] = field(default_factory=dict)
    _index: dict[int, int] = field(default_factory=dict)
    _types: dict[type, ModuleType] = field(default_factory=dict)
    _judged: set[type] = field(default_factory=set)
    _convs: dict[int, Conv] = field(default_factory=dict)
    _kinds: dict[tuple[type, object], TensorTraits] = field(default_factory=dict)
    _around: dict[int, tuple[tuple[nn.Module, ...], tuple[ModuleType, ...]]] = field(default_factory=dict)
    """By identity: siblings share one tuple of modules, which is kept here so that its id stays its own."""

    def add(self, met: NamedTensor) -> None:
        """Adds a name of a parameter."""
        module = self._type_of_owner(met.owner)
        index = self._index.get(id(met.tensor))
        if index is None:
            index = self._append(met.name, met.tensor, module)
        else:
            self._aliases.setdefault(index, []).append(met.name)
        if not met.again:
            conv, parents = self._conv(met.owner, module), self._types_of(met.parents)
            self.visits.append(Visit(met.prefix, met.own, index, module, parents, conv, met.tensor.ndim))

    def add_lost(self, name: str, met: NamedTensor) -> None:
        """Adds a parameter that unwrapping leaves out."""
        self._append(name, met.tensor, self._type_of_owner(met.owner), reachable=False)

    def _append(self, name: str, tensor: Tensor, module: ModuleType, *, reachable: bool = True) -> int:
        """Adds a parameter that has not been met; returns its index."""
        index = self._index[id(tensor)] = len(self.parameters)
        kind = self._kinds.get((type(tensor), tensor.dtype))
        if kind is None:
            kind = self._kinds[type(tensor), tensor.dtype] = TensorTraits.of(tensor)
        shape, numel = ((), 0) if kind.lazy else (tuple(tensor.shape), tensor.numel())
        parameter = Parameter(
            name, shape, kind.dtype, tensor.requires_grad, module, (), reachable, numel, tensor.is_leaf
        )
        self.parameters.append(parameter)
        self.tensors.append(tensor)
        self.lazy += kind.lazy
        return index

    def indices(self, tensors: Sequence[Any], root: nn.Module) -> tuple[int, ...]:
        """Returns what ``parameters()`` yields; a tensor that no module owns has no name but its place there.

        Raises:
            ModelError: it yields something else.
        """
        from torch import Tensor

        indices = []
        for place, tensor in enumerate(tensors):
            if not isinstance(tensor, Tensor):
                what = f"the model's parameters() yields a {visible(type(tensor).__name__)}, where a tensor is expected"
                raise ModelError(what, "pgaudit takes a model whose parameters() yields tensors")
            if id(tensor) not in self._index:
                self._append(f"parameters()[{place}]", tensor, self._type_of_owner(root))
            indices.append(self._index[id(tensor)])
        return tuple(indices)

    def listed(self, entries: Sequence[ListedName], root: nn.Module) -> tuple[Visit, ...]:
        """Returns occurrences on another way than the walk's; a tensor that no module owns is the root's."""
        return tuple([self._listed(entry, root) for entry in entries])

    def _listed(self, entry: ListedName, root: nn.Module) -> Visit:
        index = self._index.get(id(entry.tensor))
        if index is None:
            name = f"{entry.prefix}.{entry.own}" if entry.prefix else entry.own
            index = self._append(name, entry.tensor, self._type_of_owner(entry.owner or root))
        met = self._first_visits.get(index)
        module, conv = met.module if met else self.parameters[index].module, met.conv if met else None
        parents = met.parents if met else ()
        if entry.owner is not None:
            module = self._type_of_owner(entry.owner)
            conv = self._conv(entry.owner, module)
        if entry.parents is not None:
            parents = self._types_of(entry.parents)
        return Visit(entry.prefix, entry.own, index, module, parents, conv, entry.tensor.ndim)

    @cached_property
    def _first_visits(self) -> dict[int, Visit]:
        """By parameter; complete once the walk is."""
        return {visit.index: visit for visit in reversed(self.visits)}

    def knows(self, tensor: Tensor) -> bool:
        """Whether the tensor has been met."""
        return id(tensor) in self._index

    def type_of(self, kind: type) -> ModuleType:
        """Returns a class as plain data, one object a class."""
        known = self._types.get(kind)
        if known is None:
            bases = tuple(f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__)
            known = self._types[kind] = ModuleType(bases[0], bases, families_of(bases))
        return known

    def _types_of(self, modules: tuple[nn.Module, ...]) -> tuple[ModuleType, ...]:
        known = self._around.get(id(modules))
        if known is None:
            known = self._around[id(modules)] = (modules, tuple([self.type_of(type(module)) for module in modules]))
        return known[1]

    def _type_of_owner(self, owner: nn.Module) -> ModuleType:
        """A class is judged by the first of its modules that owns parameters."""
        kind = type(owner)
        known = self.type_of(kind)
        if kind not in self._judged:
            self._judged.add(kind)
            if not known.families and is_norm_like(owner):
                known = self._types[kind] = replace(known, families=frozenset({NORM_LIKE}))
        return known

    def _conv(self, owner: Any, module: ModuleType) -> Conv | None:
        if "conv2d" not in module.families:
            return None
        if id(owner) not in self._convs:
            channels = (getattr(owner, name, None) for name in ("in_channels", "out_channels", "groups"))
            self._convs[id(owner)] = Conv(*channels)
        return self._convs[id(owner)]

    def named(self) -> list[Parameter]:
        """Returns what has been met, in that order, each parameter under all its names."""
        named = list(self.parameters)
        for index, aliases in self._aliases.items():
            named[index] = named[index]._replace(aliases=tuple(aliases))
        return named

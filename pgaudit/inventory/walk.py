"""nn.Module → Inventory, in one pass that is linear in the number of parameters and modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pgaudit.errors import ModelError, PgauditError
from pgaudit.inventory.collector import paused
from pgaudit.inventory.families import NORM_LIKE, families_of
from pgaudit.inventory.hints import hints_of
from pgaudit.inventory.imports import quiet
from pgaudit.inventory.norms import is_norm_like
from pgaudit.inventory.records import Conv, Inventory, ModuleType, Parameter, Visit
from pgaudit.inventory.traverse import Occurrence, occurrences
from pgaudit.text import counted, said, visible

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Walked:
    """An inventory and the live tensors behind its parameters, in the same order."""

    inventory: Inventory
    tensors: tuple[Tensor, ...]


def walk(
    model: nn.Module,
    *,
    ref: str,
    source: str = "module",
    version: str | None = None,
    unwrap: bool = False,
    notes: Iterable[str] = (),
) -> Walked:
    """Lists a model's parameters.

    Args:
        model: any module; its tensors may be on the meta device. It is not changed.
        ref: what the user called it.
        source: where it came from.
        version: of the library that built it.
        unwrap: whether to begin at the attribute ``module``, whatever it is, if the model has one
            (mmcv 1.7.2, ``mmcv/runner/optimizer/default_constructor.py``, ``__call__``).
        notes: what happened while the model was built.

    Raises:
        ModelError: the model has no parameters, its ``module`` is not a module, or its own code fails.
    """
    try:
        with quiet(), paused():  # quiet: hints and overridden methods are foreign code
            return _walked(model, ref, source, version, unwrap, list(notes))
    except PgauditError:
        raise
    except Exception as error:  # a property or an overridden method of the model
        raise ModelError(f"the parameters of {visible(ref)} cannot be listed: {said(error)}") from error


def _walked(model: nn.Module, ref: str, source: str, version: str | None, unwrap: bool, notes: list[str]) -> Walked:
    from torch import nn

    root = model
    wrapper = hasattr(model, "module")
    unwrapped = unwrap and wrapper
    if unwrapped:
        root = _inner(model)
    found = _Found()
    circles: list[str] = []
    for occurrence in occurrences(root, circles):
        found.add(occurrence)
    lost = _lost(model, root, found) if unwrapped else 0
    if unwrapped:
        notes.append(_unwrapping_note(model, lost))
    if not found.tensors:
        raise ModelError(f"{visible(ref)} has no parameters", "an optimizer refuses an empty parameter list")
    listed = dict(root.named_parameters())
    named = found.indices(listed.values())
    own = getattr(root.parameters, "__func__", None)  # torch's own lists what named_parameters() does
    inventory = Inventory(
        parameters=tuple(found.parameters()),
        visits=tuple(found.visits),
        whole=named if own is nn.Module.parameters else found.indices(root.parameters()),
        model_type=found.type_of(type(root)),
        ref=ref,
        source=source,
        version=version,
        circular=circles[0] if circles else None,
        wrapper=wrapper,
        unwrapped=unwrapped,
        hints=hints_of(root, listed, [name for entry in found.entries for name in (entry.name, *entry.aliases)]),
        named=None if len(set(named)) == len(found.tensors) - lost else frozenset(named),
        notes=tuple(notes),
    )
    return Walked(inventory, tuple(found.tensors))


@dataclass(slots=True)
class _Entry:
    name: str
    module: ModuleType
    aliases: list[str] = field(default_factory=list)
    reachable: bool = True


@dataclass
class _Found:
    """What a walk has met so far; parameters are told apart by identity, as torch does."""

    entries: list[_Entry] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    _index: dict[int, int] = field(default_factory=dict)
    _types: dict[type, ModuleType] = field(default_factory=dict)
    _judged: set[type] = field(default_factory=set)
    _convs: dict[int, Conv] = field(default_factory=dict)
    _around: dict[int, tuple[tuple[nn.Module, ...], tuple[ModuleType, ...]]] = field(default_factory=dict)
    """By identity: siblings share one tuple of modules, which is kept here so that its id stays its own."""

    def add(self, met: Occurrence) -> None:
        module = self._type_of_owner(met.owner)
        index = self._index.get(id(met.tensor))
        if index is None:
            index = self._index[id(met.tensor)] = len(self.entries)
            self.entries.append(_Entry(met.name, module))
            self.tensors.append(met.tensor)
        else:
            self.entries[index].aliases.append(met.name)
        if not met.again:
            conv, parents = self._conv(met.owner, module), self._types_of(met.parents)
            self.visits.append(Visit(met.prefix, met.own, index, module, parents, conv, met.tensor.ndim))

    def add_lost(self, name: str, met: Occurrence) -> None:
        self._index[id(met.tensor)] = len(self.entries)
        self.entries.append(_Entry(name, self._type_of_owner(met.owner), reachable=False))
        self.tensors.append(met.tensor)

    def indices(self, tensors: Iterable[Tensor]) -> tuple[int, ...]:
        """Raises ModelError for a tensor that no module owns."""
        try:
            return tuple(self._index[id(tensor)] for tensor in tensors)
        except KeyError:
            raise ModelError("the model's parameters() yields a tensor that none of its modules owns") from None

    def knows(self, tensor: Tensor) -> bool:
        return id(tensor) in self._index

    def type_of(self, kind: type) -> ModuleType:
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
            norm_like = False if known.families else is_norm_like(owner, known.bases)
            if norm_like is not None:
                self._judged.add(kind)
            if norm_like:
                known = self._types[kind] = replace(known, families=frozenset({NORM_LIKE}))
        return known

    def _conv(self, owner: Any, module: ModuleType) -> Conv | None:
        if "conv2d" not in module.families:
            return None
        if id(owner) not in self._convs:
            channels = (getattr(owner, name, None) for name in ("in_channels", "out_channels", "groups"))
            self._convs[id(owner)] = Conv(*channels)
        return self._convs[id(owner)]

    def parameters(self) -> Iterator[Parameter]:
        from torch.nn.parameter import is_lazy

        for entry, tensor in zip(self.entries, self.tensors, strict=True):
            lazy = is_lazy(tensor)  # a lazy module's tensor has no shape before the first forward pass
            yield Parameter(
                name=entry.name,
                shape=() if lazy else tuple(tensor.shape),
                dtype=str(tensor.dtype).removeprefix("torch."),
                trainable=tensor.requires_grad,
                module=entry.module,
                aliases=tuple(entry.aliases),
                reachable=entry.reachable,
                numel=0 if lazy else tensor.numel(),
                leaf=tensor.is_leaf,
            )


def _inner(model: nn.Module) -> nn.Module:
    from torch import nn

    inner = model.module
    if not isinstance(inner, nn.Module):
        raise ModelError(
            f"the model has an attribute `module` that is {visible(type(inner).__name__)}, not an nn.Module",
            "OpenMMLab's constructors unwrap any attribute of that name, and fail on this one; rename it",
        )
    return inner


def _lost(model: nn.Module, root: nn.Module, found: _Found) -> int:
    """Adds the parameters that unwrapping leaves out; returns how many."""
    inside = {entry.name for entry in found.entries}
    lost = 0
    for met in occurrences(model, []):
        if not found.knows(met.tensor):
            # A sibling may have the name that an inner parameter has once `module.` is gone.
            found.add_lost(f"<{type(model).__name__}>.{met.name}" if met.name in inside else met.name, met)
            lost += 1
    return lost


def _unwrapping_note(model: nn.Module, lost: int) -> str:
    name = visible(type(model).__name__)
    note = f"{name} has an attribute `module`, which OpenMMLab's constructors take for the model; names begin inside"
    return f"{note}. {counted(lost, 'tensor')} beside it will never be optimized" if lost else note

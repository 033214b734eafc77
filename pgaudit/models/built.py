"""A model that is built → its Inventory, in one pass that is linear in the number of parameters and modules."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pgaudit.core.errors import ModelError, PgauditError
from pgaudit.core.parameters import Inventory
from pgaudit.memory import gc_disabled
from pgaudit.models.walk.found import Found
from pgaudit.models.walk.hints import hints_of
from pgaudit.models.walk.listings import as_named, listed_by
from pgaudit.models.walk.traverse import Seen, occurrences
from pgaudit.text import counted, format_exception, visible
from pgaudit.user_code import suppress_output

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class BuiltModel:
    """A model that is there: how the user called it, and what is known of where it came from. It is not changed."""

    module: nn.Module
    """Its tensors may be on the meta device."""
    ref: str
    source: str = "module"
    version: str | None = None
    """Of the library that built it."""
    notes: tuple[str, ...] = ()
    """What happened while it was built."""
    _walks: dict[bool, tuple[Inventory, tuple[Tensor, ...]]] = field(default_factory=dict, init=False, repr=False)

    def inventory(self, *, unwrap: bool = False) -> Inventory:
        """Returns the model's parameters; each way to begin is walked once.

        Args:
            unwrap: whether to begin at the attribute ``module``, whatever it is, if the model has one
                (mmcv 1.7.2, ``mmcv/runner/optimizer/default_constructor.py``, ``__call__``).

        Raises:
            ModelError: the model has no parameters, its ``module`` is not a module, or its own code fails.
        """
        return self._walked(unwrap)[0]

    def tensors(self, *, unwrap: bool = False) -> tuple[Tensor, ...]:
        """Returns the tensors behind the inventory's parameters, in their order; see :meth:`inventory`."""
        return self._walked(unwrap)[1]

    def inventories(self) -> tuple[Inventory, Inventory | None]:
        """Returns the inventory of the model, and that of its attribute ``module`` where it has a usable one."""
        whole = self.inventory()
        if not whole.wrapper:
            return whole, None
        try:
            return whole, self.inventory(unwrap=True)
        except ModelError:  # raised again for the constructors that begin there
            return whole, None

    def _walked(self, unwrap: bool) -> tuple[Inventory, tuple[Tensor, ...]]:
        if unwrap not in self._walks:
            try:
                with suppress_output(), gc_disabled():  # quiet: hints and overridden methods are foreign code
                    found = self._walks[unwrap] = _walk(self, unwrap)
            except PgauditError:
                raise
            except Exception as error:  # a property or an overridden method of the model
                raise ModelError(
                    f"the parameters of {visible(self.ref)} cannot be listed: {format_exception(error)}"
                ) from error
            if not found[0].wrapper:
                self._walks[not unwrap] = found
        return self._walks[unwrap]


def _walk(model: BuiltModel, unwrap: bool) -> tuple[Inventory, tuple[Tensor, ...]]:
    module, ref, notes = model.module, model.ref, list(model.notes)
    wrapper = _has_module(module, unwrap=unwrap)
    unwrapped = unwrap and wrapper
    root = _inner(module) if unwrapped else module
    found, seen = Found(), Seen()
    for occurrence in occurrences(root, seen):
        found.add(occurrence)
    lost = _lost(module, root, found) if unwrapped else 0
    if unwrapped:
        notes.append(_unwrapping_note(module, lost))
    listed = listed_by(root, found, seen)
    if not found.tensors:
        raise ModelError(f"{visible(ref)} has no parameters", "there is nothing that an optimizer could train")
    notes += _lazy_notes(found)
    parameters = found.named()
    hints = hints_of(root, listed.names, [name for parameter in parameters for name in parameter.names])
    inventory = Inventory(
        parameters=tuple(parameters),
        visits=tuple(found.visits),
        whole=listed.whole,
        model_type=found.type_of(type(root)),
        ref=ref,
        source=model.source,
        version=model.version,
        circular=seen.circles[0] if seen.circles else None,
        wrapper=wrapper,
        unwrapped=unwrapped,
        hints=replace(hints, raised={**hints.raised, **listed.raised}),
        meshes=_meshes(found.tensors),
        notes=tuple(notes),
    )
    if listed.ways is None:
        return inventory, tuple(found.tensors)
    inventory, order = as_named(inventory, listed.ways)
    return inventory, tuple([found.tensors[index] for index in order])


def _lazy_notes(found: Found) -> list[str]:
    if not found.lazy:
        return []
    which = f"{counted(found.lazy, 'tensor')} of lazy modules"
    return [f"{which}: without a shape before the first forward pass, and taken for scalars here"]


def _meshes(tensors: Sequence[Tensor]) -> tuple[int, ...] | None:
    distributed = sys.modules.get("torch.distributed.tensor")
    if distributed is None:  # nobody can have made one
        return None
    numbers: dict[object, int] = {}
    meshes = (tensor.device_mesh if isinstance(tensor, distributed.DTensor) else None for tensor in tensors)
    found = tuple([numbers.setdefault(mesh, len(numbers)) for mesh in meshes])
    return found if len(numbers) > 1 else None


def _has_module(model: nn.Module, *, unwrap: bool) -> bool:
    """Whether a constructor that asks for the attribute ``module`` is answered; a property may raise instead."""
    try:
        return hasattr(model, "module")
    except Exception as error:
        if unwrap:
            what = f"the model's attribute `module` raises {format_exception(error)}"
            raise ModelError(
                what, "OpenMMLab's constructors read it first, and would fail as well: correct or rename it"
            ) from error
        return True  # whoever asks for it will be told


def _inner(model: nn.Module) -> nn.Module:
    from torch import nn

    inner = model.module
    if not isinstance(inner, nn.Module):
        raise ModelError(
            f"the model has an attribute `module` that is {visible(type(inner).__name__)}, not an nn.Module",
            "OpenMMLab's constructors unwrap any attribute of that name, and fail on this one; rename it",
        )
    return inner


def _lost(model: nn.Module, root: nn.Module, found: Found) -> int:
    """Adds the parameters that unwrapping leaves out; returns how many."""
    inside = {parameter.name for parameter in found.parameters}
    lost = 0
    for met in occurrences(model, Seen()):
        if not found.knows(met.tensor):
            # A sibling may have the name that an inner parameter has once `module.` is gone.
            found.add_lost(f"<{type(model).__name__}>.{met.name}" if met.name in inside else met.name, met)
            lost += 1
    return lost


def _unwrapping_note(model: nn.Module, lost: int) -> str:
    name = visible(type(model).__name__)
    note = f"{name} has an attribute `module`, which OpenMMLab's constructors take for the model; names begin inside"
    return f"{note}. {counted(lost, 'tensor')} beside it will never be optimized" if lost else note

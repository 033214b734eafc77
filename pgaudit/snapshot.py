"""A model → what a file keeps of it, and what has moved since."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgaudit.config import Config
from pgaudit.core.parameters import Hints, Inventory
from pgaudit.models.inventory_diff import inventory_changes
from pgaudit.models.inventory_pair import InventoryChange
from pgaudit.models.references import arguments_for, resolved
from pgaudit.models.saved.file import Saved
from pgaudit.serialize import portable

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_FOLDERS = re.compile(r"(?<![\w.:/\\])(?:/|[A-Za-z]:[\\/])(?:[^\s'\":()/\\]+[\\/])+")
"""An absolute path but for its last part."""


@dataclass(frozen=True)
class Changes:
    """What is another than it was when a model was saved."""

    changes: tuple[InventoryChange, ...]
    """Nothing where every constructor decides as it did."""
    remarks: tuple[str, ...]
    """What else is another, such as versions."""


def snapshot(
    model: str | None,
    model_args: Mapping[str, Any] | None = None,
    *,
    config: Config | None = None,
) -> Saved:
    """Builds a model and returns what a file keeps of it: no paths and no addresses of this machine.

    Args:
        model: a reference, such as ``resnet50`` or ``train.py:make_model``; None for the model that the config names.
        model_args: keyword arguments for the model's factory; they take precedence over the config's.
        config: what names the model.

    Raises:
        ModelError: it cannot be built or has no parameters.
    """
    from pgaudit.models.build import build_model, load_model

    if config is None:
        built, given = load_model(str(model), model_args), model_args or {}
    else:
        built, given = build_model(model, config, model_args), arguments_for(model, config, model_args)
        if config.model is not None and model is None:
            built = replace(built, ref=resolved(config, config.model))
        elif config.architecture is not None and model is None:
            given = {}
    inventory, inside = built.inventories()
    return Saved(
        _portable(inventory),
        None if inside is None else _portable(inside),
        _plain(given),
        versions=_versions(inventory),
    )


def _portable(inventory: Inventory) -> Inventory:
    """The inventory without what is another on each run or machine."""
    ref = portable(inventory.ref) or ""
    return replace(
        inventory, ref=ref, notes=tuple(map(_settled, inventory.notes)), hints=_settled_hints(inventory.hints)
    )


def _settled_hints(hints: Hints) -> Hints:
    raised = {key: _settled(text) for key, text in hints.raised.items()}
    depths = hints.layer_depths
    if depths is not None:
        depths = {name: _settled(told) if isinstance(told, str) else told for name, told in depths.items()}
    return replace(hints, raised=raised, layer_depths=depths)


def _settled(text: str) -> str:
    """What a model's code said, without what is another on each run or machine."""
    return _FOLDERS.sub("", _ADDRESS.sub("", text))


def _plain(value: Any) -> Any:
    """As JSON has it: a Python config may hold tuples."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _versions(inventory: Inventory) -> dict[str, str]:
    """Of torch, and of the packages that define the model's classes; of a local build, such as ``+cu128``, nothing is
    said.
    """
    kinds = [inventory.model_type, *{visit.module for visit in inventory.visits}]
    packages = {kind.name.partition(".")[0] for kind in kinds}
    found = {}
    for package in ("torch", *sorted(packages - {"torch", "__main__"})):
        version = getattr(sys.modules.get(package), "__version__", None)
        if version is not None:
            found[package] = str(version).partition("+")[0]
    return found


def compare(before: Saved, after: Saved) -> Changes:
    """Returns what has moved between two snapshots of a model."""
    found = inventory_changes(before.inventory, after.inventory)
    if not found and (before.inside is None) != (after.inside is None):
        found = (InventoryChange("~", None, "the attribute `module` is a model no longer, or has become one"),)
    elif not found and before.inside is not None and after.inside is not None:
        found = inventory_changes(before.inside, after.inside)
    return Changes(found, tuple(_remarks(before, after)))


def _remarks(before: Saved, after: Saved) -> Iterable[str]:
    for package in dict.fromkeys([*before.versions, *after.versions]):
        was, now = before.versions.get(package, "none"), after.versions.get(package, "none")
        if was != now:
            yield f"made with {package} {was}; this is {now}"
    if before.model_args != after.model_args:
        yield "the model was given other arguments"
    if before.inventory.notes != after.inventory.notes:
        yield from after.inventory.notes

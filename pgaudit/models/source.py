"""A reference, an inventory or a live module → where a model's inventories come from. Nothing is built before one is
asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache as once
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from pgaudit import user_code
from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.parameters import INVENTORY_FILES, Inventory
from pgaudit.files.reading import read_file
from pgaudit.models.cache import Cache
from pgaudit.models.references import arguments_for, is_timm_name, resolved
from pgaudit.models.saved.file import MAX_BYTES, Saved, read
from pgaudit.models.timm_names import refuse_unknown_model, timm_names
from pgaudit.optimizers.library import Library

if TYPE_CHECKING:
    from torch import nn

    from pgaudit.models.built import BuiltModel

    Model: TypeAlias = "nn.Module | Inventory | Saved | ModelSource | str | None"
    """A model, what stands for one, or a reference; None for the model that a config names."""


@dataclass(frozen=True)
class ModelSource:
    """A model that configs are applied to: one that can be built, or what is known of one without building it."""

    build: Callable[[], BuiltModel] | None = None
    """Returns the model; None where there is but an inventory."""
    recorded: Callable[[], Mapping[bool, Inventory]] | None = None
    """Returns the inventories that need no model, by whether they begin at its attribute ``module``."""
    library: Library = field(default_factory=Library)
    """Who answers about optimizers and classes."""

    def inventory(self, *, unwrap: bool) -> Inventory | None:
        """Returns the inventory as a constructor sees it that begins at the attribute ``module``, or does not; None if
        only the other one is known.
        """
        found = self._recorded.get(unwrap)
        return self.build().inventory(unwrap=unwrap) if found is None and self.build is not None else found

    def identities(self, *, unwrap: bool) -> tuple[Inventory, Sequence[Any]]:
        """Returns the inventory, and an object for each of its parameters that is the same wherever the inventory
        begins: its tensor, where there is a model.

        Raises:
            UsageError: there is no model, and two inventories of it would differ.
        """
        if self.build is not None:
            model = self.build()
            return model.inventory(unwrap=unwrap), model.tensors(unwrap=unwrap)
        inventory = self.inventory(unwrap=unwrap)
        if inventory is None or inventory.wrapper:
            raise UsageError("the model has an attribute `module`: name the model itself, not an inventory of it")
        return inventory, inventory.parameters

    @cached_property
    def _recorded(self) -> Mapping[bool, Inventory]:
        return self.recorded() if self.recorded is not None else {}


def model_source(
    model: Model, config: Config, model_args: Mapping[str, Any] | None = None, cache: Cache | None = None
) -> ModelSource:
    """Returns where the inventories of a model come from.

    Args:
        model: see :func:`pgaudit.pipeline.audit`.
        config: may name the model.
        model_args: keyword arguments for the model's factory.
        cache: where saved inventories of timm's models are kept, and what optimizers said; None for nowhere.

    Raises:
        UsageError: arguments for what takes none.
        ModelError: a saved inventory cannot be read.
    """
    if str(config.path).endswith(".py"):  # which has run, whatever it may have changed
        cache = None
    if isinstance(model, Inventory):
        known = {model.unwrapped: model} if model.wrapper else {False: model, True: model}
        return ModelSource(recorded=lambda: known)
    if isinstance(model, ModelSource):
        return model
    if isinstance(model, Saved):
        return _of_saved(model, cache)
    ref = config.model if model is None else model
    if isinstance(ref, str) and ref.endswith(INVENTORY_FILES):
        return _of_saved(_read_named(model, ref, config, model_args), cache)

    @once
    def build() -> BuiltModel:
        from pgaudit.models.build import build_model  # only here: what the cache knows is not built

        return build_model(model, config, model_args)

    if cache is None or not isinstance(ref, str) or not is_timm_name(ref):
        return ModelSource(build)
    refuse_unknown_model(model, config, cache)
    args = arguments_for(model, config, model_args)
    return ModelSource(build, lambda: _by_beginning(_cached(cache, ref, args, build)), Library(cache))


def _of_saved(saved: Saved, cache: Cache | None) -> ModelSource:
    return ModelSource(recorded=lambda: _by_beginning(saved), library=Library(cache))


def _by_beginning(saved: Saved) -> dict[bool, Inventory]:
    """The inventories of a model, by whether they begin at its attribute ``module``."""
    if not saved.inventory.wrapper:
        return {False: saved.inventory, True: saved.inventory}
    return {False: saved.inventory, **({True: saved.inside} if saved.inside is not None else {})}


def _read_named(model: object, ref: str, config: Config, model_args: Mapping[str, Any] | None) -> Saved:
    """The saved inventory that the user, or the config, names."""
    if arguments_for(ref if model else None, config, model_args):
        raise UsageError("a saved inventory takes no arguments: it is of a model that is built already")
    if model is not None:
        return read_saved(ref)
    with config.errors_at("model"):
        path = resolved(config, ref)
        if refused := user_code.refusal_to_read(path, os.path.dirname(str(config.path))):
            raise UsageError(refused)
        return read_saved(path)


def read_saved(path: str, example: str | None = None) -> Saved:
    """Reads a saved inventory; ``example`` is the hint for a file that is missing.

    Raises:
        ConfigError: there is no such file.
        ModelError: it is damaged, or something else.
    """
    return read(read_file(path, "inventory", most=MAX_BYTES, example=example), path)


def _cached(cache: Cache, ref: str, args: Mapping[str, Any], build: Callable[[], BuiltModel]) -> Saved:
    """What is known of a timm model: from the cache, or from the model, which is built once for all later runs."""
    saved = cache.model(ref, args)
    if saved is None:
        timm_names(cache=cache)  # a typo then costs no import of timm
        saved = Saved(*build().inventories(), args)
        cache.keep(saved)
    return saved

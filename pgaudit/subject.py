"""What is audited: a model that is there, one to be built, or what was written down of one; and who answers questions
about its libraries.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pgaudit.config import Config
from pgaudit.config.documents import read_file
from pgaudit.errors import ModelError, UsageError
from pgaudit.inventory import Inventory
from pgaudit.inventory.cache import Cache
from pgaudit.inventory.knowledge import Kept
from pgaudit.inventory.library import INSTALLED, Library, Recalled
from pgaudit.inventory.saved import MAX_BYTES, Saved, read
from pgaudit.live import Live, arguments_for, beside, live_model
from pgaudit.trial import placed

if TYPE_CHECKING:
    from torch import nn

    from pgaudit.inventory.walk import Walked

    Model = nn.Module | Inventory | Saved | Live | str | None


class Subject(Protocol):
    """A model that a config is applied to."""

    @property
    def library(self) -> Library:
        """Who answers about optimizers and classes."""

    def inventory(self, *, unwrap: bool) -> Inventory | None:
        """Returns the inventory as a constructor sees it that begins at the attribute ``module``, or does not; None if
        only the other one is known.
        """

    def identities(self, *, unwrap: bool) -> tuple[Inventory, Sequence[object]]:
        """Returns the inventory, and an object for each of its parameters that is the same wherever the inventory
        begins.

        Raises:
            UsageError: only one of the inventories is known.
        """


def subject_of(
    model: Model, config: Config, model_args: Mapping[str, Any] | None = None, cache: Cache | None = None
) -> Subject:
    """Returns what stands for a model. Nothing is built until the inventory is asked for.

    Args:
        model: see :func:`pgaudit.pipeline.audit`.
        config: may name the model.
        model_args: keyword arguments for the model's factory.
        cache: where saved inventories of timm's models are kept; None for nowhere.

    Raises:
        UsageError: arguments for what takes none.
        ModelError: a saved inventory cannot be read.
    """
    if isinstance(model, Inventory):
        return Given(model)
    if isinstance(model, Saved):
        return Remembered(model)
    ref = config.model if model is None else model
    if isinstance(ref, str) and ref.endswith(".json"):
        if arguments_for(ref if model else None, config, model_args):
            raise UsageError("a saved inventory takes no arguments: it is of a model that is built already")
        if model is not None:
            return Remembered(_read(ref))
        with placed(config, "model"):
            return Remembered(_read(beside(config, ref)))
    is_code = str(config.path).endswith(".py")  # which has run, whatever it may have changed
    if cache is not None and isinstance(ref, str) and is_timm_name(ref) and not is_code:
        return Cached(cache, ref, Buildable(model, config, model_args))
    return Buildable(model, config, model_args)


def timm_names(glob: str, cache: Cache | None = None) -> list[str]:
    """Returns the names of timm's models that match a glob; all of them for none.

    Raises:
        ModelError: timm cannot be imported, or has no such model.
    """
    from pgaudit.inventory.sources import timm_models

    if cache is None:
        return timm_models(glob)
    names = cache.get("lists", "models")
    if names is None:
        names = timm_models()
        cache.learn("lists", "models", names)
    found = fnmatch.filter(names, glob) if glob else list(names)
    return found or timm_models(glob)  # which says what is near


def _read(path: str) -> Saved:
    return read(read_file(path, "inventory", most=MAX_BYTES), path)


def is_timm_name(ref: str) -> bool:
    """Whether a reference is one for timm to know."""
    return bool(ref.strip()) and ":" not in ref.removeprefix("timm:") and not ref.endswith((".py", ".json"))


@dataclass(frozen=True)
class Given:
    """An inventory without anything else."""

    whole: Inventory
    library: Library = INSTALLED

    def inventory(self, *, unwrap: bool) -> Inventory | None:
        """See :class:`Subject`."""
        return self.whole if not self.whole.wrapper or self.whole.unwrapped == unwrap else None

    def identities(self, *, unwrap: bool) -> tuple[Inventory, Sequence[object]]:
        """See :class:`Subject`."""
        return _alone(self.inventory(unwrap=unwrap))


@dataclass(frozen=True)
class Remembered:
    """A saved inventory; torch is asked only for what it does not know."""

    saved: Saved

    @cached_property
    def library(self) -> Library:
        """See :class:`Subject`."""
        return Recalled(Kept(self.saved.knowledge))

    def inventory(self, *, unwrap: bool) -> Inventory | None:
        """See :class:`Subject`."""
        return self.saved.inside if unwrap and self.saved.inventory.wrapper else self.saved.inventory

    def identities(self, *, unwrap: bool) -> tuple[Inventory, Sequence[object]]:
        """See :class:`Subject`."""
        return _alone(self.inventory(unwrap=unwrap))


def _alone(inventory: Inventory | None) -> tuple[Inventory, Sequence[object]]:
    """The records themselves stand for parameters, where there is but one inventory of them."""
    if inventory is None or inventory.wrapper:
        raise UsageError("the model has an attribute `module`: name the model itself, not an inventory of it")
    return inventory, inventory.parameters


@dataclass(frozen=True)
class Buildable:
    """A model that is there, or will be built when it is asked for."""

    model: Live | nn.Module | str | None
    config: Config
    model_args: Mapping[str, Any] | None = None
    library: Library = INSTALLED
    _known: dict[bool, Inventory] = field(default_factory=dict)

    @cached_property
    def live(self) -> Live:
        """The model itself."""
        model = self.model
        return model if isinstance(model, Live) else live_model(model, self.config, self.model_args)

    def walked(self, *, unwrap: bool) -> Walked:
        """Returns the inventory with the tensors behind it."""
        from pgaudit.inventory.walk import walk

        of = self.live
        return walk(of.module, ref=of.ref, source=of.source, version=of.version, unwrap=unwrap, notes=of.notes)

    def identities(self, *, unwrap: bool) -> tuple[Inventory, Sequence[object]]:
        """See :class:`Subject`."""
        walked = self.walked(unwrap=unwrap)
        return walked.inventory, walked.tensors

    def inventory(self, *, unwrap: bool) -> Inventory:
        """See :class:`Subject`."""
        if unwrap not in self._known:
            found = self._known[unwrap] = self.walked(unwrap=unwrap).inventory
            if not found.wrapper:
                self._known[not unwrap] = found
        return self._known[unwrap]


@dataclass(frozen=True)
class Cached:
    """A timm model: built and kept once, remembered from then on."""

    cache: Cache
    ref: str
    built: Buildable

    @property
    def library(self) -> Library:
        """See :class:`Subject`."""
        return Recalled(self.cache)

    def inventory(self, *, unwrap: bool) -> Inventory | None:
        """See :class:`Subject`."""
        return self._remembered.inventory(unwrap=unwrap) or self.built.inventory(unwrap=unwrap)

    def identities(self, *, unwrap: bool) -> tuple[Inventory, Sequence[object]]:
        """See :class:`Subject`."""
        return self._remembered.identities(unwrap=unwrap)

    @cached_property
    def _remembered(self) -> Remembered:
        args = arguments_for(self.built.model, self.built.config, self.built.model_args)
        saved = self.cache.model(self.ref, args)
        if saved is None:
            saved = saved_of(self.built, args)
            self.cache.keep(saved)
        return Remembered(saved)


def saved_of(built: Buildable, args: Mapping[str, Any]) -> Saved:
    """Returns what is worth writing down of a model, but for what is known of its libraries."""
    whole = built.inventory(unwrap=False)
    if not whole.wrapper:
        return Saved(whole, None, args)
    try:
        return Saved(whole, built.inventory(unwrap=True), args)
    except ModelError:  # whoever begins there will be told so
        return Saved(whole, None, args)

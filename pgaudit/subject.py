"""What a config can be applied to: a model that is there, one to be built, or what was written down of one; and who
answers questions about its libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pgaudit.config import Config
from pgaudit.core.errors import ModelError, UsageError
from pgaudit.core.parameters import Inventory
from pgaudit.inventory.cache import Cache
from pgaudit.inventory.knowledge import Kept
from pgaudit.inventory.library import INSTALLED, Library, Recalled
from pgaudit.inventory.saved import Saved
from pgaudit.inventory.timm_names import listed
from pgaudit.live import Live, arguments_for, live_model

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
        return self.live.walked(unwrap=unwrap)

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
            listed(self.cache)  # a typo then costs no import of timm
            saved = saved_of(lambda unwrap: self.built.inventory(unwrap=unwrap), args)
            self.cache.keep(saved)
        return Remembered(saved)


def saved_of(seen: Callable[[bool], Inventory], args: Mapping[str, Any]) -> Saved:
    """Returns what is worth writing down of a model, but for what is known of its libraries.

    Args:
        seen: returns its inventory, with or without unwrapping.
        args: what its factory was given.
    """
    whole = seen(False)
    if not whole.wrapper:
        return Saved(whole, None, args)
    try:
        return Saved(whole, seen(True), args)
    except ModelError:  # whoever begins there will be told so
        return Saved(whole, None, args)

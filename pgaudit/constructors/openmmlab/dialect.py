"""In what OpenMMLab's default constructors differ."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from pgaudit.constructors.openmmlab.options import Option
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance

Chosen = tuple[str | None, str | None]
"""The options that speak about a parameter's lr and its weight decay."""


@dataclass(frozen=True)
class Dialect:
    """One of the default constructors, as far as it is not like the others."""

    call: str
    """The method that walks over the model."""
    options: tuple[Option, ...]
    """In the order of evaluation. In weight decay the first that takes a parameter decides."""
    order: str
    """That order, in words."""
    choose: Callable[[Visit, Set[str]], Chosen]
    """Returns the options that take a parameter about which no custom key speaks; the second argument holds those that
    the config gives. One that is not given may take them all the same, and multiplies by 1.
    """
    keeps_frozen: bool
    """Whether a frozen parameter gets a group, rather than being skipped with a warning."""
    copies_settings: bool
    """Whether all that stands under a custom key is written into the group, after lr and weight decay."""
    bypasses_frozen: bool = False
    """Whether ``bypass_duplicate`` is asked before anything asks whether a parameter is frozen."""
    can_force: bool = False
    """Whether ``force_default_settings`` lets the options decide after the custom keys."""

    def principle(self, winner: Provenance, loser: Provenance) -> str:
        """Says why one rule beats another."""
        if winner.option == "frozen":
            return (
                f"a frozen parameter {'gets a group' if self.keeps_frozen else 'is left out'} before any rule is asked"
            )
        if winner.option == "duplicate":
            return "the first name of a tied parameter decides"
        if winner.option != "custom_keys" and loser.option == "custom_keys":
            return "force_default_settings lets the options decide last"
        if winner.option != "custom_keys":
            return self.order
        if loser.option != "custom_keys":
            return "a custom key leaves the options no turn"
        if len(winner.key or "") != len(loser.key or ""):
            return "the longer key wins"
        return "of equally long keys the first in the alphabet wins"

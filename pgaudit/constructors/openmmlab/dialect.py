"""In what OpenMMLab's default constructors differ."""

from __future__ import annotations

from dataclasses import dataclass

from pgaudit.constructors.evaluation import Decided
from pgaudit.constructors.openmmlab import custom_keys
from pgaudit.constructors.openmmlab.options import Option
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance


@dataclass(frozen=True)
class Dialect:
    """One of the default constructors, as far as it is not like the others."""

    call: str
    """The method that walks over the model."""
    options: tuple[Option, ...]
    """In the order of evaluation: the first that takes a parameter decides."""
    order: str
    """That order, in words."""
    asks_all: bool
    """Whether an option that is not given takes its parameters all the same, and multiplies by 1."""
    keeps_frozen: bool
    """Whether a frozen parameter gets a group, rather than being skipped with a warning."""
    copies_settings: bool
    """Whether all that stands under a custom key is written into the group, after lr and weight decay."""
    bypasses_frozen: bool = False
    """Whether ``bypass_duplicate`` is asked before anything asks whether a parameter is frozen."""
    can_force: bool = False
    """Whether ``force_default_settings`` lets the options decide after the custom keys."""

    @property
    def library(self) -> str:
        """The library and its class, in words."""
        return self.call.removesuffix(".add_params")

    def first(self, visit: Visit, of: Decided) -> Option | None:
        """Returns the option that decides a value of a parameter where all are given."""
        return next((option for option in self.options if option.of == of and option.matches(visit)), None)

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
        return custom_keys.why_first(winner, loser)

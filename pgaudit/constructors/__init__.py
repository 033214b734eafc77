"""Constructors: Inventory × Config → one decision a parameter. One file or folder a library."""

from __future__ import annotations

from pgaudit.config.grammars.plugins import plugged
from pgaudit.constructors.base import Conflict, Constructor, Decision, Decisions, OptimizerDefaults, OptimizerSpec
from pgaudit.constructors.basic import Basic
from pgaudit.constructors.loaded import CONSTRUCTORS
from pgaudit.core.setting import Provenance, Setting


def constructor_named(name: str) -> Constructor:
    """Returns a constructor, built in or plugged in, by the name that a Config has.

    Raises:
        UsageError: a plug-in of that name cannot be loaded.
    """
    found: Constructor = CONSTRUCTORS.get(name) or plugged(name)
    return found


__all__ = [
    "CONSTRUCTORS",
    "Basic",
    "Conflict",
    "Constructor",
    "Decision",
    "Decisions",
    "OptimizerDefaults",
    "OptimizerSpec",
    "Provenance",
    "Setting",
    "constructor_named",
]

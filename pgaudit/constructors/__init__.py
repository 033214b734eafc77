"""Constructors: Inventory × Config → one decision a parameter. One file or folder a library."""

from __future__ import annotations

from pgaudit.constructors.base import Conflict, Constructor, Decision, Decisions, OptimizerDefaults, OptimizerSpec
from pgaudit.constructors.basic import Basic
from pgaudit.constructors.profile import Profile
from pgaudit.constructors.registry import CONSTRUCTORS, constructor_named, find_constructor
from pgaudit.core.setting import Provenance, Setting

__all__ = [
    "CONSTRUCTORS",
    "Basic",
    "Conflict",
    "Constructor",
    "Decision",
    "Decisions",
    "OptimizerDefaults",
    "OptimizerSpec",
    "Profile",
    "Provenance",
    "Setting",
    "constructor_named",
    "find_constructor",
]

"""Constructors: Inventory × Config → one decision a parameter. One file a library."""

from __future__ import annotations

from pgaudit.constructors.base import Assignment, Conflict, Constructor, Decision, Facts, OptimizerSpec, Rule, Setting
from pgaudit.constructors.basecls import BaseCls
from pgaudit.constructors.mmcv import Mmcv

CONSTRUCTORS: dict[str, Constructor] = {constructor.name: constructor for constructor in (Mmcv(), BaseCls())}

__all__ = [
    "CONSTRUCTORS",
    "Assignment",
    "Conflict",
    "Constructor",
    "Decision",
    "Facts",
    "OptimizerSpec",
    "Rule",
    "Setting",
]

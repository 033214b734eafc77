"""Constructors: Inventory × Config → one decision a parameter. One file or folder a library."""

from __future__ import annotations

from pgaudit.config.grammars.plugins import plugged
from pgaudit.constructors.base import Assignment, Conflict, Constructor, Decision, Facts, OptimizerSpec, Rule, Setting
from pgaudit.constructors.basecls import BaseCls
from pgaudit.constructors.basic import Basic
from pgaudit.constructors.detectron2 import Detectron2
from pgaudit.constructors.layer_decay import LAYER_DECAYS
from pgaudit.constructors.mmcv import Mmcv
from pgaudit.constructors.mmengine import Mmengine
from pgaudit.constructors.mmseg_force_default import MmsegForceDefault
from pgaudit.constructors.regex import Regex
from pgaudit.constructors.rules import Rules
from pgaudit.constructors.timm import Timm
from pgaudit.constructors.transformers import Transformers

_BUILT_IN: tuple[Constructor, ...] = (
    Mmcv(),
    Mmengine(),
    *LAYER_DECAYS,
    MmsegForceDefault(),
    Timm(),
    Detectron2(),
    Transformers(),
    BaseCls(),
    Regex(),
    Rules(),
)
CONSTRUCTORS = {constructor.name: constructor for constructor in _BUILT_IN}
"""The built-in ones."""


def constructor_named(name: str) -> Constructor:
    """Returns a constructor, built in or plugged in, by the name that a Config has.

    Raises:
        UsageError: a plug-in of that name cannot be loaded.
    """
    found: Constructor = CONSTRUCTORS.get(name) or plugged(name)
    return found


__all__ = [
    "CONSTRUCTORS",
    "Assignment",
    "Basic",
    "Conflict",
    "Constructor",
    "Decision",
    "Facts",
    "OptimizerSpec",
    "Rule",
    "Setting",
    "constructor_named",
]

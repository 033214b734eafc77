"""What mmpretrain's layer decay looks for beside the layer: custom keys, and three of mmengine's options, which know no
deformable convolutions here.
"""

from __future__ import annotations

from pgaudit.constructors.openmmlab.options import about_norms, is_norm
from pgaudit.core.parameters import Visit
from pgaudit.text import counted, quoted, visible

RATE = "layer_decay_rate"
OPTIONS = ("norm_decay_mult", "bias_decay_mult", "flat_decay_mult")
"""In the order of evaluation: the first that is given and takes a parameter decides."""


def matches(option: str, visit: Visit, _: str = "") -> bool:
    """Whether a parameter is of the kind that an option is about."""
    if option == "norm_decay_mult":
        return is_norm(visit)
    return visit.own == "bias" if option == "bias_decay_mult" else visit.ndim == 1


def says(option: str, visit: Visit, _: str = "") -> str:
    """Returns why it matches or does not, in words."""
    if option == "norm_decay_mult":
        return about_norms(visit)
    if option == "flat_decay_mult":
        return "it has one dimension" if visit.ndim == 1 else f"it has {counted(visit.ndim, 'dimension')}, not one"
    if visit.own == "bias":
        return f"the bias of a {visible(visit.module.short)}"
    return f"its own name is {quoted(visit.own)}, not exactly {quoted('bias')}"

"""What mmpretrain's layer decay looks for beside the layer: custom keys, and three of mmengine's options, which know no
deformable convolutions here.
"""

from __future__ import annotations

from pgaudit.constructors.openmmlab.options import NORM_DECAY, Option
from pgaudit.core.parameters import Visit
from pgaudit.text import counted, quoted, visible

RATE = "layer_decay_rate"


def _about_biases(visit: Visit) -> str:
    if visit.own == "bias":
        return f"the bias of a {visible(visit.module.short)}"
    return f"its own name is {quoted(visit.own)}, not exactly {quoted('bias')}"


def _about_vectors(visit: Visit) -> str:
    return "it has one dimension" if visit.ndim == 1 else f"it has {counted(visit.ndim, 'dimension')}, not one"


OPTIONS = (
    NORM_DECAY,
    Option(
        "bias_decay_mult", "weight_decay", "weight decay of biases", lambda visit: visit.own == "bias", _about_biases
    ),
    Option("flat_decay_mult", "weight_decay", "weight decay of vectors", lambda visit: visit.ndim == 1, _about_vectors),
)
"""In the order of evaluation: the first that is given and takes a parameter decides."""

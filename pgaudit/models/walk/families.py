"""Which classes the libraries' isinstance tests recognise, by qualified name, so that neither torch nor mmcv is needed
to ask; and the name of the family of norms that they do not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NORM_LIKE = "norm_like"
"""The norms that no library's test knows: torch's RMSNorm, and what :mod:`pgaudit.models.walk.norms` finds."""

_NORMS = "torch.nn.modules"
LAYER_NORM = f"{_NORMS}.normalization.LayerNorm"
EMBEDDING = f"{_NORMS}.sparse.Embedding"
FAMILIES = {
    f"{_NORMS}.batchnorm._BatchNorm": "batch_norm",
    f"{_NORMS}.instancenorm._InstanceNorm": "instance_norm",
    f"{_NORMS}.normalization.GroupNorm": "group_norm",
    LAYER_NORM: "layer_norm",
    f"{_NORMS}.conv.Conv2d": "conv2d",
    f"{_NORMS}.normalization.RMSNorm": NORM_LIKE,
}

NORMS = frozenset({"batch_norm", "instance_norm", "group_norm", "layer_norm"})
"""The families that mmcv and BaseCls both count as norms."""

# mmcv's own deformable convolutions, wherever in mmcv.ops a version defines them; mmcv does not know torchvision's.
_DEFORMABLE = re.compile(r"mmcv\.ops\.(\w+\.)*(Modulated)?DeformConv2d")


def families_of(bases: Sequence[str]) -> frozenset[str]:
    """Returns the families that a class with these qualified bases belongs to."""
    found = {FAMILIES[base] for base in bases if base in FAMILIES}
    if any(_DEFORMABLE.fullmatch(base) for base in bases):
        found.add("deform_conv")
    return frozenset(found)

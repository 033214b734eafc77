"""Optimizers that choose their algorithm by tensor → what they choose.

timm's Muon (1.0.31, ``timm/optim/muon.py``, ``step``) takes AdamW for a tensor of a group with ``use_fallback`` or
``use_muon=False``, and for one whose shape does not suit Muon. torch's Muon (2.15, ``torch/optim/_muon.py``) chooses
nothing: it refuses all but matrices. Moonlight's (c2ad5b2, ``examples/toy_train.py``) notes its choice in the state of
each tensor.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

_TIMM = "timm.optim.muon"


def chosen(optimizer: Any, group: Mapping[str, Any], tensor: Any) -> dict[str, Any]:
    """Returns what an optimizer decides for a tensor alone: ``use_muon``, where it makes such a choice.

    Args:
        optimizer: the optimizer itself, without a wrapper.
        group: the group that holds the tensor.
        tensor: what the choice is about.
    """
    made = optimizer.state.get(tensor, {})
    if isinstance(made.get("use_muon"), bool):  # timm's chooses once, at a tensor's first step
        return {"use_muon": made["use_muon"]}
    library = sys.modules.get(_TIMM)
    if library is None or not isinstance(optimizer, library.Muon):
        return {}
    if group.get("use_fallback", False):
        return {"use_muon": False}
    if "use_muon" in group:
        return {"use_muon": bool(group["use_muon"])}
    return {"use_muon": bool(library._is_suitable_for_muon(tensor))}


def suits(shape: tuple[int, ...]) -> bool:
    """Returns whether timm's Muon takes a tensor of this shape that no group speaks of. Imports torch and timm."""
    import torch
    from timm.optim.muon import _is_suitable_for_muon

    return bool(_is_suitable_for_muon(torch.empty(shape, device="meta")))

"""The real libraries, where they are installed: what they build is what a constructor has to say."""

from __future__ import annotations

from pgaudit.constructors import constructor_named
from pgaudit.core.errors import UsageError
from pgaudit.verify import detectron2, openmmlab, timm, torch, transformers
from pgaudit.verify.base import Real

REAL = {
    "torch": torch.TORCH,
    "mmcv": openmmlab.MMCV,
    "mmengine": openmmlab.MMENGINE,
    "mmpretrain_layer_decay": openmmlab.MMPRETRAIN,
    "mmdet_layer_decay": openmmlab.MMDET,
    "mmseg_layer_decay": openmmlab.MMSEG,
    "mmseg_old_layer_decay": openmmlab.MMSEG_OLD,
    "mmpose_layer_decay": openmmlab.MMPOSE,
    "mmseg_force_default": openmmlab.MMSEG_FORCING,
    "timm": timm.TIMM,
    "detectron2": detectron2.DETECTRON2,
    "transformers": transformers.TRANSFORMERS,
}
"""By constructor."""

_NONE = {
    "basecls": "BaseCls runs on MegEngine, and has nothing to build for a torch model",
    "rtdetr": "RT-DETR, D-FINE and DEIM are no packages; `pgaudit show train.py:NAME` audits what their code builds",
    "regex": "big_vision runs on JAX, and has nothing to build for a torch model",
}


def real_named(constructor: str) -> Real:
    """Returns the library behind a constructor; a plug-in brings its own as an attribute ``real``.

    Raises:
        UsageError: there is none.
    """
    found = REAL.get(constructor) or getattr(constructor_named(constructor), "real", None)
    if not isinstance(found, Real):
        raise UsageError(_NONE.get(constructor, f"there is no library to ask behind {constructor}"))
    return found


__all__ = ["REAL", "Real", "real_named"]

"""A single file: optimizers, schedulers and weights wherever they stand in it. What wrote it is told by what stands at
its top.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.checkpoints.files.content import content_of
from pgaudit.checkpoints.layouts import lightning
from pgaudit.checkpoints.parts import Parts, parts_of
from pgaudit.checkpoints.pickles.records import mapping_in

WRITERS: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (name, frozenset(keys.split()))
    for name, keys in (
        (lightning.NAME, "pytorch-lightning_version"),
        ("mmengine", "message_hub optimizer"),
        ("mmengine", "message_hub state_dict"),
        ("mmcv 1.x", "meta optimizer state_dict"),
        ("Ultralytics", "train_args ema updates"),
        ("YOLOv5", "ema updates opt optimizer"),
        ("timm", "arch args state_dict version"),
        ("DeepSpeed", "ds_version module"),
        ("fairseq", "last_optimizer_state"),
        ("nanoGPT", "model_args iter_num optimizer"),
        ("Megatron", "checkpoint_version args iteration"),
        ("detectron2", "model optimizer scheduler iteration"),
    )
)
"""Who writes such a file, and the keys that then stand at its top."""


def read(path: str) -> Parts:
    """Returns what a file holds.

    Raises:
        ConfigError: it is damaged, or no checkpoint.
    """
    with content_of(path) as value:
        top = mapping_in(value) or {}
        return parts_of(value, writer(top, path), evidence=lightning.evidence(top))


def writer(top: Mapping[Any, Any], path: str) -> str:
    """Returns the name of what wrote a file with these keys."""
    keys = {key for key in top if isinstance(key, str)}
    if path.lower().endswith(".safetensors"):
        return "safetensors"
    return next((name for name, wanted in WRITERS if wanted <= keys), "torch.save")

"""Which library a schedule's ``type`` is of."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from pgaudit.schedules.base import SchedulerLibrary

NAMES = ("torch", "timm", "transformers", "mmengine", "mmcv", "detectron2", "deepspeed")
"""The libraries, each a module of this package."""


def scheduler_library(name: str) -> SchedulerLibrary:
    """Returns the schedulers of one of :data:`NAMES`; the library itself is imported when it is needed."""
    return cast("SchedulerLibrary", import_module(f"pgaudit.schedules.{name}"))


def library_of(type: str, constructor: str) -> tuple[str, str]:
    """Returns the library that a ``type`` is of, and the type as that library calls it.

    ``timm:cosine`` names it. A name in lower case is the constructor's own library's, where that has schedulers of such
    names; any other one is a class of ``torch.optim.lr_scheduler``.

    Args:
        type: as the config has it.
        constructor: which decides between timm's ``cosine`` and that of transformers.
    """
    named, colon, own = type.partition(":")
    if colon and named in NAMES:
        return named, own
    return (constructor, type) if constructor in ("timm", "transformers") and type.islower() else ("torch", type)

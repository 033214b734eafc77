"""What a model reference says before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pgaudit.core.config import Config
from pgaudit.core.parameters import INVENTORY_FILES
from pgaudit.user_code.imports import is_file


def arguments_for(model: object, config: Config, model_args: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns the arguments of a model's factory: the config's are for the config's model, not for another that is
    named beside it.
    """
    return {**(config.model_args if model in (None, config.model) else {}), **(model_args or {})}


def resolved(config: Config, ref: str) -> str:
    """Returns what a config refers to; its file is looked for beside the config where the current folder has none of
    that name.
    """
    file, colon, attribute = ref.rpartition(":")
    if ref.endswith(INVENTORY_FILES):
        file, colon, attribute = ref, "", ""
    if file.endswith((".py", *INVENTORY_FILES)) and config.path and not is_file(file):
        there = Path(config.path).parent / file
        if is_file(there):
            return f"{there}{colon}{attribute}"
    return ref


def is_timm_name(ref: str) -> bool:
    """Whether a reference is one for timm to know."""
    return bool(ref.strip()) and ":" not in ref.removeprefix("timm:") and not ref.endswith((".py", *INVENTORY_FILES))

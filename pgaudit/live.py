"""A model that can be walked: given as it is, or built from what names it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgaudit.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.text import quoted
from pgaudit.trial import placed

if TYPE_CHECKING:
    from torch import nn

    from pgaudit.inventory.walk import Walked


@dataclass(frozen=True)
class Live:
    """A model that can be walked: how the user called it, and what is known of where it came from."""

    module: nn.Module
    ref: str
    source: str = "module"
    version: str | None = None
    notes: tuple[str, ...] = ()

    def walked(self, *, unwrap: bool) -> Walked:
        """Returns the inventory with the tensors behind it; see :func:`pgaudit.inventory.walk.walk`."""
        from pgaudit.inventory.walk import walk

        return walk(
            self.module, ref=self.ref, source=self.source, version=self.version, unwrap=unwrap, notes=self.notes
        )


def live_model(model: object, config: Config, model_args: Mapping[str, Any] | None = None) -> Live:
    """Returns a live module as it is, or the model that a reference or the config names, built.

    Raises:
        UsageError: nothing names a model.
        ModelError: it cannot be built.
    """
    from pgaudit.inventory.sources import load_model

    if model is not None and not isinstance(model, str):
        return Live(checked(model), type(model).__name__)
    if model is None and not config.names_model:
        raise UsageError("no model is named", "name one on the command line, or `model:` in the config")
    if model is None and config.architecture is not None:
        return _registered(config, model_args)
    args = arguments_for(model, config, model_args)
    if str(model or config.model).endswith(".json"):
        message = f"this needs the model itself, and {quoted(str(model or config.model))} is an inventory of it"
        raise UsageError(message, "name the model; `show`, `explain`, `diff`, `lock` and `check` take inventories")
    with placed(config, "model") if model is None else contextlib.nullcontext():
        loaded = load_model(beside(config, str(config.model)) if model is None else model, args)
    return Live(loaded.module, model or str(config.model), loaded.source, loaded.version, loaded.notes)


def arguments_for(model: object, config: Config, model_args: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns the arguments of a model's factory: the config's are for the config's model, not for another that is
    named beside it.
    """
    return {**(config.model_args if model in (None, config.model) else {}), **(model_args or {})}


def _registered(config: Config, model_args: Mapping[str, Any] | None) -> Live:
    """The model that an OpenMMLab config describes."""
    from pgaudit.inventory.sources import load_registered

    its = config.architecture
    assert its is not None
    if model_args:
        raise UsageError("the config's own model takes no arguments", "they are for a MODEL that is named")
    with placed(config, "model"):
        loaded = load_registered(its.ref, its.scope, its.source)
    return Live(loaded.module, its.ref, loaded.source, loaded.version, loaded.notes)


def beside(config: Config, ref: str) -> str:
    """Returns what the config refers to; its file is looked for beside the config where the current folder has none of
    that name.
    """
    from pgaudit.inventory.imports import is_file

    file, colon, attribute = ref.rpartition(":")
    if ref.endswith(".json"):
        file, colon, attribute = ref, "", ""
    if file.endswith((".py", ".json")) and config.path and not is_file(file):
        there = Path(config.path).parent / file
        if is_file(there):
            return f"{there}{colon}{attribute}"
    return ref


def checked(model: object) -> nn.Module:
    """Returns a live module.

    Raises:
        UsageError: it is none.
    """
    from torch import nn

    if not isinstance(model, nn.Module):
        raise UsageError(f"a model is an nn.Module, an Inventory or a reference, not {type(model).__name__}")
    return model

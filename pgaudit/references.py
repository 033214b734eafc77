"""A reference → what stands for the model that it names."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgaudit import user_code
from pgaudit.config import Config
from pgaudit.config.documents import read_file
from pgaudit.core.errors import ModelError, UsageError
from pgaudit.core.parameters import Inventory
from pgaudit.inventory.cache import Cache
from pgaudit.inventory.saved import MAX_BYTES, Saved, read
from pgaudit.inventory.timm_names import listed, refuse_unknown
from pgaudit.live import arguments_for, beside
from pgaudit.names import Names
from pgaudit.subject import Buildable, Cached, Given, Remembered, Subject
from pgaudit.text import nearest, quoted
from pgaudit.trial import placed

if TYPE_CHECKING:
    from pgaudit.subject import Model


def subject_of(
    model: Model, config: Config, model_args: Mapping[str, Any] | None = None, cache: Cache | None = None
) -> Subject:
    """Returns what stands for a model. Nothing is built until the inventory is asked for.

    Args:
        model: see :func:`pgaudit.pipeline.audit`.
        config: may name the model.
        model_args: keyword arguments for the model's factory.
        cache: where saved inventories of timm's models are kept; None for nowhere.

    Raises:
        UsageError: arguments for what takes none.
        ModelError: a saved inventory cannot be read.
    """
    if isinstance(model, Inventory):
        return Given(model)
    if isinstance(model, Saved):
        return Remembered(model)
    ref = config.model if model is None else model
    if isinstance(ref, str) and ref.endswith(".json"):
        if arguments_for(ref if model else None, config, model_args):
            raise UsageError("a saved inventory takes no arguments: it is of a model that is built already")
        if model is not None:
            return Remembered(read_saved(ref))
        with placed(config, "model"):
            path = beside(config, ref)
            if refused := user_code.refusal_to_read(path, os.path.dirname(str(config.path))):
                raise UsageError(refused)
            return Remembered(read_saved(path))
    is_code = str(config.path).endswith(".py")  # which has run, whatever it may have changed
    if cache is not None and isinstance(ref, str) and is_timm_name(ref) and not is_code:
        refuse_unknown_model(model, config, cache)
        return Cached(cache, ref, Buildable(model, config, model_args))
    return Buildable(model, config, model_args)


def timm_names(glob: str, cache: Cache | None = None) -> list[str]:
    """Returns the names of timm's models that match a glob; all of them for none.

    Raises:
        ModelError: timm cannot be imported, or has no such model.
    """
    names = listed(cache)
    matching = Names(names).matching(glob) if glob else frozenset(names)
    found = [name for name in names if name in matching]
    if not found:
        near = nearest(glob.strip("*?"), names, most=3)
        hint = f"did you mean {', '.join(near)}?" if near else "`pgaudit models` lists all names"
        raise ModelError(f"no model of timm's matches {quoted(glob)}", hint)
    return found


def refuse_unknown_model(model: Model, config: Config | None, cache: Cache | None) -> None:
    """Raises an error where a name, or the config's own, is known to be none of timm's: before anything heavy."""
    own = config if model is None else None
    ref = own.model if own else model
    if isinstance(ref, str) and is_timm_name(ref):
        with placed(own, "model") if own else contextlib.nullcontext():
            refuse_unknown(ref, cache)


def read_saved(path: str, example: str | None = None) -> Saved:
    """Reads a saved inventory; ``example`` is the hint for a file that is missing.

    Raises:
        ConfigError: there is no such file.
        ModelError: it is damaged, or something else.
    """
    return read(read_file(path, "inventory", most=MAX_BYTES, example=example), path)


def is_timm_name(ref: str) -> bool:
    """Whether a reference is one for timm to know."""
    return bool(ref.strip()) and ":" not in ref.removeprefix("timm:") and not ref.endswith((".py", ".json"))

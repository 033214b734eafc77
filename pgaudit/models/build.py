"""A model reference → the model, built without weights and without network.

A reference is a timm name (``resnet50``, ``timm:resnet50``), an import path (``package.module:attribute``) or a file
(``train.py:make_model``); transformers' classes are built from a config, and an OpenMMLab config may bring a model of
its own. Building a model runs its code; only audit code that you would run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pgaudit import user_code
from pgaudit.core.config import Config
from pgaudit.core.errors import ModelError, UsageError
from pgaudit.core.parameters import INVENTORY_FILES
from pgaudit.memory import gc_disabled
from pgaudit.models.built import BuiltModel
from pgaudit.models.construct import module_of
from pgaudit.models.misnamed import unknown_model
from pgaudit.models.references import arguments_for, resolved
from pgaudit.models.transformers import from_config
from pgaudit.text import format_exception, one_line, quoted
from pgaudit.user_code import suppress_output
from pgaudit.user_code.imports import import_attribute
from pgaudit.user_code.offline import refuse_weights
from pgaudit.user_code.registries import ELSEWHERE, model_builder


def build_model(model: object, config: Config, model_args: Mapping[str, Any] | None = None) -> BuiltModel:
    """Builds the model that a reference or the config names; a live module is taken as it is.

    Raises:
        UsageError: nothing names a model.
        ModelError: it cannot be built.
    """
    if model is not None and not isinstance(model, str):
        return given_model(model)
    if model is None and not config.names_model:
        raise UsageError("no model is named", "name one on the command line, or `model:` in the config")
    if model is None and config.architecture is not None:
        if model_args:
            raise UsageError("the config's own model takes no arguments", "they are for a MODEL that is named")
        with config.errors_at("model"):
            return load_registered(config.architecture.ref, config.architecture.scope, config.architecture.source)
    ref, args = str(config.model if model is None else model), arguments_for(model, config, model_args)
    if ref.endswith(INVENTORY_FILES):
        message = f"this needs the model itself, and {quoted(ref)} is an inventory of it"
        raise UsageError(message, "name the model; `show`, `explain`, `diff`, `lock` and `check` take inventories")
    if model is not None:
        return load_model(ref, args, beside=config.path)
    with config.errors_at("model"):
        return replace(load_model(resolved(config, ref), args, beside=config.path), ref=ref)


def given_model(module: object) -> BuiltModel:
    """Returns a live module as a model that is built.

    Raises:
        UsageError: it is no module.
    """
    from torch import nn

    if not isinstance(module, nn.Module):
        raise UsageError(f"a model is an nn.Module, an Inventory or a reference, not {type(module).__name__}")
    return BuiltModel(module, type(module).__name__)


def load_model(ref: str, model_args: Mapping[str, Any] | None = None, *, beside: str | None = None) -> BuiltModel:
    """Builds the model that ``ref`` names.

    Args:
        ref: see the module's documentation.
        model_args: keyword arguments for the factory or class.
        beside: a file in whose folder the config of a transformers model is looked for, too.

    Raises:
        ModelError: it cannot be found or built, or it would load weights.
        UsageError: it is no name of timm's, and no other code may run.
    """
    args = dict(model_args or {})
    refuse_weights(ref, args)
    scheme, colon, rest = ref.partition(":")
    if not ref.strip():
        raise ModelError("the model reference is empty", "a timm name, package.module:attribute or file.py:attribute")
    if colon and scheme != "timm":
        user_code.refuse(ref, "pgaudit snapshot MODEL, where its code may run, writes an inventory that stands for it")
        source, factory = import_attribute(ref)
        by_config = from_config(factory, args, ref, beside)
        if by_config is None:
            module, notes = module_of(factory, args, ref)
            return BuiltModel(module, ref, source, notes=notes)
        module, notes = module_of(by_config.build, {}, ref)
        library = "transformers" if by_config.of_library else None
        return BuiltModel(module, ref, library or source, _version_of(library), (*by_config.notes, *notes))
    return _timm_model(rest if colon else ref, args, ref)


def load_registered(ref: str, scope: str | None, config: Any) -> BuiltModel:
    """Builds the model of an OpenMMLab config: see :func:`pgaudit.user_code.registries.model_builder`.

    Raises:
        ModelError: its package is not there, it cannot be built, or it would load weights.
    """
    build = model_builder(ref, scope, config)
    try:
        module, notes = module_of(build, {}, ref)
    except ModelError as error:  # there are no arguments to give, nor another attribute to name
        raise ModelError(error.findings[0].message, f"correct the config's `model`, or {ELSEWHERE}") from error
    return BuiltModel(module, ref, str(scope), _version_of(scope), notes)


def timm_models() -> tuple[list[str], list[str]]:
    """Returns the names of timm's models, and those that it still takes but no longer lists.

    Raises:
        ModelError: timm cannot be imported.
    """
    timm = _import_timm()
    from timm.models import _registry

    return timm.list_models(), sorted(getattr(_registry, "_deprecated_models", ()))


def _timm_model(name: str, args: dict[str, Any], ref: str) -> BuiltModel:
    timm = _import_timm()
    if not timm.is_model(name.partition(".")[0]):
        raise unknown_model(name, timm.list_models())
    module, notes = module_of(lambda **given: timm.create_model(name, **given), {**args, "pretrained": False}, name)
    return BuiltModel(module, ref, "timm", timm.__version__, notes)


def _import_timm() -> Any:
    try:
        with suppress_output(), gc_disabled():  # importing takes a quarter longer with the collector on
            import timm
    except Exception as error:
        if "torchvision::" in str(error) or "torchvision" in str(getattr(error, "name", "")):
            raise ModelError(
                f"timm cannot be imported, because torch {_version('torch')} and torchvision {_version('torchvision')} "
                f"do not match: {one_line(error)}",
                "install the pair that belongs together, in one command: pip install torch torchvision",
            ) from error
        raise ModelError(f"timm cannot be imported: {format_exception(error)}", "pip install timm") from error
    return timm


def _version_of(package: str | None) -> str | None:
    found = getattr(sys.modules.get(package or ""), "__version__", None)
    return found if isinstance(found, str) else None


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"

"""Model reference → nn.Module, without weights and without network.

A reference is a timm name (``resnet50``, ``timm:resnet50``), an import path (``package.module:attribute``) or a file
(``train.py:make_model``); an OpenMMLab config may bring a model of its own. Building a model runs its code; only audit
code that you would run.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgaudit import user_code
from pgaudit.core.errors import ModelError
from pgaudit.inventory.collector import paused
from pgaudit.inventory.factories import not_a_model, not_built, not_callable
from pgaudit.inventory.imports import import_attribute, quiet
from pgaudit.inventory.misnamed import unknown_model
from pgaudit.inventory.offline import WeightsRefused, refuse_weights, without_weights
from pgaudit.inventory.registry import ELSEWHERE, registered
from pgaudit.text import one_line, said, visible

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Loaded:
    """A model as its reference made it."""

    module: nn.Module
    source: str
    version: str | None = None
    notes: tuple[str, ...] = ()


def load_model(ref: str, model_args: Mapping[str, Any] | None = None) -> Loaded:
    """Builds the model that ``ref`` names.

    Args:
        ref: see the module's documentation.
        model_args: keyword arguments for the factory or class.

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
        module, notes = _built(factory, args, ref)
        return Loaded(module, source, notes=notes)
    return _timm_model(rest if colon else ref, args)


def load_registered(ref: str, scope: str | None, config: Any) -> Loaded:
    """Builds the model of an OpenMMLab config: see :func:`pgaudit.inventory.registry.registered`.

    Raises:
        ModelError: its package is not there, it cannot be built, or it would load weights.
    """
    build = registered(ref, scope, config)
    try:
        module, notes = _built(build, {}, ref)
    except ModelError as error:  # there are no arguments to give, nor another attribute to name
        raise ModelError(error.problems[0].message, f"correct the config's `model`, or {ELSEWHERE}") from error
    return Loaded(module, str(scope), _version_of(scope), notes)


def timm_models() -> tuple[list[str], list[str]]:
    """Returns the names of timm's models, and those that it still takes but no longer lists.

    Raises:
        ModelError: timm cannot be imported.
    """
    timm = _import_timm()
    from timm.models import _registry

    return timm.list_models(), sorted(getattr(_registry, "_deprecated_models", ()))


def _timm_model(name: str, args: dict[str, Any]) -> Loaded:
    timm = _import_timm()
    if not timm.is_model(name.partition(".")[0]):
        raise unknown_model(name, timm.list_models())
    module, notes = _built(lambda **given: timm.create_model(name, **given), {**args, "pretrained": False}, name)
    return Loaded(module, "timm", timm.__version__, notes)


def _import_timm() -> Any:
    try:
        with quiet(), paused():  # importing takes a quarter longer with the collector on
            import timm
    except Exception as error:
        if "torchvision::" in str(error) or "torchvision" in str(getattr(error, "name", "")):
            raise ModelError(
                f"timm cannot be imported, because torch {_version('torch')} and torchvision {_version('torchvision')} "
                f"do not match: {one_line(error)}",
                "install the pair that belongs together, in one command: pip install torch torchvision",
            ) from error
        raise ModelError(f"timm cannot be imported: {said(error)}", "pip install timm") from error
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


def _built(factory: Any, args: dict[str, Any], ref: str) -> tuple[nn.Module, tuple[str, ...]]:
    from torch import nn

    if isinstance(factory, nn.Module):
        if args:
            raise ModelError(
                f"{visible(ref)} is a module already; it takes no arguments", "drop --model-arg / model_args"
            )
        return factory, ()
    if not callable(factory):
        raise not_callable(factory, ref)
    module, notes = _on_meta_or_cpu(factory, args, ref)
    if not isinstance(module, nn.Module):
        raise not_a_model(module, factory, args, ref)
    return module, notes


def _on_meta_or_cpu(factory: Callable[..., Any], args: dict[str, Any], ref: str) -> tuple[Any, tuple[str, ...]]:
    """Meta tensors cost nothing, but a constructor that reads a value (``.item()``) cannot run on them."""
    import torch

    made, on_meta = _attempt(factory, args, torch.device("meta"))
    if on_meta is None:
        return made, ()
    if isinstance(on_meta, WeightsRefused):
        raise ModelError(
            f"{visible(ref)} loads weights unless told otherwise, and models are built without",
            "tell it, such as --model-arg weights=null --model-arg weights_backbone=null",
        ) from on_meta
    made, error = _attempt(factory, args, contextlib.nullcontext())
    if error is not None:
        raise not_built(error, factory, args, ref) from error
    return made, (f"built on the CPU, because it cannot be built on meta tensors: {said(on_meta)}",)


def _attempt(
    factory: Callable[..., Any], args: dict[str, Any], device: contextlib.AbstractContextManager[Any]
) -> tuple[Any, BaseException | None]:
    try:
        with quiet(), without_weights(), device:
            return factory(**args), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever foreign code raises, SystemExit too
        return None, error

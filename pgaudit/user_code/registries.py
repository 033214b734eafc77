"""The ``model = dict(type=..., ...)`` of an OpenMMLab config → what builds it, through that library's own registry.

Weights are left out: whatever the config says of ``init_cfg`` and ``pretrained``, at any depth.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
from collections.abc import Callable
from typing import Any

from pgaudit import user_code
from pgaudit.core.errors import ModelError
from pgaudit.memory import gc_disabled
from pgaudit.text import format_exception, quoted, visible
from pgaudit.user_code import suppress_logging, suppress_output
from pgaudit.user_code.import_hints import PACKAGES
from pgaudit.user_code.offline import without_network

_WEIGHTS = ("init_cfg", "pretrained")
ELSEWHERE = "name a MODEL, and the config's own is not built"


def model_builder(ref: str, scope: str | None, config: Any) -> Callable[[], Any]:
    """Returns a function that builds the model.

    Args:
        ref: what stands for the model in messages.
        scope: the package whose registry knows it; None for a config that names none.
        config: the whole config as mmengine read it.

    Raises:
        ModelError: the package cannot be imported, or what the config's ``custom_imports`` ask for cannot.
    """
    if scope is None:
        message = f"{visible(ref)} cannot be built, for the config has no default_scope that names its package"
        raise ModelError(message, ELSEWHERE)
    _imported(ref, scope, config)

    def build() -> Any:
        from mmengine.registry import MODELS, DefaultScope

        section = copy.deepcopy(config.model)  # the registry takes it apart
        _without_weights(section)
        preprocessor = config.get("data_preprocessor")
        if preprocessor is not None:  # as mmengine's Runner does it
            section.setdefault("data_preprocessor", copy.deepcopy(preprocessor))
        with suppress_logging(), _rates_on_cpu(), without_network(), DefaultScope.overwrite_default_scope(scope):
            return MODELS.build(section)

    return build


def registered_optimizer(name: str, scope: str) -> Any:
    """Returns what a package's registry of optimizers has under a name; None where it has none, or is not there."""
    try:
        with suppress_output(), suppress_logging(), without_network():
            user_code.runs(scope)
            from mmengine.registry import OPTIMIZERS

            return OPTIMIZERS.get(f"{scope}.{name}")
    except Exception:  # foreign code; that the name is unknown is said by whoever asked
        return None


def _rates_on_cpu() -> contextlib.AbstractContextManager[Any]:
    """Makes ``torch.linspace`` a tensor of real values even where all others are on the meta device: nearly every
    backbone reads its drop path rates out of one.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class Rates(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            given = dict(kwargs or {})
            if func is torch.linspace:
                given.setdefault("device", "cpu")
            return func(*args, **given)

    return Rates()


def _imported(ref: str, scope: str, config: Any) -> None:
    """Imports the package, and what the config imports for the sake of its registry."""
    user_code.runs(scope)
    try:
        with suppress_output(), gc_disabled(), suppress_logging(), without_network():
            importlib.import_module(scope)
            importlib.import_module(f"{scope}.models")
    except Exception as error:  # foreign code
        if isinstance(error, ModuleNotFoundError) and error.name == scope:
            message = f"{visible(ref)} is a model of {quoted(scope)}, which is not installed"
            raise ModelError(message, f"pip install {PACKAGES.get(scope, scope)}; or {ELSEWHERE}") from None
        raise ModelError(
            f"importing {visible(scope)} for {visible(ref)} fails: {format_exception(error)}", ELSEWHERE
        ) from error
    custom = config.get("custom_imports")
    if custom:
        from mmengine.utils import import_modules_from_strings

        try:
            with suppress_output(), without_network():
                import_modules_from_strings(**custom)
        except Exception as error:  # foreign code
            raise ModelError(
                f"the custom_imports for {visible(ref)} fail: {format_exception(error)}", ELSEWHERE
            ) from error


def _without_weights(value: Any) -> None:
    """Takes out what names weights; reading a value by a ConfigDict's own methods would import lazily named classes."""
    if isinstance(value, dict):
        for key in _WEIGHTS:
            if dict.__contains__(value, key):
                dict.__delitem__(value, key)
        for item in dict.values(value):
            _without_weights(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _without_weights(item)

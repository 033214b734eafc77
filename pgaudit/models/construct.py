"""A factory and its arguments → a module, without weights, and on the meta device where it can be built there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pgaudit.core.errors import ModelError
from pgaudit.models.factories import not_a_model, not_built, not_callable
from pgaudit.text import format_exception, visible
from pgaudit.user_code import suppress_output
from pgaudit.user_code.offline import WeightsRefused, without_weights

if TYPE_CHECKING:
    from torch import nn


def module_of(factory: Any, args: dict[str, Any], ref: str) -> tuple[nn.Module, tuple[str, ...]]:
    """Returns the module that a factory makes, or is, and notes about how it was built.

    Raises:
        ModelError: it makes none, refuses the arguments, or would load weights.
    """
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

    def make() -> Any:
        return factory(**args)

    made, on_meta = attempt(make, torch.device("meta"), without_weights())
    if on_meta is None:
        return made, ()
    if isinstance(on_meta, WeightsRefused):
        raise ModelError(
            f"{visible(ref)} loads weights unless told otherwise, and models are built without",
            "tell it, such as --model-arg weights=null --model-arg weights_backbone=null",
        ) from on_meta
    made, error = attempt(make, contextlib.nullcontext(), without_weights())
    if error is not None:
        raise not_built(error, factory, args, ref) from error
    return made, (built_on_cpu(format_exception(on_meta)),)


def built_on_cpu(why: str) -> str:
    """Returns the note about what was not built on the meta device."""
    return f"built on the CPU, because it cannot be built on meta tensors: {why}"


def attempt(
    make: Callable[[], Any],
    device: contextlib.AbstractContextManager[Any],
    guard: contextlib.AbstractContextManager[Any],
) -> tuple[Any, BaseException | None]:
    """Returns what the user's code makes, or what it raises instead.

    Args:
        make: runs it.
        device: where tensors are made meanwhile.
        guard: what keeps it from loading or fetching anything.
    """
    try:
        with suppress_output(), guard, device:
            return make(), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever foreign code raises, SystemExit too
        return None, error

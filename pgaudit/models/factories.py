"""What to do about a class or function that does not make a model as it is called: what it needs, or what it returned
instead. Where a few lines of code get the user on, they are shown.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from pgaudit.core.errors import ModelError
from pgaudit.text import did_you_mean, format_exception, visible

_FUNCTION = "write a function that returns the model, and name that: make_model.py:make_model"
_PLAIN = (bool, int, float, str)
_PLAIN_WORDS = frozenset({*_PLAIN, *(kind.__name__ for kind in _PLAIN)})
"""Annotations are words where a file asks for that."""


def not_built(error: BaseException, factory: Any, args: Mapping[str, Any], ref: str) -> ModelError:
    """Returns the error for a factory that raised."""
    message = f"{visible(ref)} cannot be built: {format_exception(error)}"
    if ":" not in ref.removeprefix("timm:"):
        return ModelError(message, _of_timm(error, args))
    wanted = _parameters(factory)
    if isinstance(error, TypeError) and "argument" in str(error):
        unknown = [name for name in args if name not in wanted and name in str(error)]
        if unknown:
            hint = did_you_mean(unknown[0], wanted) or f"drop or correct the argument {visible(unknown[0])}"
            return ModelError(message, hint)
        missing = [each for each in _needed(wanted.values()) if each.name not in args]
        if missing:
            return _missing(message, missing, args, ref)
    if args and isinstance(error, (AttributeError, TypeError)):
        hint = f"--model-arg gives plain values of YAML; where it wants an object, {_FUNCTION}"
        return ModelError(message, hint, example=_example(ref, _call(ref, [*args])))
    return ModelError(message)


def _of_timm(error: BaseException, args: Mapping[str, Any]) -> str | None:
    if "Invalid pretrained tag" in str(error):
        return "leave the tag out: what stands behind the dot names weights, and no other architecture"
    unknown = [name for name in args if f"'{name}'" in str(error)]
    return f"drop or correct the argument {visible(unknown[0])}" if unknown else None


def _missing(message: str, missing: list[inspect.Parameter], args: Mapping[str, Any], ref: str) -> ModelError:
    options = " ".join(f"--model-arg {visible(each.name)}=VALUE" for each in missing)
    if all(each.annotation in _PLAIN_WORDS for each in missing):
        return ModelError(message, f"{options} gives it what it needs")
    names = [*args, *(each.name for each in missing)]
    hint = f"{options} gives it a plain value; where it wants an object, {_FUNCTION}"
    return ModelError(message, hint, example=_example(ref, _call(ref, names)))


def not_callable(found: Any, ref: str) -> ModelError:
    """Returns the error for a reference to what is neither a model nor makes one."""
    if isinstance(found, ModuleType):
        return ModelError(
            f"{visible(ref)} is a module of Python", f"name what it holds: {visible(found.__name__)}:NAME"
        )
    kind = visible(type(found).__name__)
    inner = _inside(found)
    message = f"{visible(ref)} is {kind}, not an nn.Module, nor a class or function that makes one"
    if inner is None:
        return ModelError(message)
    return ModelError(message, _FUNCTION, example=_example(ref, _name(ref) + inner))


def not_a_model(made: Any, factory: Any, args: Mapping[str, Any], ref: str) -> ModelError:
    """Returns the error for a factory that returned something else."""
    from torch import nn
    from torch.optim import Optimizer

    call = _call(ref, args)
    if inspect.iscoroutine(made):
        made.close()  # it will not be awaited
        lines = ("import asyncio", *_example(ref, f"asyncio.run({call})"))
        return ModelError(f"{visible(ref)} is an async function", _FUNCTION, example=lines)
    if made is None:
        return ModelError(f"{visible(ref)} returned nothing, not an nn.Module", "does it end with `return model`?")
    if inspect.isclass(made) and issubclass(made, nn.Module):
        message = f"{visible(ref)} returned the class {visible(made.__name__)}, not an nn.Module made of it"
        return ModelError(message, _FUNCTION, example=_example(ref, f"{call}()"))
    if inspect.isclass(factory):
        message = f"{visible(ref)} is a class, but no nn.Module"
    elif isinstance(made, Optimizer):
        message = f"{visible(ref)} returned an optimizer, not an nn.Module"
    else:
        message = f"{visible(ref)} returned a {visible(type(made).__name__)}, not an nn.Module"
    inner = None if isinstance(made, Optimizer) else _inside(made)
    if inner is None:
        return ModelError(message, "name the class of the model, or the function that returns the model itself")
    return ModelError(message, _FUNCTION, example=_example(ref, call + inner))


def _inside(made: Any) -> str | None:
    """How the first model is reached in what holds it: ``[0]``, ``["model"]``, ``.model``."""
    from torch import nn

    if isinstance(made, (list, tuple)):
        return next((f"[{number}]" for number, each in enumerate(made) if isinstance(each, nn.Module)), None)
    if isinstance(made, Mapping):
        return next((f"[{key!r}]" for key, each in made.items() if isinstance(each, nn.Module)), None)
    held = getattr(made, "__dict__", {})
    names = (name for name, each in held.items() if isinstance(each, nn.Module) and name.isidentifier())
    return next((f".{name}" for name in names), None)


def _parameters(factory: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return {}


def _needed(parameters: Iterable[inspect.Parameter]) -> list[inspect.Parameter]:
    open_ended = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each for each in parameters if each.default is inspect.Parameter.empty and each.kind not in open_ended]


def _call(ref: str, names: Iterable[str]) -> str:
    return f"{_name(ref)}({', '.join(f'{name}=...' for name in names)})"


def _name(ref: str) -> str:
    return ref.rpartition(":")[2]


def _example(ref: str, returned: str) -> tuple[str, ...]:
    """The three lines of a function that returns an expression about what the reference names."""
    place, _, name = ref.rpartition(":")
    module = place.rpartition("/")[2].removesuffix(".py") if place.endswith(".py") else place
    return (f"from {module} import {name.partition('.')[0]}", "def make_model():", f"    return {returned}")

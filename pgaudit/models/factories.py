"""What to do about a class or function that does not make a model as it is called: what it needs, or what it returned
instead. Where a few lines of code get the user on, they are shown.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from pgaudit.core.errors import ModelError
from pgaudit.models.arguments import Written, class_wanted, is_plain, needed, parameters_of, written
from pgaudit.text import did_you_mean, format_exception, quoted, visible

_FUNCTION = "write a function that returns the model, and name that: make_model.py:make_model"


def not_built(error: BaseException, factory: Any, args: Mapping[str, Any], ref: str) -> ModelError:
    """Returns the error for a factory that raised."""
    message = f"{visible(ref)} cannot be built: {format_exception(error)}"
    if ":" not in ref.removeprefix("timm:"):
        return ModelError(message, _of_timm(error, args))
    if inspect.isabstract(factory):
        return ModelError(message, _implementations(factory, ref))
    wanted = parameters_of(factory)
    if isinstance(error, TypeError) and "argument" in str(error):
        unknown = [name for name in args if name not in wanted and name in str(error)]
        if unknown:
            hint = did_you_mean(unknown[0], wanted) or f"drop or correct the argument {visible(unknown[0])}"
            return ModelError(message, hint)
        missing = [each for each in needed(wanted.values()) if each.name not in args]
        if missing:
            return _missing(message, missing, wanted, args, ref)
    if args and isinstance(error, (AttributeError, TypeError)):
        hint = f"--model-arg gives plain values of YAML; where it wants an object, {_FUNCTION}"
        objects = [_without_value(name) if name not in wanted else _object(wanted[name], args) for name in args]
        return ModelError(message, hint, example=_example(ref, _call(ref, objects), objects))
    return ModelError(message)


def _of_timm(error: BaseException, args: Mapping[str, Any]) -> str | None:
    if "Invalid pretrained tag" in str(error):
        return "leave the tag out: what stands behind the dot names weights, and no other architecture"
    unknown = [name for name in args if f"'{name}'" in str(error)]
    return f"drop or correct the argument {visible(unknown[0])}" if unknown else None


def _missing(
    message: str,
    missing: list[inspect.Parameter],
    wanted: Mapping[str, inspect.Parameter],
    args: Mapping[str, Any],
    ref: str,
) -> ModelError:
    by_name = [each for each in missing if each.kind is not inspect.Parameter.POSITIONAL_ONLY]
    plain = [each for each in by_name if is_plain(each)]
    unsaid = [each for each in by_name if each not in plain and class_wanted(each) is None]
    options = " ".join(f"--model-arg {visible(each.name)}=VALUE" for each in by_name if each in plain or each in unsaid)
    if len(plain) == len(missing):
        return ModelError(message, f"{options} gives it what it needs")
    objects = [each for each in missing if class_wanted(each) is not None]
    if objects:
        wants = ", ".join(f"{visible(each.name)} ({visible(_class_name(each))})" for each in objects)
        hint = f"--model-arg cannot give {wants}: {_FUNCTION}"
    elif unsaid:
        hint = f"{options} gives it a plain value; where it wants an object, {_FUNCTION}"
    else:
        hint = _FUNCTION
    arguments = [written(each, args) for each in wanted.values() if each.name in args or each in missing]
    return ModelError(message, hint, example=_example(ref, _call(ref, arguments), arguments))


def _class_name(parameter: inspect.Parameter) -> str:
    kind = class_wanted(parameter)
    return "" if kind is None else kind.__qualname__


def _object(parameter: inspect.Parameter, args: Mapping[str, Any]) -> Written:
    """An argument whose plain value may be what was wrong."""
    is_object = class_wanted(parameter) is not None or is_plain(parameter)
    return written(parameter, args) if is_object else _without_value(parameter.name)


def _without_value(name: str) -> Written:
    return Written(f"{name}=...")


def _implementations(factory: type, ref: str) -> str:
    """What to name in the place of an abstract class."""
    place, _, name = ref.rpartition(":")
    found = [each.__qualname__ for each in _derived(factory) if each.__module__ == factory.__module__]
    if found:
        return f"it is abstract: did you mean {' or '.join(f'{visible(place)}:{visible(each)}' for each in found[:3])}?"
    methods = ", ".join(sorted(factory.__abstractmethods__))  # type: ignore[attr-defined]
    return f"it is abstract: name a class that derives from {quoted(name)}, and has {visible(methods)}"


def _derived(factory: type) -> list[type]:
    """The classes derived from one, at any depth, of which objects can be made."""
    direct: list[type] = type.__subclasses__(factory)
    below = [each for kind in direct for each in (kind, *_derived(kind))]
    return [each for each in dict.fromkeys(below) if not inspect.isabstract(each) and "<" not in each.__qualname__]


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

    call = _call(ref, [_without_value(name) for name in args])
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


def _call(ref: str, arguments: Iterable[Written]) -> str:
    return f"{_name(ref)}({', '.join(each.text for each in arguments)})"


def _name(ref: str) -> str:
    return ref.rpartition(":")[2]


def _example(ref: str, returned: str, arguments: Iterable[Written] = ()) -> tuple[str, ...]:
    """The lines of a function that returns an expression about what the reference names."""
    place, _, name = ref.rpartition(":")
    module = place.rpartition("/")[2].removesuffix(".py") if place.endswith(".py") else place
    imports = {module: [name.partition(".")[0]]}
    for kind in dict.fromkeys(each.needs for each in arguments if each.needs is not None):
        names = imports.setdefault(kind.__module__, [])
        if (outermost := kind.__qualname__.partition(".")[0]) not in names:
            names.append(outermost)
    lines = [f"from {source} import {', '.join(names)}" for source, names in imports.items()]
    return (*lines, "def make_model():", f"    return {returned}")

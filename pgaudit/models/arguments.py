"""What a class or function asks for, and how each argument is written in a line of Python that calls it."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

_PLAIN = (bool, int, float, str, list, tuple, dict, type(None))
_PLAIN_WORDS = frozenset(kind.__name__ for kind in _PLAIN)
"""Annotations are words where a file asks for that, and where they cannot be evaluated."""
_GIVEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Written:
    """An expression of Python, and the class that has to be imported for it."""

    text: str
    needs: type | None = None


def parameters_of(factory: Any) -> Mapping[str, inspect.Parameter]:
    """Returns the parameters by their names, with annotations evaluated where that is possible; none for a callable
    that does not tell.
    """
    for evaluated in (True, False):
        try:
            return inspect.signature(factory, eval_str=evaluated).parameters
        except Exception:  # an annotation is foreign code, and it may name what is imported for type checkers alone
            continue
    return {}


def needed(parameters: Iterable[inspect.Parameter]) -> list[inspect.Parameter]:
    """Returns those without a default."""
    return [each for each in parameters if each.default is inspect.Parameter.empty and each.kind not in _GIVEN]


def is_plain(parameter: inspect.Parameter) -> bool:
    """Whether a parameter is annotated as something that YAML has."""
    kinds = _kinds(parameter.annotation)
    return bool(kinds) and all(kind in _PLAIN or kind in _PLAIN_WORDS for kind in kinds)


def class_wanted(parameter: inspect.Parameter) -> type | None:
    """Returns the one class of objects that a parameter is annotated with; None for a plain value and for what no line
    could make: something abstract, a type of torch's own, a class inside a function.
    """
    kinds = [kind for kind in _kinds(parameter.annotation) if kind is not type(None)]
    if len(kinds) != 1 or not inspect.isclass(kinds[0]) or kinds[0] in _PLAIN:
        return None
    kind: type = kinds[0]
    is_made = not (inspect.isabstract(kind) or getattr(kind, "_is_protocol", False) or issubclass(kind, (Enum, type)))
    of_libraries = kind.__module__.partition(".")[0] in ("builtins", "collections", "torch", "typing")
    return kind if is_made and not of_libraries and "<" not in kind.__qualname__ else None


def written(parameter: inspect.Parameter, given: Mapping[str, Any]) -> Written:
    """Returns how an argument is written: the plain value that is given; an object of its class, with ``...`` for what
    that needs in turn; and else ``...``.
    """
    value, kind = given.get(parameter.name, inspect.Parameter.empty), class_wanted(parameter)
    if kind is not None:
        expression = _call(kind, value if isinstance(value, dict) else {})
    else:
        expression = "..." if value is inspect.Parameter.empty else repr(value)
    by_place = parameter.kind is inspect.Parameter.POSITIONAL_ONLY
    return Written(expression if by_place else f"{parameter.name}={expression}", kind)


def _call(kind: type, given: Mapping[Any, Any]) -> str:
    wanted = parameters_of(kind)
    known = given if set(given) <= set(wanted) else {}
    names = dict.fromkeys([*known, *(each.name for each in needed(wanted.values()))])
    inner = (f"{name}={known[name]!r}" if name in known else f"{name}=..." for name in names)
    return f"{kind.__qualname__}({', '.join(inner)})"


def _kinds(annotation: Any) -> list[Any]:
    """The classes that an annotation allows; the words of one that was not evaluated."""
    if annotation is inspect.Parameter.empty:
        return []
    if annotation is None:
        return [type(None)]
    if isinstance(annotation, str):
        return [word.strip().partition("[")[0] for word in annotation.split("|")]
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return [kind for each in typing.get_args(annotation) for kind in _kinds(each)]
    if origin is typing.Literal:
        return [type(each) for each in typing.get_args(annotation)]
    if origin is typing.Annotated:
        return _kinds(typing.get_args(annotation)[0])
    return [annotation if origin is None else origin]

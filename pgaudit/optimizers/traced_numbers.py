"""Numbers that note what they are asked, so that it is known for which others the same code does the same.

Code that was run on traced numbers has seen nothing of them but the answers in the log. Whatever numbers give the same
answers lead it down the same path.
"""

from __future__ import annotations

import contextlib
import math
import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Check = tuple[str, str, Any, Any]
"""A number's name, what it was asked, what it was compared with (a number, or the name of another), and the answer."""

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
QUESTIONS = frozenset({"class", "bool", *_COMPARISONS})
"""What a number can be asked."""


@dataclass
class Log:
    """What all numbers of one run were asked."""

    checks: dict[Check, None] = field(default_factory=dict)
    leaked: bool = False
    """Whether a number was used in a way that says nothing about others: it was added to something, or printed."""

    def trace(self, name: str, value: Any) -> Any:
        """Returns a value with a traced number in place of each number; those in a list have its name and an index."""
        if is_number(value):
            return TracedNumber(self, name, value)
        if isinstance(value, (list, tuple)):
            return type(value)(self.trace(f"{name}.{index}", item) for index, item in enumerate(value))
        return value

    def add(self, name: str, asked: str, other: Any, answer: Any) -> None:
        """Notes one answer."""
        self.checks[name, asked, other, answer] = None


def is_number(value: Any) -> bool:
    """Whether a value can be traced: a finite number, and no truth value."""
    return type(value) in (int, float) and math.isfinite(value)


def numbers_in(name: str, value: Any) -> dict[str, Any]:
    """Returns the numbers that :meth:`Log.trace` would trace, by their names."""
    if isinstance(value, (list, tuple)):
        return {at: n for index, item in enumerate(value) for at, n in numbers_in(f"{name}.{index}", item).items()}
    return {name: value} if is_number(value) else {}


def holds(check: Sequence[Any], numbers: Mapping[str, Any]) -> bool:
    """Whether other numbers give the same answer."""
    name, asked, other, answer = check
    value = number_called(name, numbers)
    if asked == "class":
        return bool(type(value).__name__ == answer)
    if asked == "bool":
        return bool(value) is answer
    second = number_called(other, numbers) if isinstance(other, str) else other
    found: object = _COMPARISONS[asked](value, second)
    return found is answer


def number_called(name: str, numbers: Mapping[str, Any]) -> Any:
    """Returns a number; ``float(lr)`` is what ``float()`` makes of ``lr``."""
    if name.startswith("float("):
        return float(numbers[name[6:-1]])
    return numbers[name]


class TracedNumber:
    """A number that is none: whatever code may want of it, it has to ask."""

    __slots__ = ("_log", "_name", "_value")

    def __init__(self, log: Log, name: str, value: float) -> None:
        self._log, self._name, self._value = log, name, value

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        self._log.add(self._name, "class", None, type(self._value).__name__)
        return type(self._value)

    def __bool__(self) -> bool:
        answer = bool(self._value)
        self._log.add(self._name, "bool", None, answer)
        return answer

    def __deepcopy__(self, _: object) -> TracedNumber:
        return self

    def __hash__(self) -> int:
        self._log.leaked = True
        return hash(self._value)


class _FloatType(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, float)


class _Float(metaclass=_FloatType):
    """``float`` for code that is run on traced numbers: what it makes of them stays traced."""

    def __new__(cls, value: Any = 0.0) -> Any:
        if type(value) is not TracedNumber:
            return float(value)
        name = value._name if value._name.startswith("float(") else f"float({value._name})"
        return TracedNumber(value._log, name, value._value * 1.0)


@contextlib.contextmanager
def floats_traced(package: str) -> Iterator[None]:
    """Lets ``float(x)`` keep a traced number watched, in all modules of a package; nothing can be told of a bare
    float.
    """
    inside = [vars(module) for name, module in list(sys.modules.items()) if f"{name}.".startswith(f"{package}.")]
    changed = [names for names in inside if "float" not in names]
    try:
        for names in changed:
            names["float"] = _Float
        yield
    finally:
        for names in changed:
            del names["float"]


def name_of(value: object) -> str | None:
    """Returns the name of a traced number; None for anything else."""
    return value._name if type(value) is TracedNumber else None


def _compared(asked: str) -> Callable[[TracedNumber, Any], Any]:
    compare = _COMPARISONS[asked]

    def answer(self: TracedNumber, other: Any) -> Any:
        if type(other) is TracedNumber:
            found = compare(self._value, other._value)
            self._log.add(self._name, asked, other._name, found)
            return found
        found = compare(self._value, other)
        if is_number(other):
            self._log.add(self._name, asked, other, found)
        else:
            self._log.leaked = True
        return found

    return answer


def _leaking(name: str) -> Callable[..., Any]:
    def leak(self: TracedNumber, *others: Any) -> Any:
        self._log.leaked = True
        plain = [other._value if type(other) is TracedNumber else other for other in others]
        return getattr(self._value, name)(*plain)

    return leak


_METHODS = {"<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__", "==": "__eq__", "!=": "__ne__"}
for _asked, _method in _METHODS.items():
    setattr(TracedNumber, _method, _compared(_asked))
_ARITHMETIC = "add sub mul truediv floordiv mod pow divmod".split()
for _name in [
    *(f"__{side}{word}__" for word in _ARITHMETIC for side in ("", "r")),
    *(f"__{word}__" for word in "neg pos abs round trunc floor ceil int float index str repr format".split()),
]:
    setattr(TracedNumber, _name, _leaking(_name))

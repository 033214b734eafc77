"""An optimizer's class → the words in its code that may be keys of a group.

Its methods are looked at, and all functions that they call by name: those of its module and of others, but not of the
libraries below it. A key that is put together while the code runs is not found.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

_BELOW = frozenset({"torch", "numpy", *sys.stdlib_module_names})
"""Packages whose functions know nothing of the keys of others; torch's own optimizers are looked at by class."""
_KNOWN = ("torch", "timm")
"""Packages whose optimizers name the keys of their groups in full: a list of words there is one of arguments."""
_CONSTANTS = (str, tuple, list, set, frozenset, Mapping)


class Reading(NamedTuple):
    """What the code of a class looks for."""

    words: frozenset[str]
    """Those in it that may be keys of a group."""
    whole: bool
    """Whether all of the code could be read: a compiled function may be given a group, and look for other keys."""


def reading_of(kind: type, held: Iterable[Any] = ()) -> Reading:
    """Returns what the code of a class looks for.

    Args:
        kind: the class of an optimizer, or of a wrapper around one.
        held: the attributes of an optimizer that is there: a key may be one of them, or code that reads one.
    """
    reader = _Reader()
    reader.read_class(kind)
    for each in held:
        reader.read_attribute(each, kind.__module__)
    return Reading(frozenset(word for word in reader.words if word.isidentifier()), not reader.opaque)


class _Reader:
    """Reads functions, each once."""

    def __init__(self) -> None:
        self.words: set[str] = set()
        self.opaque = False
        self._seen: dict[int, Any] = {}

    def read_class(self, kind: type) -> None:
        """Reads what stands in the bodies of a class and of its bases."""
        for base in kind.__mro__:
            if id(base) in self._seen:
                continue
            self._seen[id(base)] = base
            for name, value in vars(base).items() if base is not object else ():
                if not (name.startswith("__") and isinstance(value, _CONSTANTS)):  # its name, its documentation
                    self._read(value, base.__module__)

    def read_attribute(self, found: Any, module: str) -> None:
        """Reads what an optimizer holds: a text, a function, or an object of a class that is no library's."""
        if isinstance(found, (str, FunctionType)) or _is_own(type(found)):
            self._read(found, module)

    def _read(self, found: Any, module: str) -> None:
        """Reads a method, a helper or a constant that code of a module refers to."""
        if id(found) in self._seen:
            return
        if not isinstance(found, type):  # which is noted where it is read
            self._seen[id(found)] = found
        try:
            self._read_any(found, module)
        except Exception:  # a stand-in that raises whatever it is asked, or a list in itself
            self.opaque = True

    def _read_any(self, found: Any, module: str) -> None:
        if isinstance(found, _CONSTANTS):
            if module.partition(".")[0] not in _KNOWN:
                self.words.update(_texts(found))
        elif isinstance(found, property):
            for each in (found.fget, found.fset):
                self._read(each, module)
        elif isinstance(found, type):
            if _is_own(found):
                self.read_class(found)
        elif isinstance(found, (staticmethod, classmethod, MethodType)) or hasattr(found, "__wrapped__"):
            self._read(_inner(found), module)
        elif isinstance(found, (functools.partial, functools.partialmethod)):
            self.words.update(_texts(found.args), _texts(found.keywords))
            self._read(found.func, module)
        elif isinstance(found, FunctionType):
            self._read_function(found)
        elif isinstance(found, BuiltinFunctionType) or type(found).__name__ == "cython_function_or_method":
            self.opaque |= _package(found) not in _BELOW
        elif _is_own(type(found)):
            self.read_class(type(found))

    def _read_function(self, found: FunctionType) -> None:
        codes = list(_codes(found.__code__))
        constants = [value for code in codes for value in code.co_consts]
        if _package(found) in _KNOWN:
            constants = [value for value in constants if isinstance(value, str)]
        else:  # whatever is handed over as **group, arguments take by their names
            self.words.update(name for code in codes for name in code.co_varnames[: _arguments(code)])
        self.words.update(text for value in constants for text in _texts(value))
        names = {name for code in codes for name in code.co_names}
        cells = (_content(cell) for cell in found.__closure__ or ())
        for each in (*(found.__globals__[name] for name in names if name in found.__globals__), *cells):
            if isinstance(each, ModuleType):
                self._read_module(each, names)
            elif self._is_near(each, found.__module__):
                self._read(each, found.__module__)

    def _read_module(self, module: ModuleType, names: set[str]) -> None:
        """What code takes of a module that it has imported."""
        if module.__name__.partition(".")[0] in _BELOW:
            return
        for name in names.intersection(vars(module)):
            if self._is_near(each := vars(module)[name], module.__name__):
                self._read(each, module.__name__)

    def _is_near(self, found: Any, module: str) -> bool:
        """Whether it may be given a group: a function of torch's may, where code of the same module calls it."""
        if not callable(found):
            return True
        return _package(found) not in {*_BELOW, "builtins"} or getattr(found, "__module__", None) == module


def _is_own(kind: type) -> bool:
    """Whether a class is no library's."""
    return _package(kind) not in {*_BELOW, *_KNOWN, "builtins"}


def _arguments(code: CodeType) -> int:
    return code.co_argcount + code.co_kwonlyargcount


def _inner(found: Any) -> Any:
    kinds = staticmethod, classmethod, MethodType
    return found.__func__ if isinstance(found, kinds) else inspect.unwrap(found)


def _package(found: Any) -> str:
    return str(getattr(found, "__module__", None) or "builtins").partition(".")[0]


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _codes(value)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _texts(value: Any) -> Iterator[str]:
    """The texts in a constant."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, list, set, frozenset)):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, Mapping):
        yield from (text for item in value.items() for text in _texts(item))

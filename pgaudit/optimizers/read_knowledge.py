"""What a file says of torch and timm, which must be what pgaudit writes: the names of their optimizers' classes above
all, for a file may name no other class. See :mod:`pgaudit.optimizers.exploring` for the whole of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pgaudit.optimizers.traced_numbers import QUESTIONS
from pgaudit.strict_json import listed, mapping, text, texts, wrong

_CLASS = re.compile(r"(torch|timm)\.optim(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_QUALIFIED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_RECORD = {"arguments", "words", "checks", "fills", "takes", "paths"}


def is_library_class(ref: object) -> bool:
    """Whether ``module:Class`` may name an optimizer of torch or timm."""
    return isinstance(ref, str) and _CLASS.fullmatch(ref) is not None


def library_class_name(value: Any) -> str:
    """Returns the name as it is."""
    if not is_library_class(value):
        raise wrong(value, "optimizer of torch or timm")
    return str(value)


def read_knowledge(value: Any) -> Mapping[str, Any]:
    """Returns all that a file knows as it is."""
    held = mapping(value)
    for key, of in held.items():
        if key == "names":
            _classes(of)
        elif key == "modules":
            for homes in mapping(of).values():
                for names in mapping(homes).values():
                    text(names)
        elif key == "words":
            texts(of)
        elif key == "timm":
            _classes(mapping(of)["names"])
            for constants in listed(of["constants"]):
                for _, constant in listed(constants):
                    _reference(constant)
        elif key.startswith("timm "):
            _calls(of, mapping(held["timm"]))
        else:
            read_record(key, of)
    return held


def _classes(value: Any) -> None:
    for name in mapping(value).values():
        library_class_name(name)


def _calls(value: Any, factory: Mapping[str, Any]) -> None:
    for order, constants, names in listed(value):
        texts(order)
        dict(_entry(factory["constants"], constants))
        if not factory["names"].keys() >= set(text(names).split()):
            raise wrong(names, "list of timm's optimizers")


def read_record(name: str, value: Any) -> dict[str, Any]:
    """Returns the record of a class as it is; see :mod:`pgaudit.optimizers.records`."""
    library_class_name(name)
    record = mapping(value)
    if record.keys() != _RECORD:
        raise wrong(sorted(record), "record of an optimizer")
    for default in mapping(record["arguments"]).values():
        _reference(default)
    texts(record["words"])
    for checks in listed(record["checks"]):
        for number, asked, other, _ in listed(checks):
            if text(asked) not in QUESTIONS or not isinstance(other, (str, int, float, type(None))):
                raise wrong([number, asked, other], "question")
            text(number)
    for fills in listed(record["fills"]):
        for fill in listed(fills):
            key, *reference = [fill] if isinstance(fill, str) else listed(fill)
            text(key)
            for one in reference:
                _reference(one)
    for dimensions, dtypes, several in listed(record["takes"]):
        if not all(type(count) is int for count in listed(dimensions)) or type(several) is not bool:
            raise wrong([dimensions, several], "kind of tensors")
        texts(dtypes)
    for form, just, *places in listed(record["paths"]):
        mapping(form), mapping(just)
        for table, place in zip(("checks", "fills", "takes"), places, strict=True):
            _entry(record[table], place)
    return record


def _entry(table: Any, place: Any) -> Any:
    if type(place) is not int or not 0 <= place < len(table):
        raise wrong(place, "place in a table")
    return table[place]


def _reference(value: Any) -> None:
    """A value, or what stands for one: see :mod:`pgaudit.optimizers.encoding` and ``reference`` in
    :mod:`pgaudit.optimizers.recording`.
    """
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise wrong(value, "value")
        return
    ((kind, held),) = value.items()
    if kind in ("list", "tuple"):
        for item in listed(held):
            _reference(item)
    elif kind not in ("number", "object") or not re.fullmatch(r"[\w.()]+", text(held)):
        raise wrong(value, "value")


def _qualified(value: Any) -> str:
    if _QUALIFIED.fullmatch(text(value)) is None:
        raise wrong(value, "name of a class")
    return str(value)


def _call(value: Any) -> Any:
    """What timm's factory makes of arguments: the class, its arguments, and a class of timm's that wraps it."""
    name, fills, wrapper = listed(value)
    library_class_name(name)
    for argument, reference in listed(fills):
        text(argument)
        if reference != {"given": True}:
            _reference(reference)
    if wrapper is not None:
        library_class_name(wrapper)
    return value


SECTIONS: Mapping[str, Callable[[str, Any], Any]] = {
    "names": lambda _, value: library_class_name(value),
    "classes": lambda name, value: read_record(name, value) if value else mapping(value),
    "timm": lambda _, value: _call(value),
    "modules": lambda _, value: _qualified(value),
    "lists": lambda _, value: texts(value) and value,
    "explored": lambda _, value: read_knowledge(value),
}
"""By section of :class:`pgaudit.optimizers.library.Knowledge`, what returns the value of a key as it is, or raises."""

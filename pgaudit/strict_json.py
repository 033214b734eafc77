"""Values of a saved file, which must be what they should be."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from pgaudit.text import one_line


class Unreadable(Exception):
    """A file holds what none does that pgaudit wrote."""


def wrong(value: Any, what: str) -> Unreadable:
    """Returns the error that a value is no ``what``."""
    return Unreadable(f"{one_line(json.dumps(value, default=repr), limit=40)} is no {what}")


def text(value: Any) -> str:
    """Returns a text as it is."""
    if type(value) is not str:
        raise wrong(value, "text")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Returns a list of texts."""
    return tuple([text(each) for each in listed(value)])


_DTYPE = re.compile(r"bool|(b?float|complex|q?u?int|bits)\d[a-z0-9_]*")


def dtype_name(value: Any) -> str:
    """Returns the name of a dtype as it is: torch will be asked for it by that name."""
    if _DTYPE.fullmatch(text(value)) is None:
        raise wrong(value, "dtype")
    return str(value)


def listed(value: Any) -> list[Any]:
    """Returns a list as it is."""
    if type(value) is not list:
        raise wrong(value, "list")
    return value


def mapping(value: Any) -> dict[str, Any]:
    """Returns a mapping as it is."""
    if type(value) is not dict:
        raise wrong(value, "mapping")
    return value


def _refused(word: str) -> NoReturn:
    raise Unreadable(f"{word} is no number")


DECODER = json.JSONDecoder(parse_constant=_refused)

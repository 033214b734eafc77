"""What a schema has against a value, in words for people: where, what, and a hint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pgaudit.config.layouts import Path
from pgaudit.config.shapes import SHAPES
from pgaudit.text import did_you_mean, one_line, quoted

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails


class Invalid(NamedTuple):
    """One thing that is wrong with a value of a config."""

    at: Path
    """Where it stands."""
    message: str
    hint: str | None = None


def schema_errors(name: str, value: object, at: Path = ()) -> list[Invalid]:
    """Returns all that the config's schema of this name has against ``value``, which stands at ``at``."""
    if SHAPES[name](value):
        return []
    from pgaudit.config import schema

    return model_errors(getattr(schema, name), value, at)


def model_errors(schema: type[BaseModel], value: object, at: Path = ()) -> list[Invalid]:
    """Returns the same of any schema."""
    from pydantic import ValidationError

    try:
        schema.model_validate(value)
    except ValidationError as error:
        found: dict[Path, Invalid] = {}
        for detail in error.errors(include_url=False, include_context=True):
            where = (*at, *_within(value, detail["loc"]))
            found.setdefault(where, Invalid(where, *_wording(detail, schema)))
        return list(found.values())
    return []


def _within(value: object, loc: tuple[int | str, ...]) -> Path:
    """Drops what pydantic adds to a location to name a member of a union."""
    path: list[int | str] = []
    for index, step in enumerate(loc):
        if isinstance(value, Mapping) and (step in value or index == len(loc) - 1):
            value = value.get(step)
        elif isinstance(value, (list, tuple)) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            break
        path.append(step)
    return tuple(path)


def _wording(detail: ErrorDetails, schema: type[BaseModel]) -> tuple[str, str | None]:
    kind, loc, value = detail["type"], detail["loc"], detail["input"]
    name = str(loc[-1]) if loc else "config"
    if kind == "extra_forbidden":
        known = schema.model_fields
        return f"unknown key {quoted(name)}", did_you_mean(name, known) or f"known: {', '.join(known)}"
    if kind == "missing":
        return f"{quoted(name)} is missing", None
    if kind == "literal_error":
        expected = str(detail.get("ctx", {}).get("expected", "another word")).replace("'", "")
        return f"expected {expected}, got {described(value)}", None
    if kind in ("finite_number", "greater_than_equal"):
        least = detail.get("ctx", {}).get("ge", 0)
        return f"{one_line(value, limit=40)} is no use here; a number from {least:g} up is", None
    if kind == "string_too_short":
        return "expected a name, got an empty text", None
    if kind in ("too_short", "too_long"):
        return "expected two numbers", None
    return f"expected {_EXPECTED.get(kind, 'another kind of value')}, got {described(value)}", None


_EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "a name",
    "is_instance_of": "a name",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
}


def described(value: object) -> str:
    """Says what kind of value was found, in YAML's words."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {one_line(value, limit=40)}"
    if isinstance(value, str):
        return f"the text {quoted(value[:60])}"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"

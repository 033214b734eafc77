"""A value and a JSON Schema → all that is wrong, in words for people: where, what, and a hint.

jsonschema-rs finds the errors. It takes what JSON can hold; a config may hold more, such as a class, a date or a number
as a key. :func:`_as_json` hands over NaN for those, which no type of JSON Schema takes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pgaudit.core.location import Path
from pgaudit.files.schemas import Schema
from pgaudit.text import did_you_mean, one_line, quoted

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError


class Invalid(NamedTuple):
    """One thing that is wrong with a value of a config."""

    at: Path
    """Where it stands."""
    message: str
    hint: str | None = None


def schema_errors(schema: Schema, value: object, at: Path = ()) -> list[Invalid]:
    """Returns all that a schema has against a value, which stands at ``at``."""
    from jsonschema_rs import validator_for

    found: dict[Path, Invalid] = {}
    validator = validator_for(dict(schema))
    try:
        errors = list(validator.iter_errors(value))
    except ValueError:
        errors = list(validator.iter_errors(_as_json(value, schema, at, found)))
    for error in errors:
        for below, message, hint in _worded(error, schema, value):
            found.setdefault((*at, *below), Invalid((*at, *below), message, hint))
    return list(found.values())


def _as_json(value: Any, schema: Schema, at: Path, found: dict[Path, Invalid]) -> Any:
    """What the schema is about, and nothing else; a key that is no text is added to what was found."""
    if isinstance(value, Mapping) and (schema.get("type") or schema.get("properties")):
        fields, others = schema.get("properties", {}), schema.get("additionalProperties")
        plain = {}
        for key, item in value.items():
            below = fields.get(key, others if isinstance(others, Mapping) else {})
            if isinstance(key, str):
                plain[key.encode(errors="replace").decode()] = _as_json(item, below, (*at, key), found)
            else:
                found[(*at, key)] = Invalid((*at, key), f"expected a name, got {described(key)}")
        return plain
    if isinstance(value, (list, tuple)):
        items = schema.get("items", {})
        return [_as_json(item, items, (*at, index), found) for index, item in enumerate(value)]
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return value if value is None or isinstance(value, (bool, int, float)) else math.nan


def _worded(error: ValidationError, schema: Schema, value: object) -> Iterator[Invalid]:
    """One error of the schema's, in our words; several where several keys are unknown."""
    at, kind = tuple(error.instance_path), cast(Any, error.kind)  # each has members of its own
    holder = _at(schema, list(error.schema_path)[:-1])
    given = _at(value, at)
    if kind.name == "additionalProperties":
        known = list(holder.get("properties", {}))
        for key in kind.unexpected:
            hint = did_you_mean(key, known) or f"known: {', '.join(known)}"
            yield Invalid((*at, key), f"unknown key {quoted(key)}", hint)
    elif kind.name == "required":
        yield Invalid((*at, kind.property), f"{quoted(kind.property)} is missing")
    elif kind.name == "enum":
        *words, last = [word for word in kind.options if word is not None]
        yield Invalid(at, f"expected {', '.join(words)} or {last}, got {described(given)}")
    elif kind.name == "minLength":
        yield Invalid(at, "expected a name, got an empty text")
    elif kind.name in ("minItems", "maxItems"):
        yield Invalid(at, "expected two numbers")
    elif kind.name in ("minimum", "maximum") or (isinstance(given, float) and _is_number(holder)):
        least = holder.get("minimum", 0)
        yield Invalid(at, f"{one_line(given, limit=40)} is no use here; a number from {least:g} up is")
    else:
        kinds = holder["type"]
        wanted = kinds if isinstance(kinds, str) else kinds[0]
        yield Invalid(at, f"expected {_EXPECTED[wanted]}, got {described(given)}")


def _is_number(schema: Schema) -> bool:
    kinds = schema["type"]
    return "number" in ((kinds,) if isinstance(kinds, str) else kinds)


def _at(value: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


_EXPECTED = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "string": "a name",
    "object": "a mapping",
    "array": "a list",
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

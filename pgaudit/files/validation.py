"""A value and a JSON Schema → all that is wrong, in words for people: where, what, and a hint.

jsonschema-rs finds the errors. It takes what JSON can hold; a config may hold more, such as a class, a date, a number
as a key or a list that contains itself. So it is handed what the schema asks about, and NaN for what JSON cannot hold:
no type of JSON Schema takes NaN.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pgaudit.core.findings import Hint, meant
from pgaudit.core.location import Path
from pgaudit.files.schemas import Schema
from pgaudit.text import one_line, quoted

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError


class Invalid(NamedTuple):
    """One thing that is wrong with a value of a config."""

    at: Path
    """Where it stands."""
    message: str
    hint: Hint | None = None


def schema_errors(schema: Schema, value: object, at: Path = ()) -> list[Invalid]:
    """Returns all that a schema has against a value, which stands at ``at``."""
    found: dict[Path, Invalid] = {}
    plain = _as_json(value, schema, at, found)
    return [*found.values(), *(each for each in _against(schema, plain, value, at) if each.at not in found)]


def json_errors(schema: Schema, data: object) -> list[Invalid]:
    """Returns the same of data that was parsed from JSON: it may be long, and is handed over as it is."""
    try:
        return _against(schema, data, data, ())
    except UnicodeEncodeError:  # half a character, which JSON can write as an escape
        return schema_errors(schema, data)


def _against(schema: Schema, plain: object, value: object, at: Path) -> list[Invalid]:
    from jsonschema_rs import validator_for

    found: dict[Path, Invalid] = {}
    for error in validator_for(dict(schema)).iter_errors(plain):
        for below, message, hint in _worded(error, schema, value):
            found.setdefault((*at, *below), Invalid((*at, *below), message, hint))
    return list(found.values())


def _as_json(value: Any, schema: Schema, at: Path, found: dict[Path, Invalid]) -> Any:
    """What the schema asks about; a key that is no text is added to what was found."""
    if not schema:
        return None
    if isinstance(value, Mapping):
        fields, others = schema.get("properties", {}), schema.get("additionalProperties")
        plain = {}
        for key, item in value.items():
            if isinstance(key, str):
                below = fields.get(key, others if isinstance(others, Mapping) else {})
                plain[_text(key)] = _as_json(item, below, (*at, key), found)
            elif "type" in schema:
                found[(*at, key)] = Invalid((*at, key), f"expected a name, got {described(key)}")
        return plain
    if isinstance(value, (list, tuple)):
        items = schema.get("items")
        return [_as_json(item, items or {}, (*at, index), found) for index, item in enumerate(value)]
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) <= sys.float_info.max else math.nan
    return float(value) if isinstance(value, float) else math.nan


def _text(of: str) -> str:
    """A text without halves of characters, which JSON cannot hold."""
    return of.encode(errors="replace").decode()


def _worded(error: ValidationError, schema: Schema, value: object) -> Iterator[Invalid]:
    """One error of the schema's, in our words; several where several keys are unknown."""
    kind = cast(Any, error.kind)  # each has members of its own
    holder: Any = schema
    for step in list(error.schema_path)[:-1]:
        holder = holder[step]
    at, given = _original(value, error.instance_path)
    if kind.name == "additionalProperties":
        known = list(holder.get("properties", {}))
        for key in kind.unexpected:
            hint = meant(key, known) or f"known: {', '.join(known)}"
            yield Invalid((*at, _key(given, key)), f"unknown key {quoted(_key(given, key))}", hint)
    elif kind.name == "required":
        yield Invalid((*at, kind.property), f"{quoted(kind.property)} is missing")
    elif kind.name == "enum":
        *words, last = [word for word in kind.options if word is not None]
        yield Invalid(at, f"expected {', '.join(words)} or {last}, got {described(given)}")
    elif kind.name == "minLength":
        yield Invalid(at, "expected a name, got an empty text")
    elif kind.name in ("minItems", "maxItems"):
        yield Invalid(at, "expected two numbers")
    else:
        yield Invalid(at, _about_kind(holder, kind.name, given))


def _about_kind(schema: Schema, wrong: str, given: object) -> str:
    kinds = schema["type"]
    wanted = kinds if isinstance(kinds, str) else kinds[0]
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    if is_number and wanted in ("number", "integer") and abs(cast(float, given)) > sys.float_info.max:
        if isinstance(given, int):
            return "the number is too large"
        wrong = "maximum"
    if wrong in ("minimum", "maximum") or (isinstance(given, float) and wanted == "number"):
        least = schema.get("minimum", 0)
        return f"{one_line(given, limit=40)} is no use here; a number from {least:g} up is"
    return f"expected {_EXPECTED[wanted]}, got {described(given)}"


def _original(value: Any, path: list[str | int]) -> tuple[Path, Any]:
    """A place and what stands there, with keys as they were before halves of characters were replaced."""
    at: list[str | int] = []
    for step in path:
        # A key of digits comes as a number, as if it were a place in a list.
        key = step if isinstance(step, int) and (isinstance(value, list) or step in value) else _key(value, str(step))
        value = value[key]
        at.append(key)
    return tuple(at), value


def _key(holder: Any, text: str) -> str:
    same = (key for key in holder if isinstance(key, str) and _text(key) == text)
    return text if text in holder else next(same, text)


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
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "a list" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"

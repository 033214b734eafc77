"""JSON Schemas, from parts."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]
"""A JSON Schema, of draft 2020-12."""

ANYTHING: Schema = {}
TEXT: Schema = {"type": "string"}
WORD: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number", "minimum": -sys.float_info.max, "maximum": sys.float_info.max}
NON_NEGATIVE: Schema = {"type": "number", "minimum": 0, "maximum": sys.float_info.max}
COUNT: Schema = {"type": "integer", "minimum": 0}
FROM_ONE: Schema = {"type": "integer", "minimum": 1}


def optional(schema: Schema) -> Schema:
    """Returns a schema that takes null as well."""
    return {**schema, "type": [schema["type"], "null"]}


def one_of(words: Sequence[str]) -> Schema:
    """Returns the schema of one of some words."""
    return {"enum": list(words)}


def array(items: Schema) -> Schema:
    """Returns the schema of a list."""
    return {"type": "array", "items": items}


def each(values: Schema = ANYTHING) -> Schema:
    """Returns the schema of a mapping whose keys are free."""
    return {"type": "object", "additionalProperties": values}


def mapping(fields: Mapping[str, Schema], *, closed: bool = False, needs: Sequence[str] = ()) -> Schema:
    """Returns the schema of a mapping.

    Args:
        fields: its keys, and what stands below each.
        closed: whether it has no other keys.
        needs: the keys that it must have.
    """
    found: dict[str, Any] = {"type": "object", "properties": dict(fields)}
    if closed:
        found["additionalProperties"] = False
    return {**found, "required": list(needs)} if needs else found


def unless_empty(schema: Schema) -> Schema:
    """Returns the schema of a mapping that may also be empty, whatever keys it must have otherwise."""
    others = {key: value for key, value in schema.items() if key != "required"}
    return {**others, "if": {"minProperties": 1}, "then": {"required": schema["required"]}}


def whole(value: float | None) -> int | None:
    """Returns what a schema takes for a whole number as one: 2.0 is 2."""
    return None if value is None else int(value)


def fields(names: str, schema: Schema) -> dict[str, Schema]:
    """Returns several keys, named in one text, below which the same stands."""
    return dict.fromkeys(names.split(), schema)

"""What a schema takes is what another validator of JSON Schema takes; all else gets words, and never a traceback."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgaudit.config import schema as own
from pgaudit.constructors import CONSTRUCTORS
from pgaudit.constructors.native.errors import RULE
from pgaudit.core.findings import Fix
from pgaudit.files.schemas import Schema
from pgaudit.files.validation import Invalid, json_errors, schema_errors
from pgaudit.sources.report_schema import REPORT
from tests.budget import examples

SCHEMAS: dict[str, Schema] = {
    **{name: value for name, value in vars(own).items() if name.isupper() and isinstance(value, dict)},
    **{f"{name}.{section}": of for name, each in CONSTRUCTORS.items() for section, of in each.schemas.items()},
    "a rule": RULE,
    "a report": REPORT,
}
PLAIN: list[Any] = [None, True, False, 0, 1, -1, 2, -0.0, 0.5, 1e308, "", "x", "error", "first", "base", "é", "1e-4"]
ODD: list[Any] = [10**400, -(10**400), math.inf, -math.inf, math.nan, b"x", int, len, datetime.date.max]


def _fields(schema: Any) -> Iterator[str]:
    """Every key that a schema names, at any depth."""
    if isinstance(schema, Mapping):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from _fields(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _fields(value)


def _values(schema: Schema, leaves: list[Any], keys: list[Any]) -> st.SearchStrategy[Any]:
    """Values of about the schema's form: its own keys at every depth, and others."""
    key = st.sampled_from([*_fields(schema), *keys])
    leaf = st.sampled_from(leaves)
    inner = st.recursive(
        leaf, lambda one: st.lists(one, max_size=3) | st.dictionaries(key, one, max_size=4), max_leaves=6
    )
    return st.dictionaries(key, inner, max_size=5) | st.fixed_dictionaries(
        dict.fromkeys(schema.get("required", ()), inner),
        optional={name: inner for name in schema.get("properties", {}) if name not in schema.get("required", ())},
    )


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=examples(60))
@given(data=st.data())
def test_random_values_are_taken_where_another_validator_takes_them(name: str, data: st.DataObject) -> None:
    value = data.draw(_values(SCHEMAS[name], PLAIN, ["x", "", "é"]))
    right = jsonschema.Draft202012Validator(SCHEMAS[name]).is_valid(value)
    assert (schema_errors(SCHEMAS[name], value) == []) is right


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=examples(60))
@given(data=st.data())
def test_random_values_that_are_no_json_get_words(name: str, data: st.DataObject) -> None:
    value = data.draw(_values(SCHEMAS[name], [*PLAIN, *ODD], ["x", 1, None, (1,), "\ud800"]))
    for error in schema_errors(SCHEMAS[name], value, ("top",)):
        assert isinstance(error, Invalid)
        assert error.at[0] == "top"
        assert error.message


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_typed_field_takes_what_is_no_json(name: str) -> None:
    for field, schema in SCHEMAS[name].get("properties", {}).items():
        for value in ODD if schema else ():
            assert (field,) in {error.at for error in schema_errors(SCHEMAS[name], {field: value})}, (field, value)


FAULTS = {
    "unknown": (
        {"paramwise_cgf": {}},
        ("paramwise_cgf",),
        'unknown key "paramwise_cgf"',
        'did you mean "paramwise_cfg"?',
    ),
    "no likeness": ({"zzz": 1}, ("zzz",), 'unknown key "zzz"', "known: model, model_args, constructor"),
    "kind": ({"optimizer": [1]}, ("optimizer",), "expected a mapping, got a list", None),
    "nothing": ({"world_size": "2"}, ("world_size",), 'expected a whole number, got the text "2"', None),
    "bounds": ({"world_size": 0}, ("world_size",), "0 is no use here; a number from 1 up is", None),
    "no text": ({"model": 3}, ("model",), "expected a name, got the number 3", None),
    "a key": ({"optimizer": {1: 2}}, ("optimizer", 1), "expected a name, got the number 1", None),
}


@pytest.mark.parametrize(("given", "at", "message", "hint"), FAULTS.values(), ids=FAULTS)
def test_what_is_said(given: Any, at: tuple[str, ...], message: str, hint: str | None) -> None:
    (found,) = schema_errors(own.FILE, given)
    assert (found.at, found.message) == (at, message)
    said = found.hint.hint if isinstance(found.hint, Fix) else found.hint
    assert (said or "").startswith(hint or "")
    assert (found.hint is None) is (hint is None)


class Whole(int):
    """What a library may hand over for a number."""


class Point(float):
    """The same, such as numpy's float64."""


def test_numbers_of_kinds_derived_from_pythons_are_numbers() -> None:
    assert schema_errors(own.OPTIMIZER, {"type": "SGD", "lr": Point(0.1), "weight_decay": Whole(1)}) == []
    assert schema_errors(own.FILE, {"world_size": Whole(2)}) == []


def test_what_contains_itself_and_what_is_nested_deeply_is_told_as_what_it_is() -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = 0.1
    for _ in range(5000):
        deep = [deep]
    for value in (endless, deep):
        (found,) = schema_errors(own.OPTIMIZER, {"type": "SGD", "lr": value})
        assert found.message == "expected a number, got a list"


def test_a_key_with_half_a_character_keeps_its_place() -> None:
    (found,) = schema_errors({"type": "object", "additionalProperties": {"type": "number"}}, {"\ud800": "x"})
    assert found.at == ("\ud800",)
    (found,) = schema_errors(own.FILE, {"mod\ud800el": 1})
    assert (found.at, found.message) == (("mod\ud800el",), 'unknown key "mod\\ud800el"')


def test_everything_wrong_is_found_at_once() -> None:
    wrong = {"groups": {"max": 0, "min": 1}, "findings": {}, "exhaustive": 1, "ruels": {}}
    assert {each.at for each in schema_errors(own.EXPECT, wrong)} == {
        ("groups", "max"),
        ("groups", "min"),
        ("findings", "fail_on"),
        ("exhaustive",),
        ("ruels",),
    }


def test_parsed_json_is_told_of_as_any_other_value() -> None:
    wrong = {"model": {"ref": "\ud800", "source": 3, "parameters": -1}, "config": None, "params": [{"name": 10**400}]}
    assert json_errors(REPORT, wrong) == schema_errors(REPORT, wrong)
    (found,) = json_errors(own.FINDINGS, {"ign\ud800ore": {}})
    assert found.message.startswith("unknown key")

"""What has a shape is valid: the schema is not asked, so a shape may never take what the schema would refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from pgaudit.config import schema
from pgaudit.config.shapes import SHAPES
from pgaudit.config.validation import schema_errors
from tests.budget import examples

ODD = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    -0.0,
    0.5,
    1e308,
    10**400,
    float("inf"),
    float("nan"),
    b"x",
    (1.0, 2.0),
    int,
    len,
]
TEXTS = ["", "x", "error", "layered", "first", "base", "freeze", "é", "\ud800", "1e-4"]
VALUES: list[Any] = [*ODD, *TEXTS, [], {}, {"x": 1}, [1.0, 2.0], ["x"], [""], {1: 2}, {"x": {"lr": -1}}]


class Text(str):
    """What a library might hand over in place of a plain text."""


class Mapped(dict):
    """The same of a mapping."""


KEYS = st.sampled_from([*TEXTS, Text("x"), 1, None, True, (1,)])


def _values(fields: list[str]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(fields) | KEYS if fields else KEYS
    return st.recursive(
        st.sampled_from([*ODD, *TEXTS, Text("x")]),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4) | inner.map(lambda _: Mapped())
        ),
        max_leaves=6,
    )


INNER = ["lr_mult", "decay_mult", "lr", "weight_decay", "max", "fail_on"]


def _schema(name: str) -> type[BaseModel]:
    found: type[BaseModel] = getattr(schema, name)
    return found


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=examples(40))
@given(data=st.data())
def test_the_schema_has_nothing_against_what_has_the_shape(name: str, data: st.DataObject) -> None:
    fields = list(_schema(name).model_fields)
    value = data.draw(
        st.fixed_dictionaries({}, optional={field: _values(INNER) for field in fields})
        | st.dictionaries(st.sampled_from(fields) | KEYS, _values(INNER), max_size=4)
        | _values(fields)
    )
    if SHAPES[name](value):
        _schema(name).model_validate(value)  # raises


@pytest.mark.parametrize("name", SHAPES)
def test_no_field_takes_what_its_schema_refuses(name: str) -> None:
    filled = {needed: _valid(name, needed) for needed in SHAPES[name].needs}
    for field, holds in SHAPES[name].fields.items():
        for value in VALUES:
            if holds(value):
                _schema(name).model_validate({**filled, field: value})  # raises


def _valid(name: str, field: str) -> Any:
    candidates: list[Any] = [1, "x", []]
    return next(value for value in candidates if SHAPES[name].fields[field](value))


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_the_fields_of_its_schema(name: str) -> None:
    model, shape = _schema(name), SHAPES[name]
    assert set(shape.fields) == set(model.model_fields)
    assert shape.needs == {field for field, info in model.model_fields.items() if info.is_required()}
    assert shape.closed == (model.model_config["extra"] == "forbid")


def test_every_section_that_is_written_as_people_write_it_has_its_shape() -> None:
    """Else pydantic would be loaded for all."""
    written: dict[str, Any] = {
        "File": {"model": "resnet50", "optimizer": {"type": "SGD"}, "paramwise_cfg": {}, "expect": {"rules": {}}},
        "Optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4, "momentum": 0.9},
        "MmcvParamwise": {"norm_decay_mult": 0, "custom_keys": {"fc": {"lr_mult": 10.0}}, "bypass_duplicate": True},
        "MmengineParamwise": {"flat_decay_mult": 0.0, "custom_keys": {"fc": {"lr_mult": 10.0, "decay_mult": 0}}},
        "TimmParamwise": {"layer_decay": 0.75, "fallback_list": ["bias"]},
        "Solver": {"basic_lr": 0.1, "weight_decay": [[1e-5, "bias"], 1e-4], "betas": [0.9, 0.99]},
        "Plain": {"rules": [], "mode": "first", "unmatched": "error"},
        "RuleSchema": {"match": "*.bias", "decay_mult": 0.0},
        "Expect": {"rules": {"fc": 2}, "groups": {"max": 3}, "findings": {"fail_on": "never"}},
        "ProjectAudit": {"config": "a.yaml", "model": "resnet18"},
    }
    assert [name for name, section in written.items() if not SHAPES[name](section)] == []
    assert all(schema_errors(name, section) == [] for name, section in written.items())

"""The JSON Schemas of pgaudit's own files, for editors and for other programs.

They say what can be said without a model: what they refuse, pgaudit refuses, too. Keys of a training config that are
none of pgaudit's are left alone, as they are when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.config.layouts import SOLVERS
from pgaudit.config.schema import (
    EXPECT,
    EXPECTED_PARAM,
    EXPECTED_RULE,
    FILE,
    IGNORED,
    OPTIMIZER,
    PROJECT,
    PROJECT_AUDIT,
)
from pgaudit.constructors import CONSTRUCTORS, Constructor
from pgaudit.files.schemas import COUNT, TEXT, WORD, Schema, array, each, mapping, optional

_ABOUT = {
    "model": "a timm name, file.py:NAME, package.module:NAME, or a saved inventory",
    "model_args": "keyword arguments of the model's factory",
    "constructor": "who makes the parameter groups; without one mmcv where there is a paramwise_cfg, else torch",
    "optimizer": "the optimizer's class, and its arguments",
    "paramwise_cfg": "the constructor's options",
    "optim_wrapper": "mmengine's: optimizer, constructor and paramwise_cfg stand in it",
    "solver": "BaseCls'",
    "SOLVER": "detectron2's",
    "world_size": "the number of training processes, by which BaseCls multiplies its lr",
    "expect": "what `pgaudit check` holds the assignment against",
    "findings": "which findings are known, and why they stay",
}
"""What each key at the top of a config is."""


def config_schema() -> dict[str, Any]:
    """Returns the schema of a config."""
    nested = mapping({"constructor": _any_constructor(), "paramwise_cfg": optional(each())})
    wrapper = _with(nested, optimizer=optional(OPTIMIZER))
    fields = {
        **FILE["properties"],
        "constructor": _any_constructor(),
        "optimizer": {**optional(_with(nested, **OPTIMIZER["properties"])), "allOf": _by_constructor("mmcv")},
        "optim_wrapper": {**optional(wrapper), "allOf": _by_constructor("mmengine")},
        "expect": optional(_EXPECT),
        "findings": optional(mapping({"ignore": _IGNORE}, closed=True)),
    }
    described = {
        name: {**part, "description": _ABOUT[name]} if name in _ABOUT else part for name, part in fields.items()
    }
    whole = {**mapping(described), "allOf": _by_constructor("mmcv", *SOLVERS), "$defs": _definitions()}
    return _document("A config of pgaudit", whole)


def project_schema() -> dict[str, Any]:
    """Returns the schema of a project file, ``pgaudit.yaml``."""
    return _document("A project file of pgaudit", _with(PROJECT, audits={**array(PROJECT_AUDIT), "minItems": 1}))


def expect_schema() -> dict[str, Any]:
    """Returns the schema of a file of expectations."""
    return _document("Expectations of pgaudit", _EXPECT)


def _document(title: str, schema: Schema) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}


def _with(schema: Schema, **fields: Schema) -> Schema:
    """The schema of a mapping, with more keys or other ones."""
    return {**schema, "properties": {**schema["properties"], **fields}}


_WORDS: Schema = {"anyOf": [WORD, array(WORD)]}
"""A single word stands for a list of one."""

_EXPECT = _with(
    EXPECT,
    rules=optional(each({"anyOf": [COUNT, WORD, array(WORD), _with(EXPECTED_RULE, params=_WORDS)]})),
    params=optional(each(EXPECTED_PARAM)),
)
_REASON: Schema = {"anyOf": [WORD, _with(IGNORED, key=_WORDS, param=_WORDS)]}
_IGNORE = each({"anyOf": [*_REASON["anyOf"], array(_REASON)]})


def _any_constructor() -> Schema:
    """A built-in one, which an editor can offer; or one of a plug-in."""
    known = [name for each in CONSTRUCTORS.values() for name in (each.name, *each.aliases)]
    return {"anyOf": [{"enum": known}, optional(TEXT)]}


def _by_constructor(*defaults: str) -> list[Schema]:
    """What holds beside a ``constructor``, whichever it is; where none is named, the defaults together."""
    named = [
        {
            "if": {"required": ["constructor"], "properties": {"constructor": {"enum": [each.name, *each.aliases]}}},
            "then": {"properties": _references(each)},
        }
        for each in CONSTRUCTORS.values()
        if each.schemas
    ]
    unnamed = {section: ref for name in reversed(defaults) for section, ref in _references(CONSTRUCTORS[name]).items()}
    return [*named, {"if": {"not": {"required": ["constructor"]}}, "then": {"properties": unnamed}}]


def _references(constructor: Constructor) -> Mapping[str, Schema]:
    return {section: {"$ref": f"#/$defs/{constructor.name}.{section}"} for section in constructor.schemas}


def _definitions() -> Mapping[str, Schema]:
    """Every section of every constructor, with what each option is for."""
    found: dict[str, Schema] = {}
    for constructor in CONSTRUCTORS.values():
        for section, schema in constructor.schemas.items():
            options = {
                name: {**part, "description": constructor.options[name]} if name in constructor.options else part
                for name, part in schema["properties"].items()
            }
            found[f"{constructor.name}.{section}"] = optional(_with(schema, **options))
    return found

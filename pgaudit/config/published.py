"""The JSON Schemas of pgaudit's own files, for editors and for other programs.

They say what can be said without a model: what they refuse, pgaudit refuses, too. Keys of a training config that are
none of pgaudit's are left alone, as they are when it is read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pgaudit.config.layouts import SECTIONS, SIGNS, SOLVERS
from pgaudit.config.schema import (
    EXPECT,
    EXPECTED_AT,
    EXPECTED_PARAM,
    EXPECTED_RULE,
    FILE,
    IGNORED,
    OPTIMIZER,
    PROJECT,
    PROJECT_AUDIT,
    SCHEDULER,
    TURNS,
)
from pgaudit.constructors import Constructor, constructor_named
from pgaudit.constructors.registry import constructor_names
from pgaudit.core.errors import UsageError
from pgaudit.core.location import Path
from pgaudit.files.schemas import ANYTHING, COUNT, TEXT, WORD, Schema, array, each, mapping, optional

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
    "scheduler": "what sets the lr over time: a `type` with its arguments, or a list of such with their `milestones`",
}
"""What each key at the top of a config is."""


_ABOUT_AUDIT = {
    "config": "a policy: YAML, or OpenMMLab's Python",
    "built": "code that is or returns an optimizer, in place of a config: file.py:NAME or package.module:NAME",
    "model": "a timm name, file.py:NAME, package.module:NAME, or a saved inventory; of what is built, for its names",
    "model_args": "keyword arguments of the model's factory, or of the function that `built` names",
}
"""What each key of an audit in a project file is."""
_ONE_SOURCE: list[Schema] = [
    {"required": [key], "properties": {key: WORD, other: {"type": "null"}}}
    for key, other in (("config", "built"), ("built", "config"))
]
"""What is audited is a config or something built, and not both."""


def config_schema() -> dict[str, Any]:
    """Returns the schema of a config. What stands at the top counts where no library looks elsewhere."""
    known = {constructor.name: constructor for constructor in _constructors()}
    nested = mapping({"constructor": _any_constructor(known), "paramwise_cfg": optional(each())})
    optimizer = _with(nested, **OPTIMIZER["properties"])
    fields = {
        **FILE["properties"],
        "model": {"anyOf": [FILE["properties"]["model"], each()]},  # or a library's own section, which is left alone
        "constructor": ANYTHING,
        "paramwise_cfg": ANYTHING,
        "optimizer": {**optional(optimizer), "allOf": _by_constructor(known, "mmcv")},
        "optim_wrapper": {
            **optional(_with(nested, optimizer=optional(OPTIMIZER))),
            "allOf": _by_constructor(known, "mmengine"),
        },
        "expect": optional(_EXPECT),
        "findings": optional(mapping({"ignore": _IGNORE}, closed=True)),
        "scheduler": {"anyOf": [SCHEDULER, array({"anyOf": [SCHEDULER, TURNS]}), ANYTHING]},  # or a library's own
    }
    at_the_top = {
        "properties": {"constructor": _any_constructor(known), "paramwise_cfg": optional(each())},
        "allOf": _by_constructor(known, "mmcv"),
    }
    solvers = [
        {"if": {"required": [solver.section]}, "then": {"allOf": _by_constructor(known, name)}}
        for name, solver in SOLVERS.items()
    ]
    others = [(section,) for section in SECTIONS.values() if section != "optimizer"]
    nests = ("optimizer", "paramwise_cfg"), ("optimizer", "constructor")
    reads_no_optimizer = _any_of([*others, *SIGNS["mmengine"], *SIGNS["detectron2"]])
    reads_nothing_here = _any_of([*others, *nests, *(sign for signs in SIGNS.values() for sign in signs)])
    typed = {"properties": {"optimizer": {"required": ["type"]}}}
    whole = {
        **mapping(_described(fields, _ABOUT)),
        "allOf": [
            {"if": {"not": reads_no_optimizer}, "then": typed},
            {"if": {"not": reads_nothing_here}, "then": at_the_top},
            *solvers,
        ],
        "$defs": _definitions(known),
    }
    return _document("A config of pgaudit", whole)


def _described(fields: Mapping[str, Schema], words: Mapping[str, str]) -> dict[str, Schema]:
    """The keys of a mapping, each with what there is to say of it."""
    return {name: {**part, "description": words[name]} if name in words else part for name, part in fields.items()}


def _any_of(paths: Iterable[Path]) -> Schema:
    """Whether there is a key at one of some places: what tells for which library a config is."""
    return {"anyOf": [_has(path) for path in paths]}


def _has(path: Path) -> Schema:
    """Whether there is a key at a place."""
    first, *below = path
    return {"required": [first], **({"properties": {first: {"type": "object", **_has(tuple(below))}}} if below else {})}


def project_schema() -> dict[str, Any]:
    """Returns the schema of a project file, ``pgaudit.yaml``."""
    audit = {**PROJECT_AUDIT, "properties": _described(PROJECT_AUDIT["properties"], _ABOUT_AUDIT), "oneOf": _ONE_SOURCE}
    return _document("A project file of pgaudit", _with(PROJECT, audits={**array(audit), "minItems": 1}))


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

_AT: Schema = {
    **each(EXPECTED_AT),
    "propertyNames": {"pattern": "^[0-9]{1,15}$"},
    "minProperties": 1,
    "description": "what the lr must be after so many steps of the schedule, or epochs if that is what it counts",
}
_EXPECT = _with(
    EXPECT,
    rules=optional(each({"anyOf": [COUNT, WORD, array(WORD), _with(EXPECTED_RULE, params=_WORDS)]})),
    params=optional(each(_with(EXPECTED_PARAM, at=optional(_AT)))),
)
_REASON: Schema = {"anyOf": [WORD, _with(IGNORED, key=_WORDS, param=_WORDS)]}
_IGNORE = each({"anyOf": [*_REASON["anyOf"], array(_REASON)]})


def _constructors() -> Iterator[Constructor]:
    """All that a config can name, but for plug-ins that cannot be loaded."""
    for name in constructor_names():
        with contextlib.suppress(UsageError):
            yield constructor_named(name)


def _any_constructor(known: Mapping[str, Constructor]) -> Schema:
    """One that is known, which an editor can offer; or one of a plug-in that is elsewhere."""
    return {"anyOf": [{"enum": [name for each in known.values() for name in (each.name, *each.aliases)]}, TEXT]}


def _by_constructor(known: Mapping[str, Constructor], default: str) -> list[Schema]:
    """What holds beside a ``constructor``, whichever it is; where none is named, the default."""
    named = [
        {
            "if": {"required": ["constructor"], "properties": {"constructor": {"enum": [each.name, *each.aliases]}}},
            "then": {"properties": _references(each)},
        }
        for each in known.values()
        if each.schemas
    ]
    unnamed = {"properties": _references(known[default])}
    return [*named, {"if": {"not": {"required": ["constructor"]}}, "then": unnamed}]


def _references(constructor: Constructor) -> Mapping[str, Schema]:
    return {section: {"$ref": f"#/$defs/{constructor.name}.{section}"} for section in constructor.schemas}


def _definitions(known: Mapping[str, Constructor]) -> Mapping[str, Schema]:
    """Every section of every constructor, with what each option is for."""
    found: dict[str, Schema] = {}
    for constructor in known.values():
        for section, schema in constructor.schemas.items():
            options = _described(schema.get("properties", {}), constructor.options)
            found[f"{constructor.name}.{section}"] = optional({**schema, "properties": options})
    return found

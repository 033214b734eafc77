"""A path, a mapping or a Config → a validated Config, or one ConfigError that lists everything wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgaudit.config import layouts
from pgaudit.config.documents import read_file, refuse
from pgaudit.config.grammars import grammar_named, scoped, unknown_constructor
from pgaudit.config.ignores import ignore_complaints, ignores_of
from pgaudit.config.loader import Document, read_yaml
from pgaudit.config.records import Config
from pgaudit.config.validate import constructor_complaints, section_complaints
from pgaudit.errors import ConfigError, Problem, UsageError

if TYPE_CHECKING:
    from pgaudit.config.expect import Expectations


def load_config(
    source: str | os.PathLike[str] | Mapping[str, Any] | Config, *, constructor: str | None = None
) -> Config:
    """Reads and validates a config.

    Args:
        source: a YAML file's path, that of a Python config of OpenMMLab (which mmengine runs), a mapping of the same
            shape, or a Config, which is returned as it is.
        constructor: a constructor that takes the place of the one that the config names.

    Raises:
        ConfigError: with every problem of the file, each with its line and column.
    """
    wanted = grammar_named(constructor)
    if constructor is not None and wanted is None:
        raise UsageError(*unknown_constructor(constructor))
    if isinstance(source, Config):
        if wanted is not None and wanted.name != source.constructor:
            raise UsageError(f"this config was read for {source.constructor}", "name the constructor when it is read")
        return source
    source = getattr(source, "_cfg_dict", source)  # mmcv's and mmengine's Config
    if isinstance(source, Mapping):
        return _validated(Document(value=_without_foreign(_plain(source))), None, constructor)
    if not isinstance(source, (str, os.PathLike)):
        raise UsageError(f"a config is a path, a mapping or a Config, not {type(source).__name__}")
    path = os.fspath(source)
    if path.endswith(".py"):
        from pgaudit.config import python_file

        read = python_file.read_python(path)
        return replace(_validated(read.document, path, constructor), architecture=read.architecture)
    least = "`optimizer:` is the least that a config needs"
    document = read_yaml(read_file(path), path, aside=layouts.foreign_keys, least=least)
    return _validated(document, path, constructor)


def _without_foreign(top: dict[Any, Any]) -> dict[Any, Any]:
    words = {key: value for key, value in top.items() if isinstance(key, str)}
    below = {key: frozenset(value) if isinstance(value, Mapping) else None for key, value in words.items()}
    foreign = layouts.foreign_keys(below)
    return {key: value for key, value in top.items() if key not in foreign}


def _plain(value: Any) -> Any:
    """Library configs given as mappings (addict, ConfigDict ...) become plain dicts; other values stay."""
    try:
        return {key: _plain(item) for key, item in value.items()} if isinstance(value, Mapping) else value
    except RecursionError:
        raise UsageError("the config contains itself") from None


def _validated(document: Document, path: str | None, constructor: str | None) -> Config:
    from pgaudit.config.complaints import complaints, described

    top = document.value
    if not isinstance(top, dict):
        raise ConfigError(Problem(f"a config is a mapping, not {described(top)}", path, document.values.get(())))
    layout = layouts.recognise(top)
    found = complaints("File", top)
    for base in layouts.BASES:
        if base in top:
            found.insert(
                0, ((base,), f"pgaudit reads one file, and `{base}` names others", "write the whole config out")
            )
    found += [(at, message, None) for at, message in layout.unread]
    name = constructor or scoped(layout.constructor, top.get("default_scope"))
    misnamed = constructor_complaints(name, layout)
    found += misnamed
    grammar = None if misnamed else grammar_named(name)
    if "world_size" in top and grammar and not grammar.scales_lr:
        found.append((("world_size",), "only BaseCls scales its lr by the number of processes", "remove it"))
    found += section_complaints(layout, grammar)
    found += ignore_complaints(top)
    if top.get("expect") is not None:
        from pgaudit.config.expect import expect_complaints

        found += expect_complaints(top["expect"], ("expect",))
    refuse(found, document, path)
    assert grammar is not None
    return Config(
        layout=layout.name,
        constructor=grammar.name,
        optimizer=layout.optimizer or {},
        paramwise_cfg=layout.paramwise_cfg,
        solver=layout.solver,
        world_size=top.get("world_size") or 1,
        model=top.get("model"),
        model_args=top.get("model_args") or {},
        ignores=ignores_of(top),
        expect=_expectations(top["expect"], path, document) if top.get("expect") else None,
        path=path,
        ambiguous=tuple(scalar for scalar in document.ambiguous if not layout.reads_literally(scalar.path)),
        sections=layout.sections,
        keys=document.keys,
        values=document.values,
    )


def _expectations(section: Mapping[str, Any], path: str | None, document: Document) -> Expectations:
    from pgaudit.config.expect import expectations

    return expectations(section, ("expect",), path, document.keys)

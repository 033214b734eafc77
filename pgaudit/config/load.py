"""A path, a mapping or a Config → a validated Config, or one ConfigError that lists everything wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgaudit.config import layouts
from pgaudit.config.data_file import read_data, translated
from pgaudit.config.expect import expect_errors, expectations
from pgaudit.config.ignores import ignore_errors, ignores_of
from pgaudit.config.misplaced import meant, misplaced, split
from pgaudit.config.schedules import schedule_of, training_words
from pgaudit.config.sections import constructor_errors, section_errors, top_errors
from pgaudit.constructors import find_constructor
from pgaudit.constructors.registry import options_of, scoped, unknown_constructor
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.expectations import Expectations
from pgaudit.core.location import whole_file
from pgaudit.files.document import Document
from pgaudit.files.inputs import note_input
from pgaudit.files.reading import refuse
from pgaudit.files.schemas import whole
from pgaudit.files.validation import Invalid, described

if TYPE_CHECKING:
    from pgaudit.config.dialects.translation import Translation
    from pgaudit.config.what_if import WhatIf


def load_config(
    source: str | os.PathLike[str] | Mapping[str, Any] | Config,
    *,
    constructor: str | None = None,
    data: bytes | None = None,
    what_if: WhatIf | None = None,
) -> Config:
    """Reads and validates a config.

    Args:
        source: the path of a YAML, JSON or TOML file, that of a Python config of OpenMMLab (which mmengine runs), a
            mapping of the same shape, or a Config, which is returned as it is.
        constructor: a constructor that takes the place of the one that the config names.
        data: what the file held, if it has been read and cannot be read again, as a pipe.
        what_if: values that take the place of those in the file; of another tool's, by pgaudit's own words.

    Raises:
        ConfigError: with all that is wrong with the file, each with its line and column.
    """
    wanted = find_constructor(constructor)
    if constructor is not None and wanted is None:
        raise UsageError(*unknown_constructor(constructor))
    if isinstance(source, Config):
        if wanted is not None and wanted.name != source.constructor:
            raise UsageError(f"this config was read for {source.constructor}", "name the constructor when it is read")
        return source
    otherwise = "mmcv" if hasattr(source, "_cfg_dict") else "pgaudit"  # mmcv's and mmengine's Config
    source = getattr(source, "_cfg_dict", source)
    if isinstance(source, Mapping):
        document = Document(value=_plain(source))
        translation = translated(document.value, lambda: document)
        document = _with(what_if, translation.document if translation else document)
        return _validated(document, None, constructor, otherwise, translation)
    if not isinstance(source, (str, os.PathLike)):
        raise UsageError(f"a config is a path, a mapping or a Config, not {type(source).__name__}")
    config = _read(os.fspath(source), constructor, data, what_if)
    file, colon, _ = str(config.model).rpartition(":")
    if colon and file.endswith(".py"):  # named here, though it may be read later, or never
        note_input(file)
        note_input(os.path.join(os.path.dirname(os.fspath(source)), file))
    return config


def _with(what_if: WhatIf | None, document: Document) -> Document:
    return document if what_if is None else what_if.on(document)


def _read(path: str, constructor: str | None, data: bytes | None, what_if: WhatIf | None) -> Config:
    if data is None and path.endswith(".py"):
        from pgaudit.config.python.file import read_python

        document, architecture = read_python(path)
        document = _with(what_if, document)
        return replace(_validated(document, path, constructor, otherwise="mmcv"), architecture=architecture)
    document, translation = read_data(path, aside=lambda top: split(top, constructor)[1], data=data)
    return _validated(_with(what_if, document), path, constructor, translation=translation)


def _plain(value: Any) -> Any:
    """Library configs given as mappings (addict, ConfigDict ...) become plain dicts; other values stay."""
    try:
        return {key: _plain(item) for key, item in value.items()} if isinstance(value, Mapping) else value
    except RecursionError:
        raise UsageError("the config contains itself") from None


def _validated(
    document: Document,
    path: str | None,
    constructor: str | None,
    otherwise: str = "pgaudit",
    translation: Translation | None = None,
) -> Config:
    if not isinstance(document.value, dict):
        message = f"a config is a mapping, not {described(document.value)}"
        raise ConfigError(message, location=document.values.get(()) or whole_file(path))
    top, rest = split(document.value, constructor)
    words = training_words(top, constructor)
    layout = layouts.recognise(top, {**rest, **document.rest}, otherwise)
    name = constructor or scoped(layout.constructor, top.get("default_scope"))
    misnamed = constructor_errors(name, layout)
    used = None if misnamed else find_constructor(name)
    stray = tuple(misplaced(top, {**document.rest, **rest}, layout, options_of(used) if used else ()))
    found = top_errors({key: value for key, value in top.items() if key not in words}, layout, stray)
    if "_base_" in top:
        message = "pgaudit reads one file, and `_base_` names others"
        found.insert(0, Invalid(("_base_",), message, "write the whole config out"))
    if "_BASE_" in top:  # given as a mapping: those of files have been read
        found.insert(0, Invalid(("_BASE_",), "it is read in files alone, as detectron2 does", "name the file"))
    found += [Invalid(at, message) for at, message in layout.rivals]
    found += misnamed
    if "world_size" in top and used and not used.scales_lr:
        found.append(Invalid(("world_size",), "only BaseCls scales its lr by the number of processes", "remove it"))
    slips = {meant(str(at[0])) for at, *_ in found if len(at) == 1} - set(top)
    found += [each for each in section_errors(layout, used) if not (len(each[0]) == 1 and each[0][0] in slips)]
    found += ignore_errors(top)
    if top.get("expect") is not None:
        found += expect_errors(top["expect"], ("expect",))
    refuse(found, document, path)
    assert used is not None
    schedule = schedule_of(layout.name, used.name, {**rest, **top}, document.rest.get("default_scope"))
    schedule = translation.schedule if translation else schedule
    unread = words.difference(schedule.places if schedule else ())
    return Config(
        layout=layout.name,
        constructor=used.name,
        optimizer=layout.optimizer or {},
        paramwise_cfg=layout.paramwise_cfg,
        solver=layout.solver,
        world_size=whole(top.get("world_size")) or 1,
        model=top.get("model"),
        model_args=top.get("model_args") or {},
        schedule=schedule,
        ignores=ignores_of(top),
        expect=_expectations(top["expect"], path, document) if top.get("expect") else None,
        path=path,
        ambiguous=tuple(
            scalar
            for scalar in document.ambiguous
            if not layout.reads_literally(scalar.path) and scalar.path[0] not in unread
        ),
        written=layout.written if constructor is None else None,
        misplaced=stray,
        sections=layout.sections,
        keys=document.keys,
        values=document.values,
        notes=(translation.note,) if translation else (),
    )


def _expectations(section: Mapping[str, Any], path: str | None, document: Document) -> Expectations:
    return expectations(section, ("expect",), path, document.keys)

"""A class of transformers' models, the library's or the user's own, → what builds it from a config alone.

Such a class is called with one object, ``cls(config)``. The config is the default one of its ``config_class``, or what
a local ``config.json`` holds; arguments that the constructor itself does not take are fields of it. An Auto class takes
the config of any type. Nothing is fetched, and no code that a config names is run.

Source: transformers 5.23, ``configuration_utils.py`` and ``models/auto/auto_factory.py``; the same calls are in 4.40.
"""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgaudit.core.errors import ModelError
from pgaudit.files.json_text import read_json
from pgaudit.files.reading import read_file
from pgaudit.models.arguments import needed, parameters_of
from pgaudit.text import did_you_mean, format_exception, quoted, visible
from pgaudit.user_code import suppress_logging, suppress_output
from pgaudit.user_code.imports import is_file
from pgaudit.user_code.offline import without_network

_BASE = ("transformers.modeling_utils", "PreTrainedModel")
_AUTO = "transformers.models.auto.auto_factory"
_FOLDER = "--model-arg config=FOLDER, of a local folder that holds a config.json"


@dataclass(frozen=True)
class FromConfig:
    """A model that is built from a config."""

    build: Callable[[], Any]
    of_library: bool
    """Whether the class is transformers' own."""
    notes: tuple[str, ...] = ()


def from_config(found: Any, args: Mapping[str, Any], ref: str, beside: str | None = None) -> FromConfig | None:
    """Returns what builds the model of such a class; None for anything else.

    Args:
        found: what a reference names.
        args: the config's path as ``config``, fields of the config, and what the constructor takes beside it.
        ref: the reference.
        beside: a file in whose folder the config's path is looked for where the current one has none.

    Raises:
        ModelError: there is no config, or it has no such field.
        ConfigError: its file cannot be read.
    """
    if not inspect.isclass(found):
        return None
    bases = [(base.__module__, base.__name__) for base in found.__mro__]
    if _AUTO in (module for module, _ in bases):
        return _of_any(found, args, ref, beside)
    wanted = parameters_of(found)
    takes_config = "config" in args or any(each.name == "config" for each in needed(wanted.values()))
    if _BASE not in bases or "config" not in wanted or not takes_config:
        return None
    kind = getattr(found, "config_class", None)
    if kind is None:
        raise ModelError(f"{visible(ref)} has no config_class", "name a class that has one: transformers:BertModel")
    own = {name: value for name, value in args.items() if name in wanted and name != "config"}
    fields = {name: value for name, value in args.items() if name not in wanted}
    path, notes = _config_file(args, ref, kind, beside)
    config = _configured(ref, kind, fields, [*wanted], path)
    make: Any = found
    return FromConfig(_builder(lambda: make(copy.deepcopy(config), **own)), _is_of_library(found), notes)


def _of_any(found: type, args: Mapping[str, Any], ref: str, beside: str | None) -> FromConfig:
    """An Auto class: the type of the model is the config's, or named as ``model_type``."""
    from transformers import CONFIG_MAPPING, AutoConfig

    fields = {name: value for name, value in args.items() if name not in ("config", "model_type")}
    path, notes = _config_file(args, ref, None, beside)
    if path is None:
        model_type = args.get("model_type")
        if model_type is None:
            raise ModelError(
                f"{visible(ref)} builds any type of model, and has no config of its own",
                f"{_FOLDER}; or --model-arg model_type=bert, for that type's default",
            )
        if not isinstance(model_type, str) or model_type not in CONFIG_MAPPING:
            near = did_you_mean(str(model_type), CONFIG_MAPPING)
            raise ModelError(f"transformers has no model_type {quoted(model_type)}", near)
        kind: Any = CONFIG_MAPPING[model_type]
    else:
        kind = type(_read(ref, AutoConfig, path, {}, trust_remote_code=False))
    config = _configured(ref, kind, fields, ["config", "model_type"], path)
    build: Any = found
    return FromConfig(
        _builder(lambda: build.from_config(copy.deepcopy(config), trust_remote_code=False)),
        _is_of_library(found),
        notes,
    )


def _is_of_library(found: type) -> bool:
    return found.__module__.partition(".")[0] == "transformers"


def _builder(make: Callable[[], Any]) -> Callable[[], Any]:
    def build() -> Any:
        with suppress_logging(), without_network():
            return make()

    return build


def _configured(ref: str, kind: Any, fields: Mapping[str, Any], others: list[str], path: str | None) -> Any:
    """The config of a class: its default one or that of a file, with these fields in place of its own.

    Raises:
        ModelError: the class has no default config, refuses a value, or has no such field.
    """
    config = _read(ref, kind, path, {}) if path is not None else _made(ref, kind, {})
    known = _fields(config)
    for name in fields:
        if name not in known:
            hint = did_you_mean(name, sorted({*known, *others})) or "the library's documentation lists them"
            raise ModelError(f"{visible(ref)}: a {visible(kind.__name__)} has no field {quoted(name)}", hint)
    if not fields:
        return config
    return _read(ref, kind, path, fields) if path is not None else _made(ref, kind, fields)


def _fields(config: Any) -> set[str]:
    """What can be set on a config: its attributes, their other names, and properties such as ``num_labels``."""
    kind = type(config)
    settable = [
        name for name, each in inspect.getmembers(kind, inspect.isdatadescriptor) if getattr(each, "fset", None)
    ]
    names = {*vars(config), *parameters_of(kind), *getattr(kind, "attribute_map", {}), *settable}
    return {name for name in names if not name.startswith("_") and name != "kwargs"}


def _made(ref: str, kind: Any, fields: Mapping[str, Any]) -> Any:
    try:
        with suppress_output(), suppress_logging(), without_network():
            return kind(**fields)
    except Exception as error:  # foreign code
        refused = f"{visible(ref)}: {visible(kind.__name__)} cannot be made: {format_exception(error)}"
        raise ModelError(refused, None if fields else f"it may have no default: {_FOLDER}") from error


def _read(ref: str, kind: Any, path: str, fields: Mapping[str, Any], **more: Any) -> Any:
    try:
        with suppress_output(), suppress_logging(), without_network():
            return kind.from_pretrained(path, local_files_only=True, **more, **fields)
    except Exception as error:  # foreign code
        message = f"{visible(ref)}: {quoted(path)} makes no config: {format_exception(error)}"
        raise ModelError(message) from error


def _config_file(
    args: Mapping[str, Any], ref: str, kind: Any, beside: str | None
) -> tuple[str | None, tuple[str, ...]]:
    """The path that ``config`` names, made sure of, and a note where its model is of another type than the class."""
    path = args.get("config")
    if path is None:
        return None, ()
    if not isinstance(path, str) or not path:
        raise ModelError(
            "config is the path of a config.json, or of a folder that holds one", "its fields are arguments"
        )
    path = _found(path, beside)
    file = os.path.join(path, "config.json") if os.path.isdir(path) else path
    hint = "models are built offline: it is the path of a config.json, or of a local folder that holds one"
    held = read_json(read_file(file, "config", example=hint), file, "copy it anew")
    if not isinstance(held, dict):
        raise ModelError(f"{quoted(file)} is no config of transformers: it holds no mapping")
    theirs, ours = held.get("model_type"), getattr(kind, "model_type", None)
    inner = [each.get("model_type") for each in held.values() if isinstance(each, dict)]
    if kind is None or theirs is None or ours in (theirs, *inner) or getattr(kind, "base_config_key", None) in held:
        return path, ()
    return path, (f"{visible(file)} is of the model type {quoted(theirs)}, and {visible(ref)} of {quoted(ours)}",)


def _found(path: str, beside: str | None) -> str:
    there = str(Path(beside).parent / path) if beside else path
    return there if not (is_file(path) or os.path.isdir(path)) and os.path.exists(there) else path

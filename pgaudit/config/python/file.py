"""A Python config of OpenMMLab → a document. mmengine itself reads it, and so runs it: only read configs that you would
train with.

Python files in the style of mmcv 1.x, with ``_base_``, and those that inherit by import (``with read_base():``) are
all read by mmengine's ``Config.fromfile``. What it does not run is ``custom_imports``: no parameter group depends on
them before the model is built.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgaudit import user_code
from pgaudit.config.layouts import OF_OPENMMLAB
from pgaudit.config.misplaced import PLACED, is_option, meant, taken_up_as
from pgaudit.config.python.chain import Chain
from pgaudit.config.python.places import places
from pgaudit.constructors import find_constructor
from pgaudit.core.config import Architecture
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.location import Location
from pgaudit.files.document import Document
from pgaudit.text import did_you_mean, format_exception, quoted

_OWN = ("expect", "findings")
"""What pgaudit reads beside the library's own sections."""
_SECTIONS = ("optim_wrapper", "optimizer")
"""Where the optimizer stands: mmengine's word first, for it reads no other."""


def read_python(path: str) -> tuple[Document, Architecture | None]:
    """Reads a config through mmengine; also returns the model that it describes, if it does.

    Raises:
        UsageError: mmengine is not installed.
        ConfigError: the config or one of its bases is missing, is no Python, or raises; or it has no optimizer; or no
            code may run.
    """
    try:
        user_code.runs(path, "a YAML config is data: reading it runs nothing")
    except UsageError as error:
        at = Location(path, 1, 1)
        raise ConfigError([replace(finding, location=at) for finding in error.findings]) from None
    chain = Chain(path)
    if chain.whole and not any(section in chain.names for section in _SECTIONS):
        raise _without_optimizer(path, [str(name) for name in chain.names])
    library = _mmengine(path)
    user_code.importable(os.getcwd())  # for the config's own imports, and not for mmengine itself
    try:
        with _quiet():
            config = library.Config.fromfile(path, import_custom_modules=False)
            top = config.to_dict()
            found = _sections(config, top)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever the config's code raises, SystemExit too
        raise _failure(chain, error) from error
    if not any(section in found for section in _SECTIONS):
        raise _without_optimizer(path, list(top))
    asked = {name: value for name, value in top.items() if name in found or name == "model"}
    keys = {at: place for at, place in places([chain.names], asked) if at[0] in found or at == ("model",)}
    rest = {name: value for name, value in top.items() if name not in found or name in OF_OPENMMLAB}
    document = Document(found, keys, {(): Location(path, 1, 1), **keys}, rest=rest)
    return document, _architecture(config, top, path)


def _mmengine(path: str) -> Any:
    try:
        with _quiet():
            import mmengine.config
    except Exception as error:  # the library's own code runs
        if isinstance(error, ModuleNotFoundError) and error.name == "mmengine":
            message = f"{quoted(path)} is a Python config, and mmengine, which reads those, is not installed"
            raise UsageError(message, "pip install 'pgaudit[openmmlab]'") from None
        raise UsageError(f"mmengine cannot be imported: {format_exception(error)}") from error
    return mmengine.config


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what a config prints off the report's stream, and warnings, which are not about parameter groups, off the
    screen.
    """
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _without_optimizer(path: str, names: list[str]) -> ConfigError:
    near = next((hint for section in _SECTIONS if (hint := did_you_mean(section, names, cutoff=0.8))), None)
    hint = near or "optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1)); a model is named file.py:attribute"
    return ConfigError('the config sets neither "optim_wrapper" nor "optimizer"', hint, Location(path))


def _sections(config: Any, top: Mapping[str, Any]) -> dict[str, Any]:
    """The sections that say something about parameter groups, and what looks as if it did.

    All other names are the config's own variables, and mmengine reads none of them.
    """
    section = next((name for name in _SECTIONS if name in top), None)
    names = [name for name in top if name in (section, *_OWN, *PLACED) or is_option(name) or _is_slip(name, top)]
    kept = {name: _unscoped(top[name]) for name in names}
    kept |= {name: top[name] for name in OF_OPENMMLAB if name in top}
    inside = kept.get(section) if section else None
    if isinstance(inside, dict):
        scope = top.get("default_scope")
        nested = section == "optimizer"
        if "constructor" in inside:
            inside["constructor"] = _constructor(inside["constructor"], scope)
        optimizer = inside if nested else inside.get("optimizer")
        if isinstance(optimizer, dict) and "." in str(optimizer.get("type")):
            real = config[section] if nested else config[section]["optimizer"]
            optimizer["type"] = real["type"]  # a class that is imported lazily is imported now
    return kept


def _is_slip(name: str, top: Mapping[str, Any]) -> bool:
    return meant(name) in PLACED | {"optim_wrapper"} and not taken_up_as(name, top[name], top)


def _unscoped(value: Any) -> Any:
    """The same without the mark by which mmengine remembers the package of a base."""
    if isinstance(value, dict):
        return {key: _unscoped(item) for key, item in value.items() if key != "_scope_"}
    return value


def _constructor(name: Any, scope: Any) -> Any:
    """The name of a constructor that is given by its scope, or as an imported class."""
    if not isinstance(name, str):
        return name
    last = name.rpartition(".")[2]
    scoped = f"{name.partition('.')[0] if '.' in name else scope}.{last}"
    return scoped if find_constructor(scoped) else last


def _architecture(config: Any, top: Mapping[str, Any], path: str) -> Architecture | None:
    model = top.get("model")
    if not isinstance(model, dict) or "type" not in model:
        return None
    name = str(model["type"]).rpartition(".")[2]
    scope = top.get("default_scope")
    return Architecture(path, name, scope if isinstance(scope, str) else None, section=model, source=config)


def _failure(chain: Chain, error: BaseException) -> ConfigError:
    """What a config raises, at the last line of one of its files that led to it."""
    message = f"the config raises {format_exception(error)}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        source = chain.sources.get(os.path.abspath(frame.filename))
        if source and frame.lineno:
            column = (getattr(frame, "colno", None) or 0) + 1  # Python 3.10 does not know it
            return ConfigError(message, location=source.location(frame.lineno, column))
    # mmengine asks setuptools where the package of a base such as mmdet::x.py lies; newer ones cannot tell.
    old = isinstance(error, ModuleNotFoundError) and error.name == "pkg_resources"
    hint = "pip install 'setuptools<81'" if old else None
    return ConfigError(f"mmengine cannot read the config: {format_exception(error)}", hint, Location(chain.path))

"""The configs of a sweep, each read once, before anything heavy, and sent to other processes as it was read."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

from pgaudit import serialize
from pgaudit.checks import refuse_unknown_codes
from pgaudit.config import load_config
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError, PgauditError, UsageError
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.text import format_exception, quoted

_ELSEWHERE = ("path", "architecture", "expect")
"""What of a config says nothing about what it does to a model that is named."""


@dataclass(frozen=True, slots=True)
class SweepConfig:
    """A config that was read: the same in every process, and on machines that do not have its file."""

    name: str
    """Its path, without this machine's folders."""
    constructor: str
    digest: str
    """What it says, and at which lines, as 16 hexadecimal digits."""
    pickled: bytes

    @property
    def config(self) -> Config:
        """The config; one process thaws it once."""
        return _thawed(self.pickled)


@lru_cache(maxsize=64)
def _thawed(pickled: bytes) -> Config:
    config: Config = pickle.loads(pickled)
    return config


def read_policies(paths: Sequence[str], constructor: str | None = None) -> tuple[SweepConfig, ...]:
    """Reads all configs; one that is named twice is read once.

    Raises:
        ConfigError: with what is wrong in all of them.
        UsageError: an unknown constructor.
    """
    paths = list(dict.fromkeys(paths))
    wrong: list[Finding] = []
    read: list[Config] = []
    for path in paths:
        try:
            config = load_config(path, constructor=constructor)
            refuse_unknown_codes(config)
            read.append(config)
        except UsageError:
            raise
        except PgauditError as error:
            wrong += error.findings
    if wrong:
        raise ConfigError(wrong)
    return tuple(map(_policy, portable_names(paths), read))


def portable_names(paths: Sequence[str]) -> list[str]:
    """Returns different paths without this machine's folders, as far as that leaves them different."""
    names = [serialize.portable(path) or path for path in paths]
    if len(set(names)) == len(names):
        return names
    absolute = [os.path.abspath(path) for path in paths]
    above = os.path.commonpath([os.path.dirname(path) for path in absolute])
    return [os.path.relpath(path, above) for path in absolute]


def _policy(name: str, config: Config) -> SweepConfig:
    if config.architecture is not None:  # the model is named beside it; the library's own object may not travel
        config = replace(config, architecture=replace(config.architecture, source=None))
    try:
        pickled = pickle.dumps(config)
    except Exception as error:  # whatever a Python config holds
        raise ConfigError(f"{quoted(name)} cannot be sent to another process: {format_exception(error)}") from error
    return SweepConfig(name, config.constructor, _digest(config), pickled)


def _digest(config: Config) -> str:
    held = {field.name: _plain(getattr(config, field.name)) for field in fields(config) if field.name not in _ELSEWHERE}
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, Location):  # without the name of the config itself, which its digest does not depend on
        return [value.line, value.column, value.path if value.inherited else None]
    if is_dataclass(value):
        return [_plain(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return serialize.plain(value)

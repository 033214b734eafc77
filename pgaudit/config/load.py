"""A path, a mapping or a Config → a validated Config, or one ConfigError that lists everything wrong with it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from pgaudit.config import layouts
from pgaudit.config.loader import Document, Path, read_yaml
from pgaudit.config.policy import read_policy
from pgaudit.config.records import Config
from pgaudit.errors import ConfigError, Problem, UsageError
from pgaudit.text import did_you_mean, nearest, quoted, visible

_MMCV = "mmcv's DefaultOptimizerConstructor"
_DECAY_OPTIONS = ("bias_decay_mult", "norm_decay_mult", "dwconv_decay_mult")


def load_config(
    source: str | os.PathLike[str] | Mapping[str, Any] | Config, *, constructor: str | None = None
) -> Config:
    """Reads and validates a config.

    Args:
        source: a YAML file's path, a mapping of the same shape, or a Config, which is returned as it is.
        constructor: a constructor that takes the place of the one that the config names.

    Raises:
        ConfigError: with every problem of the file, each with its line and column.
    """
    if constructor is not None and layouts.ALIASES.get(constructor, constructor) not in layouts.CONSTRUCTORS:
        hint = did_you_mean(constructor, layouts.CONSTRUCTORS) or f"known: {', '.join(layouts.CONSTRUCTORS)}"
        raise UsageError(f"unknown constructor {quoted(constructor)}", hint)
    if isinstance(source, Config):
        return (
            source
            if constructor in (None, source.constructor)
            else dataclasses.replace(source, constructor=str(constructor))
        )
    if isinstance(source, Mapping):
        return _validated(Document(value=_plain(source)), None, constructor)
    path = os.fspath(source)
    return _validated(read_yaml(_read(path), path), path, constructor)


def _read(path: str) -> bytes:
    try:
        return FilePath(path).read_bytes()
    except FileNotFoundError:
        folder = FilePath(path).parent
        others = [p.name for p in folder.glob("*.y*ml")] if folder.is_dir() else []
        near = nearest(FilePath(path).name, others)
        hint = f"did you mean {quoted(folder / near[0])}?" if near else None
        raise ConfigError(f"no such config file: {quoted(path)}", hint) from None
    except IsADirectoryError:
        raise ConfigError(f"{quoted(path)} is a folder, not a config file") from None
    except OSError as error:
        raise ConfigError(f"cannot read {quoted(path)}: {error.strerror}") from None
    except ValueError as error:  # a NUL in the path
        raise ConfigError(f"cannot read {quoted(path)}: {error}") from None


def _plain(value: Any) -> Any:
    """Library configs given as mappings (addict, ConfigDict ...) become plain dicts; other values stay."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _validated(document: Document, path: str | None, constructor: str | None) -> Config:
    from pgaudit.config import schema

    top = document.value
    if not isinstance(top, dict):
        raise ConfigError(Problem(f"a config is a mapping, not {schema.described(top)}", path, document.values.get(())))
    layout = layouts.recognise(top)
    foreign = set(layouts.FOREIGN) if layout.name != "pgaudit" or "optimizer" in top else set()
    if isinstance(top.get("model"), dict):
        foreign.add("model")  # the library's own model section
    own = {key: value for key, value in top.items() if key not in foreign}
    complaints = schema.complaints(schema.File, own)
    complaints += [(at, f"{quoted(what)} stands in two places; keep one", None) for at, what in layout.twice]
    name = constructor or layout.constructor
    complaints += _constructor_complaints(name, layout)
    complaints += _section_complaints(layout, name)
    if complaints:
        unique = {at: (message, hint) for at, message, hint in reversed(complaints)}
        problems = [
            Problem(_named(at, message), path, _place(document, at), hint) for at, (message, hint) in unique.items()
        ]
        raise ConfigError(sorted(problems, key=lambda p: (p.position is None, p.position or (), p.message)))
    return Config(
        layout=layout.name,
        constructor=layouts.ALIASES.get(str(name), str(name)),
        optimizer=layout.optimizer or {},
        paramwise_cfg=layout.paramwise_cfg,
        solver=layout.solver,
        world_size=own.get("world_size") or 1,
        model=own.get("model"),
        model_args=own.get("model_args") or {},
        path=path,
        ambiguous=tuple(document.ambiguous),
        sections=layout.sections,
        keys=document.keys,
        values=document.values,
    )


def _named(at: Path, message: str) -> str:
    """Begins a message with the key that it is about, unless it names the key itself."""
    key = visible(".".join(str(step) for step in at))
    return f"{key}: {message}" if at and not message.startswith(("unknown", '"')) else message


def _place(document: Document, at: Path) -> Any:
    """The position of the value at ``at``; of its key where the value is missing; of the nearest parent otherwise."""
    if at in document.values and at in document.keys:
        return document.keys[at]
    for length in range(len(at), -1, -1):
        if at[:length] in document.values:
            return document.keys.get(at[:length]) or document.values[at[:length]]
    return None


Complaint = tuple[Path, str, "str | None"]


def _constructor_complaints(name: object, layout: layouts.Layout) -> list[Complaint]:
    at = layout.sections["constructor"]
    if not isinstance(name, str):
        return [(at, "the constructor is a name", None)]
    if layouts.ALIASES.get(name, name) in layouts.CONSTRUCTORS:
        return []
    known = list(layouts.CONSTRUCTORS)
    hint = did_you_mean(name, [*known, *layouts.ALIASES]) or f"known: {', '.join(known)}"
    if layouts.ALIASES.get(name, name) == "mmengine":
        return [(at, "mmengine's constructor is not built in", "`--constructor mmcv` shows what mmcv 1.x would do")]
    return [(at, f"unknown constructor {quoted(name)}", hint)]


def _section_complaints(layout: layouts.Layout, name: object) -> list[Complaint]:
    from pgaudit.config import schema

    found: list[Complaint]
    if layout.name == "basecls" or name == "basecls":
        if layout.solver is None:
            return [
                (
                    ("solver",),
                    "BaseCls reads `solver:`, and this config has none",
                    "solver: {basic_lr: 0.1, weight_decay: 1.0e-4}",
                )
            ]
        if name != "basecls":
            return [
                (layout.sections["constructor"], f"{quoted(name)} does not read a `solver:`", "constructor: basecls")
            ]
        found = schema.complaints(schema.Solver, layout.solver, ("solver",))
        if isinstance(layout.solver, dict) and "weight_decay" in layout.solver:
            faults = read_policy(layout.solver["weight_decay"])[1]
            found += [(("solver", "weight_decay", *fault.at), fault.message, fault.hint) for fault in faults]
        return found
    found = []
    if layout.optimizer is None:
        found.append((layout.sections["optimizer"], '"optimizer" is missing', "optimizer: {type: SGD, lr: 0.1}"))
    else:
        found += schema.complaints(schema.Optimizer, layout.optimizer, layout.sections["optimizer"])
    if layout.paramwise_cfg is not None:
        found += _mmcv_complaints(layout)
    return found


def _mmcv_complaints(layout: layouts.Layout) -> list[Complaint]:
    """What the schema has against ``paramwise_cfg``, each with the call of mmcv that would fail."""
    from pgaudit.config import schema

    at = layout.sections["paramwise_cfg"]
    found: list[Complaint] = []
    for where, message, hint in schema.complaints(schema.MmcvParamwise, layout.paramwise_cfg, at):
        below = where[len(at) :]
        if "expected" in message and (call := _failing_call(below)):
            message = f"{message}; {call}"
        found.append((where, message, hint))
    base = layout.optimizer.get("weight_decay") if isinstance(layout.optimizer, dict) else 0
    if base is None and isinstance(layout.paramwise_cfg, dict):
        found += _baseless_decay(layout.paramwise_cfg, at)
    return found


def _failing_call(below: Path) -> str | None:
    if not below:
        return f"{_MMCV} would raise TypeError: paramwise_cfg should be None or a dict"
    if below == ("custom_keys",):
        return f"{_MMCV} would raise TypeError: custom_keys must be a dict"
    if below[0] == "custom_keys" and len(below) == 2:
        return f"{_MMCV}.add_params would raise AttributeError, for it calls .get() on it"
    if below[-1] != "bypass_duplicate":
        return f"{_MMCV}.add_params multiplies a base value by it"
    return None


def _baseless_decay(options: dict[str, Any], at: Path) -> list[Complaint]:
    message = f"there is no weight_decay to multiply; {_MMCV} would raise ValueError: base_wd should not be None"
    hint = "give the optimizer a weight_decay"
    places: list[Path] = [(option,) for option in _DECAY_OPTIONS if option in options]
    keys = options.get("custom_keys")
    if isinstance(keys, dict):
        places += [
            ("custom_keys", key, "decay_mult")
            for key, value in keys.items()
            if isinstance(value, dict) and "decay_mult" in value
        ]
    return [((*at, *place), message, hint) for place in places]

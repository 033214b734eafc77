"""Report → plain data, in the JSON report's schema, version 1. Deterministic: no clock, no machine."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pgaudit.core import plain as core_plain
from pgaudit.core.assignment import Group, ModelInfo, OptimizerInfo, ParamAssignment, RuleCount
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.core.schedule import OptimizerSchedule
from pgaudit.core.setting import Provenance, Setting

SCHEMA_VERSION = 1


def portable(path: str | None) -> str | None:
    """Returns a path without this machine's folders: from the current folder on, or else the file's name."""
    if path is None or not os.path.isabs(path):
        return path
    inside = os.path.relpath(path)
    return os.path.basename(path) if inside.startswith(os.pardir) else inside


def portable_location(of: Location | None) -> Location | None:
    """Returns a location whose file is named without this machine's folders."""
    return of and replace(of, path=portable(of.path))


def model(of: ModelInfo) -> dict[str, Any]:
    """Returns what is said of the model itself."""
    return {"ref": portable(of.ref), "source": of.source}


def optimizer(of: OptimizerInfo, its: OptimizerSchedule | None = None) -> dict[str, Any]:
    """Returns one entry of ``optimizers``: with ``decoupled`` where weight decay × lr was asked for, and with its
    ``schedule`` where one is known.
    """
    named = {"name": of.name} if of.name else {}
    decoupled = {} if of.decoupled is None else {"decoupled": of.decoupled}
    scheduled = {} if its is None else {"schedule": schedule(its)}
    return {"type": of.type, "arguments": plain(of.arguments), **named, **decoupled, **scheduled}


def schedule(of: OptimizerSchedule) -> dict[str, Any]:
    """Returns what is said of a schedule itself: its title, what it counts, where it turns, where it ends, how long the
    run is, and how long it warms up; None for what is not known.
    """
    return {
        "title": of.title,
        "unit": of.unit,
        "turning_points": list(of.turning_points),
        "ends": of.ends,
        "run": of.run,
        "warms_up": of.warms_up,
    }


def by_step(values: Mapping[int, float | None]) -> dict[str, Any]:
    """Returns values after so many steps or epochs, as JSON can hold them."""
    return {str(step): plain(value) for step, value in values.items()}


def rule_count(of: RuleCount) -> dict[str, Any]:
    """Returns one entry of the summary."""
    return {"option": of.rule.option, "key": of.rule.key, "parameters": of.parameters, "numel": of.numel}


def param(of: ParamAssignment, lr_at: Mapping[int, float | None] = MappingProxyType({})) -> dict[str, Any]:
    """Returns one entry of ``params``.

    Args:
        of: the parameter.
        lr_at: its lr by step, where steps were asked for.
    """
    parameter = of.param
    return {
        "name": parameter.name,
        "aliases": list(parameter.aliases),
        "shape": None if parameter.shape is None else list(parameter.shape),
        "numel": parameter.numel,
        "dtype": parameter.dtype,
        "module_type": parameter.module_type,
        "trainable": parameter.trainable,
        "in_optimizer": of.in_optimizer,
        "optimizer": of.optimizer,
        "group": of.group,
        **({"also_in": [{"optimizer": at, "group": group} for at, group in of.also_in]} if of.also_in else {}),
        "lr": plain(of.lr),
        "weight_decay": plain(of.weight_decay),
        "lr_rule": rule(of.setting.lr_rule),
        "weight_decay_rule": rule(of.setting.weight_decay_rule),
        **extra(of.setting),
        **({"lr_at": by_step(lr_at)} if lr_at else {}),
    }


def group(of: Group) -> dict[str, Any]:
    """Returns one entry of ``groups``."""
    return {
        "optimizer": of.optimizer,
        "index": of.index,
        "lr": plain(of.lr),
        "weight_decay": plain(of.weight_decay),
        "parameters": of.parameters,
        "numel": of.numel,
        **extra(of.setting),
    }


def extra(of: Setting) -> dict[str, Any]:
    """Returns what a group holds beside lr and weight decay: ``extra``; where there is any, what schedulers make of the
    lr as ``scheduled_lr``, and as ``inert`` those of the extra keys that nothing reads.
    """
    held = {str(key): plain(value) for key, value in of.extra.items()}
    scheduled = {} if of.lr is None or of.lr_scale is None else {"scheduled_lr": plain(of.peak_lr)}
    inert = sorted(of.inert.intersection(held))
    return {**scheduled, "extra": held, **({"inert": inert} if inert else {})}


def rule(of: Provenance | None) -> dict[str, Any] | None:
    """Returns a rule; None where nothing decided, because the parameter is in no group.

    It has a ``path`` only where it stands in another file than the config, one that the config inherits from.
    """
    if of is None:
        return None
    at = place(of.location)
    stands = {"option": of.option, "key": of.key, "line": at["line"], "column": at["column"]}
    return {**stands, "path": at["path"]} if of.location and of.location.inherited else stands


def finding(of: Finding) -> dict[str, Any]:
    """Returns one entry of ``findings``."""
    return {
        "code": of.code,
        "name": of.name,
        "severity": of.severity,
        "message": of.message,
        "hint": of.hint,
        "param": of.param,
        "params": list(of.params),
        **place(of.location),
    }


def error_data(of: Finding) -> dict[str, Any]:
    """Returns why something could not be audited."""
    return {"message": of.message, "hint": of.hint, **place(of.location)}


def place(of: Location | None) -> dict[str, Any]:
    """Returns a location as the keys ``path``, ``line`` and ``column``; None for what is not known."""
    at = portable_location(of) or Location()
    return {"path": at.path, "line": at.line, "column": at.column}


def plain(value: Any) -> Any:
    """Returns a config value as JSON can hold it; an object from Python is named by its class."""
    if value is None or type(value) in (bool, int, str):  # nearly all, of every parameter
        return value
    return _as_json(core_plain.plain(value, whole=True))


def _as_json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    if isinstance(value, Mapping):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    return str(value) if isinstance(value, complex) else value

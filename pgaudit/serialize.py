"""Report → plain data, in the JSON report's schema, version 1. Deterministic: no clock, no machine."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgaudit.core.assignment import ParamAssignment, Provenance, Setting
    from pgaudit.core.findings import Finding
    from pgaudit.report import Group, Report

SCHEMA_VERSION = 1


def portable(path: str | None) -> str | None:
    """Returns a path without this machine's folders: from the current folder on, or else the file's name."""
    if path is None or not os.path.isabs(path):
        return path
    inside = os.path.relpath(path)
    return os.path.basename(path) if inside.startswith(os.pardir) else inside


def report(of: Report) -> dict[str, Any]:
    """Returns the whole report."""
    return {**around(of), "params": list(map(param, of.params)), "groups": list(map(group, of.groups))}


def around(of: Report) -> dict[str, Any]:
    """Returns the report with empty lists for ``params`` and ``groups``, the parts that grow with the model."""
    from pgaudit import __version__

    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "pgaudit", "version": __version__},
        "origin": of.assignment.origin,
        "model": {
            "ref": portable(of.assignment.model.ref),
            "source": of.assignment.model.source,
            "parameters": len(of.params),
            "numel": of.numel,
        },
        "config": None
        if of.constructor is None
        else {
            "path": portable(of.config_path),
            "constructor": of.constructor,
            "optimizer": plain(of.optimizer.call),
        },
        "optimizers": [{"type": each.type, "arguments": plain(each.arguments)} for each in of.assignment.optimizers],
        "params": [],
        "groups": [],
        "findings": [finding(entry) for entry in of.findings],
        "summary": {
            "rules": [
                {
                    "option": count.rule.option,
                    "key": count.rule.key,
                    "parameters": count.parameters,
                    "numel": count.numel,
                }
                for count in of.rules
            ]
        },
    }


def param(of: ParamAssignment) -> dict[str, Any]:
    """Returns one entry of ``params``."""
    parameter = of.param
    return {
        "name": parameter.name,
        "aliases": list(parameter.aliases),
        "shape": None if parameter.shape is None else list(parameter.shape),
        "numel": parameter.numel,
        "dtype": parameter.dtype,
        "module_type": parameter.module_type,
        "trainable": parameter.trainable,
        "in_optimizer": of.group is not None,
        "optimizer": of.optimizer,
        "group": of.group,
        "lr": of.lr,
        "weight_decay": of.weight_decay,
        "lr_rule": rule(of.setting.lr_rule),
        "weight_decay_rule": rule(of.setting.weight_decay_rule),
        **beside(of.setting),
    }


def group(of: Group) -> dict[str, Any]:
    """Returns one entry of ``groups``."""
    return {
        "optimizer": of.optimizer,
        "index": of.index,
        "lr": of.lr,
        "weight_decay": of.weight_decay,
        "parameters": of.parameters,
        "numel": of.numel,
        **beside(of.setting),
    }


def beside(of: Setting) -> dict[str, Any]:
    """Returns what a group holds beside lr and weight decay: ``extra``; where there is any, what schedulers make of the
    lr as ``scheduled_lr``, and as ``inert`` those of the extra keys that nothing reads.
    """
    extra = {str(key): plain(value) for key, value in of.extra.items()}
    scheduled = {} if of.lr is None or of.lr_scale is None else {"scheduled_lr": of.peak_lr}
    inert = sorted(of.inert.intersection(extra))
    return {**scheduled, "extra": extra, **({"inert": inert} if inert else {})}


def rule(of: Provenance | None) -> dict[str, Any] | None:
    """Returns a rule; None where nothing decided, because the parameter is in no group.

    It has a ``path`` only where it stands in another file than the config, one that the config inherits from.
    """
    if of is None:
        return None
    line, column = (of.position.line, of.position.column) if of.position else (None, None)
    stands = {"option": of.option, "key": of.key, "line": line, "column": column}
    elsewhere = portable(of.position.file) if of.position else None
    return {**stands, "path": elsewhere} if elsewhere else stands


def finding(of: Finding) -> dict[str, Any]:
    """Returns one entry of ``findings``."""
    line, column = (of.position.line, of.position.column) if of.position else (None, None)
    return {
        "code": of.code,
        "severity": of.severity,
        "message": of.message,
        "hint": of.hint,
        "param": of.param,
        "params": list(of.params),
        "path": portable(of.path),
        "line": line,
        "column": column,
    }


def plain(value: Any) -> Any:
    """Returns a config value as JSON can hold it; an object from Python is named by its class."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return f"<{type(value).__name__}>"

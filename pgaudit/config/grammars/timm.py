"""How the arguments of timm's create_optimizer_v2 are written: what it hands to the optimizer's class in ``optimizer``,
and what it makes groups by in ``paramwise_cfg``.
"""

from __future__ import annotations

from typing import Any

from pgaudit.config.grammars.base import Grammar
from pgaudit.config.layouts import Layout, Path
from pgaudit.config.shapes import SHAPES
from pgaudit.config.validation import Invalid, schema_errors
from pgaudit.text import quoted

CALL = "timm's create_optimizer_v2"

_NOT_HERE = {
    "weight_decay_exclude_1d": (
        f"{CALL} would raise TypeError: got multiple values for 'weight_decay_exclude_1d'",
        "it calls this one filter_bias_and_bn",
    ),
    "param_group_fn": (
        "param_group_fn is a function that takes the place of all grouping, and cannot be read from a config",
        "`pgaudit.constructors` is the entry point for a constructor of your own",
    ),
    "model_or_params": (f"{CALL} would raise TypeError: got multiple values for 'model_or_params'", "remove it"),
    "opt": (f"{CALL} gets its `opt` from `type`, and would raise TypeError: got multiple values", "remove it"),
}


def _errors(layout: Layout) -> list[Invalid]:
    found = _of_optimizer(layout.optimizer, layout.sections["optimizer"]) if isinstance(layout.optimizer, dict) else []
    if layout.paramwise_cfg is not None:
        found += _of_options(layout.paramwise_cfg, layout.sections["paramwise_cfg"])
    return found


def _of_optimizer(optimizer: dict[str, Any], at: Path) -> list[Invalid]:
    found: list[Invalid] = []
    if isinstance(optimizer.get("type"), type):
        name = optimizer["type"].__name__
        message = f"{CALL} would raise AttributeError: type object '{name}' has no attribute 'lower'"
        found.append(Invalid((*at, "type"), message, "timm takes names of its registry, such as adamw"))
    for key in optimizer:
        if key in SHAPES["TimmParamwise"].fields:
            found.append(Invalid((*at, key), f"{quoted(key)} is about groups", "write it in `paramwise_cfg`"))
        elif key in _NOT_HERE:
            found.append(Invalid((*at, key), *_NOT_HERE[key]))
    return found


def _of_options(options: object, at: Path) -> list[Invalid]:
    found: list[Invalid] = []
    for where, message, hint in schema_errors("TimmParamwise", options, at):
        below = where[len(at) :]
        if len(below) == 1 and below[0] in _NOT_HERE:
            message, hint = _NOT_HERE[str(below[0])]
        elif message.startswith("unknown key"):
            message = f"{CALL} makes no groups by {quoted(below[0])}, and would hand it to the optimizer's class"
        elif below == ("fallback_list",) and "text" in message:
            message = f"{message}; {CALL} would take each character for a pattern"
        found.append(Invalid(where, message, hint))
    return found


TIMM = Grammar("timm", "timm create_optimizer_v2", ("create_optimizer_v2",), errors=_errors)

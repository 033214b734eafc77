"""What is wrong with the arguments of timm's create_optimizer_v2: what it hands to the optimizer's class stands in
``optimizer``, and what it makes groups by in ``paramwise_cfg``.
"""

from __future__ import annotations

from typing import Any

from pgaudit.core.layout import Layout
from pgaudit.core.location import Path
from pgaudit.files.schemas import FLAG, NON_NEGATIVE, TEXT, array, mapping, optional
from pgaudit.files.validation import Invalid, schema_errors
from pgaudit.text import quoted

CALL = "timm's create_optimizer_v2"

PARAMWISE = mapping(
    {
        "filter_bias_and_bn": FLAG,
        "layer_decay": optional(NON_NEGATIVE),
        "layer_decay_min_scale": NON_NEGATIVE,
        "layer_decay_no_opt_scale": optional(NON_NEGATIVE),
        "fallback_list": array(TEXT),
        "fallback_no_weight_decay": FLAG,
    },
    closed=True,
)
"""Arguments by which timm's create_optimizer_v2 makes groups. It hands all others to the optimizer's class."""

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


def errors(layout: Layout) -> list[Invalid]:
    """Returns what is wrong with both sections."""
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
        if key in PARAMWISE["properties"]:
            found.append(Invalid((*at, key), f"{quoted(key)} is about groups", "write it in `paramwise_cfg`"))
        elif key in _NOT_HERE:
            found.append(Invalid((*at, key), *_NOT_HERE[key]))
    return found


def _of_options(options: object, at: Path) -> list[Invalid]:
    found: list[Invalid] = []
    for where, message, hint in schema_errors(PARAMWISE, options, at):
        below = where[len(at) :]
        if len(below) == 1 and below[0] in _NOT_HERE:
            message, hint = _NOT_HERE[str(below[0])]
        elif message.startswith("unknown key"):
            message = f"{CALL} makes no groups by {quoted(below[0])}, and would hand it to the optimizer's class"
        elif below == ("fallback_list",) and "text" in message:
            message = f"{message}; {CALL} would take each character for a pattern"
        found.append(Invalid(where, message, hint))
    return found

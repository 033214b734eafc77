"""What is wrong with detectron2's arguments: under ``paramwise_cfg``, or as the ``SOLVER`` of its own YAML configs.

Source of the semantics: detectron2 02b5c4e, ``detectron2/config/defaults.py``, and yacs 0.1.8, which merges a file into
these defaults: a key that they lack, or a value of another type, raises.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from typing import Any

from pgaudit.core.findings import meant
from pgaudit.core.layout import Layout
from pgaudit.core.location import Path
from pgaudit.files.schemas import NON_NEGATIVE, WORD, each, fields, mapping, optional
from pgaudit.files.validation import Invalid, schema_errors
from pgaudit.text import quoted

SOLVER: Mapping[str, Any] = {
    "LR_SCHEDULER_NAME": "WarmupMultiStepLR",
    "MAX_ITER": 40000,
    "BASE_LR": 0.001,
    "BASE_LR_END": 0.0,
    "MOMENTUM": 0.9,
    "NESTEROV": False,
    "WEIGHT_DECAY": 0.0001,
    "WEIGHT_DECAY_NORM": 0.0,
    "GAMMA": 0.1,
    "STEPS": (30000,),
    "NUM_DECAYS": 3,
    "WARMUP_FACTOR": 0.001,
    "WARMUP_ITERS": 1000,
    "WARMUP_METHOD": "linear",
    "RESCALE_INTERVAL": False,
    "CHECKPOINT_PERIOD": 5000,
    "IMS_PER_BATCH": 16,
    "REFERENCE_WORLD_SIZE": 0,
    "BIAS_LR_FACTOR": 1.0,
    "WEIGHT_DECAY_BIAS": None,
    "CLIP_GRADIENTS": {"ENABLED": False, "CLIP_TYPE": "value", "CLIP_VALUE": 1.0, "NORM_TYPE": 2.0},
    "AMP": {"ENABLED": False},
}
"""The section's keys and their defaults."""

PARAMWISE = mapping(
    {
        **fields("base_lr weight_decay weight_decay_norm bias_lr_factor weight_decay_bias", optional(NON_NEGATIVE)),
        "lr_factor_func": optional(WORD),
        "overrides": optional(each(mapping(fields("lr weight_decay", NON_NEGATIVE)))),
    },
    closed=True,
)
"""The arguments of detectron2's get_default_optimizer_params. An override goes into the group as it is."""

_NUMBERS = ("BASE_LR", "MOMENTUM", "WEIGHT_DECAY", "WEIGHT_DECAY_NORM", "BIAS_LR_FACTOR", "WEIGHT_DECAY_BIAS")
"""What is given to the optimizer or multiplied."""

_CALL = "get_default_optimizer_params"


def literal(value: Any) -> Any:
    """Returns what a value of the file becomes: a text is read as a Python literal, where it is one."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value


def errors(layout: Layout) -> list[Invalid]:
    """Returns what is wrong with ``paramwise_cfg``, or with a ``SOLVER``."""
    if layout.name != "detectron2":
        return _of_arguments(layout)
    if not isinstance(layout.solver, dict):
        return [Invalid(("SOLVER",), "expected a mapping; yacs would raise ValueError: Type mismatch")]
    return _of_section(layout.solver, SOLVER, ("SOLVER",))


def _of_section(given: Mapping[str, Any], known: Mapping[str, Any], at: Path) -> list[Invalid]:
    found: list[Invalid] = []
    for key, value in given.items():
        where = (*at, key)
        if key not in known:
            path = ".".join(map(str, where))
            message = (
                f"unknown key {quoted(str(key))}; detectron2 would raise KeyError: Non-existent config key: {path}"
            )
            hint = "a project that adds it has a build_optimizer of its own"
            found.append(Invalid(where, message, meant(str(key), known) or hint))
        elif isinstance(known[key], Mapping) and isinstance(value, Mapping):
            found += _of_section(value, known[key], where)
        elif fault := _mistyped(literal(value), known[key]):
            found.append(Invalid(where, *fault))
        elif key in _NUMBERS and len(at) == 1 and not _is_usable(literal(value)):
            found.append(Invalid(where, "expected a number from 0 up"))
    return found


def _mistyped(value: Any, default: Any) -> tuple[str, str | None] | None:
    """yacs takes no int for a float; it takes nothing for anything, and a list for a tuple."""
    kinds = {type(value), type(default)}
    if len(kinds) == 1 or kinds == {list, tuple} or (type(None) in kinds and not kinds & {dict}):
        return None
    wanted, got = type(default).__name__, type(value).__name__
    hint = f"write {float(value)!r}" if wanted == "float" and got == "int" and abs(value) < 1e15 else None
    return f"expected a value of type {wanted}, got {got}; yacs would raise ValueError: Type mismatch", hint


def _is_usable(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value is None or (is_number and math.isfinite(value) and value >= 0)


def _of_arguments(layout: Layout) -> list[Invalid]:
    """What the schema has against ``paramwise_cfg``, and the calls that raise ValueError."""
    options, at = layout.paramwise_cfg, layout.sections["paramwise_cfg"]
    if options is None:
        return []
    found: list[Invalid] = []
    given = _named(options) if isinstance(options, Mapping) else options
    for where, message, hint in schema_errors(PARAMWISE, given, at):
        if message.startswith("unknown") and len(where) == len(at) + 1:
            message = f"{message}; {_CALL} would raise TypeError: unexpected keyword argument"
        found.append(Invalid(where, message, hint))
    if found or not isinstance(options, dict):
        return found
    return [Invalid((*at, *where), message, hint) for where, message, hint in _conflicts(options)]


def _named(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same with a function's name in place of the function, which a config from Python may hold."""
    function = options.get("lr_factor_func")
    return {**options, "lr_factor_func": "a function"} if callable(function) else options


def _conflicts(options: Mapping[str, Any]) -> list[Invalid]:
    found: list[Invalid] = []
    no_lr = options.get("base_lr") is None
    scales_biases = options.get("bias_lr_factor", 1.0) not in (None, 1.0)
    for option, given in (
        ("bias_lr_factor", scales_biases),
        ("lr_factor_func", options.get("lr_factor_func") is not None),
    ):
        if given and no_lr:
            message = f"there is no base_lr to multiply; {_CALL} would raise ValueError: {option} requires base_lr"
            found.append(Invalid((option,), message, "base_lr: the optimizer's lr, once more"))
    overrides = options.get("overrides") or {}
    if "bias" in overrides and (scales_biases or options.get("weight_decay_bias") is not None):
        message = (
            f"options for biases stand beside it; {_CALL} would raise ValueError: Conflicting overrides for 'bias'"
        )
        found.append(Invalid(("overrides", "bias"), message, "say all of it in the override"))
    for leaf, settings in overrides.items():
        for word in ("params", "param_names"):
            if word in settings:
                message = "it is the parameters themselves that stand there in a group, and no setting"
                found.append(Invalid(("overrides", leaf, word), message, "remove it"))
    return found

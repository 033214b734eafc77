"""What is wrong with the parts of a config, and which call of the library would have failed."""

from __future__ import annotations

from typing import Any

from pgaudit.config import layouts
from pgaudit.config.layouts import Path
from pgaudit.config.policy import read_policy
from pgaudit.text import did_you_mean, quoted

_MMCV = "mmcv's DefaultOptimizerConstructor"
_DECAY_OPTIONS = ("bias_decay_mult", "norm_decay_mult", "dwconv_decay_mult")

Complaint = tuple[Path, str, "str | None"]


def constructor_complaints(name: object, layout: layouts.Layout) -> list[Complaint]:
    """Returns what is wrong with the constructor's name."""
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


def section_complaints(layout: layouts.Layout, name: object) -> list[Complaint]:
    """Returns what is wrong with the parts that the constructor reads."""
    from pgaudit.config import schema
    from pgaudit.config.complaints import complaints

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
        found = complaints(schema.Solver, layout.solver, ("solver",))
        if isinstance(layout.solver, dict) and "weight_decay" in layout.solver:
            faults = read_policy(layout.solver["weight_decay"])[1]
            found += [(("solver", "weight_decay", *fault.at), fault.message, fault.hint) for fault in faults]
        return found
    found = []
    if layout.optimizer is None:
        found.append((layout.sections["optimizer"], '"optimizer" is missing', "optimizer: {type: SGD, lr: 0.1}"))
    else:
        found += complaints(schema.Optimizer, layout.optimizer, layout.sections["optimizer"])
    if layout.paramwise_cfg is not None:
        found += _mmcv_complaints(layout)
    return found


def _mmcv_complaints(layout: layouts.Layout) -> list[Complaint]:
    """What the schema has against ``paramwise_cfg``, each with the call of mmcv that would fail."""
    from pgaudit.config import schema
    from pgaudit.config.complaints import complaints

    at = layout.sections["paramwise_cfg"]
    found: list[Complaint] = []
    for where, message, hint in complaints(schema.MmcvParamwise, layout.paramwise_cfg, at):
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

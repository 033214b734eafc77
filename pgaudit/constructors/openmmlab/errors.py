"""How OpenMMLab's ``paramwise_cfg`` is written, and which call of the library fails on what is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgaudit.core.layout import Layout
from pgaudit.core.location import Path
from pgaudit.files.schemas import FLAG, Schema
from pgaudit.files.validation import Invalid, schema_errors

_DECAY_OPTIONS = ("bias_decay_mult", "norm_decay_mult", "dwconv_decay_mult")
"""The options that both libraries refuse without a base weight decay."""


def paramwise_errors(layout: Layout, schema: Schema, library: str) -> list[Invalid]:
    """What the schema has against ``paramwise_cfg``, each with the call of the library that would fail."""
    if layout.paramwise_cfg is None:
        return []
    at = layout.sections["paramwise_cfg"]
    found: list[Invalid] = []
    for where, message, hint in schema_errors(schema, layout.paramwise_cfg, at):
        below = where[len(at) :]
        if "expected" in message and (call := _failing_call(below, library, schema)):
            message = f"{message}; {call}"
        found.append(Invalid(where, message, hint))
    base = layout.optimizer.get("weight_decay") if isinstance(layout.optimizer, dict) else 0
    if base is None and isinstance(layout.paramwise_cfg, dict):
        found += baseless_decay(layout.paramwise_cfg, at, library)
    return found


def copying_errors(layout: Layout, schema: Schema, library: str) -> list[Invalid]:
    """The same, and that a custom key, whose settings are copied, cannot name the parameters of its group."""
    found = paramwise_errors(layout, schema, library)
    options = layout.paramwise_cfg
    keys = options.get("custom_keys") if isinstance(options, dict) else None
    for key, settings in keys.items() if isinstance(keys, dict) else ():
        if isinstance(settings, dict) and "params" in settings:
            message = f"{library}.add_params would put this in place of the group's parameters"
            at = (*layout.sections["paramwise_cfg"], "custom_keys", key, "params")
            found.append(Invalid(at, message, "remove it"))
    return found


def _failing_call(below: Sequence[str | int], library: str, schema: Schema) -> str | None:
    if not all(isinstance(step, str) for step in below):
        return None  # it is the key that is wrong
    if not below:
        return f"{library} would raise TypeError: paramwise_cfg should be None or a dict"
    if below == ("custom_keys",):
        return f"{library} would raise TypeError: custom_keys must be a dict"
    if below[0] == "custom_keys" and len(below) == 2:
        return f"{library}.add_params would raise AttributeError, for it calls .get() on it"
    if below[0] == "custom_keys" and below[-1] in ("lr", "weight_decay"):
        return f"{library}.add_params writes it into the group as it is"
    if schema["properties"].get(below[-1]) != FLAG:
        return f"{library}.add_params multiplies a base value by it"
    return None


def baseless_decay(options: dict[str, Any], at: Path, library: str) -> list[Invalid]:
    """Returns what the libraries refuse without a base weight decay, read or not."""
    message = f"there is no weight_decay to multiply; {library} would raise ValueError: base_wd should not be None"
    hint = "give the optimizer a weight_decay"
    places: list[Path] = [(option,) for option in _DECAY_OPTIONS if option in options]
    keys = options.get("custom_keys")
    if isinstance(keys, dict):
        places += [
            ("custom_keys", key, "decay_mult")
            for key, value in keys.items()
            if isinstance(value, dict) and "decay_mult" in value
        ]
    return [Invalid((*at, *place), message, hint) for place in places]

"""The flat form of an optimizer's state: ``state.NAME.exp_avg`` and ``param_groups.NAME.lr``, once per parameter.

Source: torch 2.15, torch/distributed/checkpoint/state_dict.py, ``_flatten_optim_state_dict``
(``flatten_optimizer_state_dict=True``); torchtitan writes no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.checkpoints.plain import plain

_STATE, _GROUPS = "state.", "param_groups."
_LISTS = frozenset({"params", "param_names"})


def is_flat_state(value: object) -> bool:
    """Whether a mapping has the form."""
    return isinstance(value, dict) and any(isinstance(key, str) and key.startswith(_GROUPS) for key in value)


def unflattened(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Returns the state in its usual form. The flat form does not say which parameters were a group together: those
    that hold equal values are made one, in the order of their first parameters.
    """
    held: dict[str, dict[str, Any]] = {}
    for key, each in value.items():
        if isinstance(key, str) and key.startswith(_GROUPS):
            name, _, option = key[len(_GROUPS) :].rpartition(".")
            held.setdefault(name, {})[option] = each
    states: dict[str, dict[str, Any]] = {}
    for key, each in value.items():
        if isinstance(key, str) and key.startswith(_STATE):
            name, _, option = key[len(_STATE) :].rpartition(".")
            while name and name not in held:  # what an optimizer keeps in mappings of its own stands there by its path
                name, _, above = name.rpartition(".")
                option = f"{above}.{option}"
            states.setdefault(name, {})[option] = each
    groups: dict[str, dict[str, Any]] = {}
    for name, values in held.items():
        own = {option: each for option, each in values.items() if option not in _LISTS}
        same = repr([(option, plain(own[option])) for option in sorted(own)])
        groups.setdefault(same, {**own, "params": []})["params"].append(name)
    return {"state": states, "param_groups": list(groups.values())}

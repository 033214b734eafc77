"""The flat form of an optimizer's state: ``state.NAME.exp_avg`` and ``param_groups.NAME.lr``, once per parameter.

Source: torch 2.15, torch/distributed/checkpoint/state_dict.py, ``_flatten_optim_state_dict``
(``flatten_optimizer_state_dict=True``); torchtitan writes no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.checkpoints.plain import plain

_STATE, _GROUPS = "state.", "param_groups."


def is_flat_state(value: object) -> bool:
    """Whether a mapping has the form."""
    return isinstance(value, dict) and any(isinstance(key, str) and key.startswith(_GROUPS) for key in value)


def unflattened(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Returns the state in its usual form. The flat form does not say which parameters were a group together: those
    that hold equal values are made one, in the order of their first parameters.
    """
    states: dict[str, dict[str, Any]] = {}
    held: dict[str, dict[str, Any]] = {}
    for key, each in value.items():
        for start, found in ((_STATE, states), (_GROUPS, held)):
            if isinstance(key, str) and key.startswith(start):
                name, _, option = key[len(start) :].rpartition(".")
                found.setdefault(name, {})[option] = each
    groups: dict[str, dict[str, Any]] = {}
    for name, values in held.items():
        same = repr(sorted((option, plain(each)) for option, each in values.items() if option != "params"))
        groups.setdefault(same, {**values, "params": []})["params"].append(name)
    return {"state": states, "param_groups": list(groups.values())}

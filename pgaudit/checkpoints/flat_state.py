"""The flat form of an optimizer's state: ``state.NAME.exp_avg`` and ``param_groups.NAME.lr``, once per parameter.

Source: torch 2.15, torch/distributed/checkpoint/state_dict.py, ``_flatten_optim_state_dict``
(``flatten_optimizer_state_dict=True``); torchtitan writes no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.checkpoints.pickles.limits import Budget
from pgaudit.checkpoints.plain import plain

_STATE, _GROUPS = "state.", "param_groups."
_LISTS = frozenset({"params", "param_names"})


def is_flat_state(value: object) -> bool:
    """Whether a mapping has the form."""
    return isinstance(value, dict) and any(isinstance(key, str) and key.startswith(_GROUPS) for key in value)


def unflattened(value: Mapping[Any, Any], budget: Budget) -> dict[str, Any]:
    """Returns the state in its usual form. The flat form does not say which parameters were a group together: those
    that hold equal values are made one, in the order of their first parameters.

    Raises:
        Refused: the budget has not so much left as the values take.
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
    groups: dict[tuple[tuple[str, int], ...], dict[str, Any]] = {}
    equal = _Equal(budget)
    for name, values in held.items():
        own = {option: each for option, each in values.items() if option not in _LISTS}
        alike = tuple((option, equal.number(own[option])) for option in sorted(own))
        groups.setdefault(alike, {**own, "params": []})["params"].append(name)
    return {"state": states, "param_groups": list(groups.values())}


class _Equal:
    """Values by numbers, the same for equal ones; a value that stands in many places is looked at once."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._objects: dict[int, int] = {}
        self._texts: dict[str, int] = {}

    def number(self, value: object) -> int:
        """Returns the number of a value that lives as long as this does."""
        if id(value) not in self._objects:
            text = repr(plain(value, self._budget))
            self._objects[id(value)] = self._texts.setdefault(text, len(self._texts))
        return self._objects[id(value)]

"""A config without one of its rules, and a model of a few of its parameters: what a constructor is asked again with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pgaudit.core.config import Config
from pgaudit.core.location import Path
from pgaudit.core.parameters import Inventory, Visit


def without(config: Config, at: Path) -> Config:
    """Returns the config without the rule that stands at ``at``, section first."""
    section, *below = at
    return replace(config, **{str(section): _removed(getattr(config, str(section)), below)})


def _removed(value: Any, below: list[str | int]) -> Any:
    first, *rest = below
    if isinstance(value, Mapping):
        left = {key: item for key, item in value.items() if key != first or rest}
        return {key: _removed(item, rest) if key == first else item for key, item in left.items()}
    items = list(value)
    if rest:
        items[int(first)] = _removed(items[int(first)], rest)
    else:
        del items[int(first)]
    return items


def narrowed(inventory: Inventory, chosen: Iterable[tuple[int, Visit]]) -> Inventory:
    """Returns the inventory of just some parameters, given by their indices, each met by the visit that is given."""
    visits = []
    parameters = []
    for place, (index, visit) in enumerate(chosen):
        visits.append(visit if visit.index == place else visit._replace(index=place))
        parameter = inventory.parameters[index]
        if parameter.module is not visit.module or parameter.aliases:
            parameter = parameter._replace(module=visit.module, aliases=())
        parameters.append(parameter)
    return replace(
        inventory,
        parameters=tuple(parameters),
        visits=tuple(visits),
        whole=tuple(range(len(parameters))),
        listings=None,
        meshes=None,
    )

"""What parameters would get if the config or the model were otherwise. The constructor itself is asked again, so that
no check has semantics of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgaudit.config import Config
from pgaudit.config.layouts import Path
from pgaudit.core.assignment import Setting
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import Inventory, Visit

if TYPE_CHECKING:
    from pgaudit.checks.base import Audited


def without(config: Config, at: Path) -> Config:
    """Returns the config without the rule that stands at ``at``, section first."""
    section, *below = at
    return replace(config, **{str(section): _removed(getattr(config, str(section)), below)})


def _removed(value: Any, below: list[str | int]) -> Any:
    first, *rest = below
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if key != first or rest}
        return {key: _removed(item, rest) if key == first else item for key, item in kept.items()}
    items = list(value)
    if rest:
        items[int(first)] = _removed(items[int(first)], rest)
    else:
        del items[int(first)]
    return items


def settings_if(
    audited: Audited,
    indices: Iterable[int],
    *,
    config: Config | None = None,
    change: Callable[[Visit], Visit] = lambda visit: visit,
) -> dict[int, tuple[Setting, Setting]]:
    """Returns, for each of some parameters, what it gets and what it would get.

    Args:
        audited: the model and the config as they are.
        indices: the parameters; each is decided by its first visit.
        config: takes the place of the config.
        change: changes a visit, such as its module's class.

    Returns:
        Nothing at all where the library would refuse the changed config.
    """
    before = audited.decided.params
    chosen = [index for index in indices if audited.first_visits[index] and before[index].group is not None]
    if not chosen:
        return {}
    try:
        after = audited.constructor.decide(_only(audited, chosen, change), config or audited.config, audited.facts)
    except ConfigError:
        return {}
    return {index: (before[index].setting, now.setting) for index, now in zip(chosen, after.params, strict=True)}


def _only(audited: Audited, indices: list[int], change: Callable[[Visit], Visit]) -> Inventory:
    """The inventory of just these parameters."""
    visits = []
    parameters = []
    for place, index in enumerate(indices):
        visit = audited.first_visits[index]
        assert visit is not None
        changed = change(visit)
        visits.append(changed if changed.index == place else replace(changed, index=place))
        parameter = audited.inventory.parameters[index]
        if parameter.module is not changed.module or parameter.aliases:
            parameter = replace(parameter, module=changed.module, aliases=())
        parameters.append(parameter)
    return replace(
        audited.inventory,
        parameters=tuple(parameters),
        visits=tuple(visits),
        whole=tuple(range(len(parameters))),
        listings=None,
        meshes=None,
    )

"""The names of a model's parameters without what wrappers put into them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pgaudit.core.parameters import Inventory, Visit
from pgaudit.names.wrappers import plain_name, plain_parts

_PARALLEL = frozenset(
    {
        "torch.nn.parallel.data_parallel.DataParallel",
        "torch.nn.parallel.distributed.DistributedDataParallel",
        "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel",
    }
)
"""The classes whose attribute ``module`` is the model."""


def plain_names(inventory: Inventory) -> tuple[str, ...]:
    """Returns the name of each parameter without the prefixes of wrappers; as it is where another one would be called
    the same. ``module.`` is a prefix only below a model that is DataParallel, DDP or FSDP by its class.
    """
    visits = inventory.visits_of
    found = [
        plain_visit_name(visits[index][0])
        if index in visits and visits[index][0].name == each.name
        else plain_name(each.name)
        for index, each in enumerate(inventory.parameters)
    ]
    counts = Counter(found)
    return tuple(
        plain if counts[plain] == 1 else each.name for plain, each in zip(found, inventory.parameters, strict=True)
    )


def plain_visit_name(visit: Visit) -> str:
    """Returns the name of an occurrence with a parameter without the prefixes of wrappers, each told by its class where
    the name alone does not tell it.
    """
    parts = visit.prefix.split(".") if visit.prefix else []
    if len(parts) == len(visit.parents):
        parts = [
            part
            for part, around in zip(parts, visit.parents, strict=True)
            if part != "module" or _PARALLEL.isdisjoint(around.bases)
        ]
    return ".".join(plain_parts([*parts, visit.own])) or visit.name


def by_any_name(inventory: Inventory) -> Mapping[str, int]:
    """Returns the index of each parameter by all names that code or a file may have for it."""
    found: dict[str, int] = {}
    for index, (each, plain) in enumerate(zip(inventory.parameters, plain_names(inventory), strict=True)):
        for name in (each.name, plain, *each.aliases):
            found.setdefault(name, index)
    return found

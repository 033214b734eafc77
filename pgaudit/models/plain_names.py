"""The names of a model's parameters without what wrappers put into them."""

from __future__ import annotations

import re
from collections import Counter

from pgaudit.core.parameters import Inventory, Visit
from pgaudit.names.wrappers import PARTS, plain_name, plain_parts

_PARALLEL = frozenset(
    {
        "torch.nn.parallel.data_parallel.DataParallel",
        "torch.nn.parallel.distributed.DistributedDataParallel",
        "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel",
    }
)
"""The classes whose attribute ``module`` is the model."""
_WRAPPED = re.compile("|".join(("module", *PARTS)))
"""What stands in a name that has any prefix of a wrapper."""


def all_names(inventory: Inventory) -> tuple[tuple[str, ...], ...]:
    """Returns all names of each parameter: first the one without the prefixes of wrappers, unless another one would be
    called the same; then the one that the model has for it, and those under which a tied one is met again, with and
    without prefixes. ``module.`` is a prefix only below a model that is DataParallel, DDP or FSDP by its class.
    """
    if not any(_WRAPPED.search(name) for each in inventory.parameters for name in each.names):
        return tuple(each.names for each in inventory.parameters)
    spelled = [_spellings(inventory, index) for index in range(len(inventory.parameters))]
    counts = Counter(name for names in spelled for name in {name for pair in names for name in pair})
    return tuple(
        tuple(dict.fromkeys(name for plain, raw in names for name in (plain, raw) if name == raw or counts[name] == 1))
        for names in spelled
    )


def _spellings(inventory: Inventory, index: int) -> list[tuple[str, str]]:
    """Each name of a parameter, without prefixes and as it is."""
    met = {visit.name: visit for visit in inventory.visits_of.get(index, ())}
    names = inventory.parameters[index].names
    return [(plain_visit_name(met[name]) if name in met else plain_name(name), name) for name in names]


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

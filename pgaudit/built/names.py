"""Parameters' names without what wrappers put into them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from pgaudit.core.parameters import Inventory, Visit

PREFIXES = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""The parts of a name that are always a wrapper's: torch.compile, FSDP (2.15, ``_common_utils.py``), checkpoint_wrapper
(``checkpoint_wrapper.py``).
"""
_PARALLEL = frozenset(
    {
        "torch.nn.parallel.data_parallel.DataParallel",
        "torch.nn.parallel.distributed.DistributedDataParallel",
        "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel",
    }
)
"""The classes whose attribute ``module`` is the model."""
_PARAMETRIZED, _ORIGINAL = "parametrizations", "original"
_PEFT = ("base_model", "model")
_WRAPPED = re.compile("|".join(("module", _PARAMETRIZED, _PEFT[0], *PREFIXES)))
"""What stands in a name that has any prefix of a wrapper."""


def plain_name(name: str, *, module: bool = False) -> str:
    """Returns a name without the prefixes of wrappers.

    Args:
        name: as the wrapped model, or a file of it, has it.
        module: whether a leading ``module.`` is one, too.
    """
    parts = name.split(".")
    if module and parts[0] == "module" and len(parts) > 1:
        parts = parts[1:]
    return ".".join(_plain(parts)) or name


def _plain(parts: Sequence[str]) -> list[str]:
    kept = [part for part in parts if part not in PREFIXES]
    if tuple(kept[:2]) == _PEFT and len(kept) > 2:
        kept = kept[2:]
    if kept[-1:] == [_ORIGINAL] and kept[-3:-2] == [_PARAMETRIZED]:
        kept = [*kept[:-3], kept[-2]]
    return kept


def plain_names(inventory: Inventory) -> tuple[str, ...]:
    """Returns the name of each parameter without the prefixes of wrappers; as it is where another one would be called
    the same. ``module.`` is a prefix only below a model that is DataParallel, DDP or FSDP by its class.
    """
    return tuple(names[0] for names in all_names(inventory))


def all_names(inventory: Inventory) -> tuple[tuple[str, ...], ...]:
    """Returns all names of each parameter: the plain one first, then the one that the model has for it, then those
    under which a tied one is met again, with and without prefixes.
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
    return [(_of_visit(met[name]) if name in met else plain_name(name), name) for name in names]


def _of_visit(visit: Visit) -> str:
    parts = visit.prefix.split(".") if visit.prefix else []
    if len(parts) == len(visit.parents):
        parts = [
            part
            for part, around in zip(parts, visit.parents, strict=True)
            if part != "module" or _PARALLEL.isdisjoint(around.bases)
        ]
    return ".".join(_plain([*parts, visit.own])) or visit.name


def by_any_name(inventory: Inventory) -> Mapping[str, int]:
    """Returns the index of each parameter by all names that code or a file may have for it."""
    found: dict[str, int] = {}
    for index, names in enumerate(all_names(inventory)):
        for name in names:
            found.setdefault(name, index)
    return found

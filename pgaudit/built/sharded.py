"""Tensors that are a part of a parameter, or of several: what is said of their shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pgaudit.core.parameters import Inventory
from pgaudit.text import counted

_FSDP = "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel"


def sharding_notes(tensors: Sequence[Any], inventory: Inventory | None) -> Iterator[str]:
    """Yields a note where shapes are those of shards, which a rule on ``ndim`` or ``shape`` sees, too.

    FSDP1 (torch 2.15) makes its parameters flat, with ``use_orig_params`` under their own names; ZeRO-3 (DeepSpeed)
    empties them, and keeps the real shape in ``ds_shape``. FSDP2 keeps shape and ndim, and needs no note.

    Args:
        tensors: the model's, in the inventory's order.
        inventory: the model's.
    """
    if inventory is None:
        return
    under_fsdp = {
        visit.index for visit in inventory.visits if any(_FSDP in each.bases for each in (*visit.parents, visit.module))
    }
    emptied = sum(hasattr(tensor, "ds_shape") for tensor in tensors)
    for count, owner in ((len(under_fsdp), "FSDP"), (emptied, "ZeRO-3")):
        if count:
            which = "the shard" if count == 1 else "the shards"
            yield (
                f"{owner} holds a part of {counted(count, 'tensor')} here: shape and ndim are {which}'"
                f"{'s' if count == 1 else ''}, not the parameter's"
            )

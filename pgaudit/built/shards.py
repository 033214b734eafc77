"""Whether a tensor is a part of a parameter, or several in one, so that its dimensions are not the parameter's.

FSDP1: a ``FlatParameter`` has ``_is_flat_param`` and the shapes of all that is in it; with ``use_orig_params=True`` the
original parameters have ``_fsdp_flattened``, and are views into the shard (torch 2.15,
``torch/distributed/fsdp/_flat_param.py`` and ``_common_utils.py``). ZeRO-3: ``ds_shape`` (DeepSpeed 0.19.8,
``runtime/zero/partition_parameters.py``). FSDP2's DTensors have the shape of the whole, and are none of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pgaudit.text import counted

Shapes = tuple[tuple[int, ...], ...]


def shard_of(tensor: Any) -> tuple[str | None, Shapes]:
    """Returns what kind of a shard a tensor is, None for a whole parameter, and the shapes of the parameters in it, as
    far as it says them.
    """
    if getattr(tensor, "_is_flat_param", False):
        return "FSDP flat parameter", tuple(map(tuple, getattr(tensor, "_shapes", ())))
    if (whole := getattr(tensor, "ds_shape", None)) is not None:
        lost = tuple(whole) != tuple(tensor.shape)
        return ("ZeRO-3 partition", (tuple(whole),)) if lost else (None, ())
    if getattr(tensor, "_fsdp_flattened", False):
        return "FSDP shard", ()
    return None, ()


def sharding_notes(tensors: Sequence[Any]) -> Iterator[str]:
    """Yields a note where the shapes of a model's tensors are those of shards, which a rule on ``ndim`` or ``shape``
    sees, too.
    """
    kinds = [kind for kind, _ in map(shard_of, tensors) if kind is not None]
    for owner, count in Counter(kind.partition(" ")[0] for kind in kinds).items():
        whose = "the shard's" if count == 1 else "the shards'"
        part = f"{owner} holds a part of {counted(count, 'tensor')} here"
        yield f"{part}: shape and ndim are {whose}, not the parameter's"

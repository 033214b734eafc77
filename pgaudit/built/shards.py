"""Whether a tensor is a part of a parameter, or several in one, so that its dimensions are not the parameter's.

FSDP1: a ``FlatParameter`` has ``_is_flat_param`` and the shapes of all that is in it; with ``use_orig_params=True`` the
original parameters have ``_fsdp_flattened``, and are views into the shard (torch 2.15,
``torch/distributed/fsdp/_flat_param.py`` and ``_common_utils.py``). ZeRO-3: ``ds_shape`` (DeepSpeed 0.19.8,
``runtime/zero/partition_parameters.py``). FSDP2's DTensors have the shape of the whole, and are none of these.
"""

from __future__ import annotations

from typing import Any

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

"""Run in a process of its own: models sharded in a group of two, and what is found about optimizers built from them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.nn.parallel import DistributedDataParallel

from pgaudit.built import audit_objects

Named = Iterable[tuple[str, nn.Parameter]]
Rule = Callable[[str, nn.Parameter], bool]


def model() -> nn.Module:
    """A matrix, a norm and their biases; large enough that each of two shards holds a part of it."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 8))


def by_ndim(_: str, parameter: nn.Parameter) -> bool:
    """open_clip's rule before its PR 358, and that of most code for language models."""
    return parameter.ndim < 2


def by_name(name: str, _: nn.Parameter) -> bool:
    """The same for this model, whatever is left of its tensors."""
    return name.endswith("bias") or name.split(".")[-2] == "1"


def built(sharded: nn.Module, exempt: Rule) -> list[dict[str, Any]]:
    """What is found about AdamW with two groups by a rule."""
    parameters = list(sharded.named_parameters())
    groups = [
        {"params": [p for name, p in parameters if exempt(name, p)], "weight_decay": 0.0},
        {"params": [p for name, p in parameters if not exempt(name, p)], "weight_decay": 0.1},
    ]
    return findings(sharded, torch.optim.AdamW(groups, lr=1e-3))


def findings(sharded: nn.Module | None, optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    """What is found, as plain data."""
    report = audit_objects(sharded, optimizer)
    names = [row.name for row in report.params]
    return [
        {"code": f.code, "message": f.message, "params": f.params, "shown": set(f.params) <= set(names)}
        for f in report.findings
    ]


def wrapped(size: int) -> dict[str, Any]:
    """What is found of each kind of sharding."""
    cpu = torch.device("cpu")

    def fsdp(*, orig: bool) -> nn.Module:
        return FullyShardedDataParallel(model(), use_orig_params=orig, device_id=cpu)

    two = model()
    fully_shard(two, mesh=init_device_mesh("cpu", (size,)))
    flat = fsdp(orig=False)
    return {
        "FSDP1, original parameters, by ndim": built(fsdp(orig=True), by_ndim),
        "FSDP1, original parameters, by name": built(fsdp(orig=True), by_name),
        "FSDP1, flat": findings(flat, torch.optim.AdamW(flat.parameters(), weight_decay=0.1)),
        "FSDP1, flat, without the model": findings(None, torch.optim.AdamW(flat.parameters(), weight_decay=0.1)),
        "FSDP1, flat, by ndim": built(fsdp(orig=False), by_ndim),
        "FSDP1, flat, no weight decay": findings(flat, torch.optim.Adam(flat.parameters())),
        "FSDP2, by ndim": built(two, by_ndim),
        "DDP, by ndim": built(DistributedDataParallel(model()), by_ndim),
    }


def run(folder: str, rank: int, size: int) -> None:
    """One process of the group."""
    dist.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=size)
    (Path(folder) / f"{rank}.json").write_text(json.dumps(wrapped(size)), encoding="utf-8")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

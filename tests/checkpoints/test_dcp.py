"""Folders of torch.distributed.checkpoint, written by torch itself: in one process, and by two with FSDP2."""

from __future__ import annotations

import copy
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.checkpoint.stateful import Stateful

from pgaudit.checkpoints import is_checkpoint, read_checkpoint
from pgaudit.core.built import BuiltOptimizer
from pgaudit.core.errors import ConfigError
from tests.checkpoints.made import names, same_as_real, trained

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore")  # torch's own, of a process without a group
NAMES = [["0.weight", "2.weight"], ["0.bias", "1.weight", "1.bias"]]


class Flat(Stateful):
    """As torchtitan's OptimizersContainer."""

    def __init__(self, net: Any, optimizer: Any) -> None:
        self._built = net, optimizer

    def state_dict(self) -> dict[str, Any]:
        options = StateDictOptions(flatten_optimizer_state_dict=True)
        return get_optimizer_state_dict(*self._built, options=options)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        raise NotImplementedError


def _save(value: dict[str, Any], folder: Path) -> Path:
    save(value, checkpoint_id=folder, no_dist=True)
    return folder


def _by_name(read: BuiltOptimizer) -> dict[str | None, Any]:
    return {
        tensor.name: (dict(group.values), tensor.shape, tensor.dtype, tensor.steps, tensor.has_state)
        for group in read.groups
        for tensor in group.tensors
    }


@pytest.mark.parametrize("steps", [0, 3])
def test_the_plain_state_dict(steps: int, tmp_path: Path) -> None:
    net, optimizer = trained(steps)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    value = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
    real = copy.deepcopy(optimizer.state_dict())
    found = read_checkpoint(str(_save(value, tmp_path / "step-3")))
    (read,) = found.optimizers
    same_as_real(read, real, net)
    assert (found.layout, read.key, names(read)) == ("torch.distributed.checkpoint", "optimizer", NAMES)
    assert {name: each.shape for name, each in found.parameters.items()} == {
        name: tuple(each.shape) for name, each in net.state_dict().items()
    }
    assert [each.values["step_size"] for each in found.schedulers] == [2]


@pytest.mark.parametrize("flat", [False, True])
def test_names_in_place_of_numbers(flat: bool, tmp_path: Path) -> None:
    net, optimizer = trained(3, named=flat)
    state: Any = Flat(net, optimizer) if flat else get_optimizer_state_dict(net, optimizer)
    folder = _save({"model": net.state_dict(), "optim": state}, tmp_path / "step-3")
    (read,) = read_checkpoint(str(folder)).optimizers
    assert (read.key, read.names_from) == ("optim", "fully qualified names")
    params = {param: name for name, param in net.named_parameters()}
    answers = _by_name(read)
    assert set(answers) == set(params.values())
    for group in optimizer.param_groups:
        for param in group["params"]:
            name = params[param]
            values, shape, dtype, steps, has_state = answers[name]
            expected = {key: each for key, each in group.items() if key not in ("params", "param_names")}
            assert values == expected, name
            assert (shape, dtype, steps, has_state) == (tuple(param.shape), "float32", 3.0, True)
    assert sorted(sorted(str(name) for name in each) for each in names(read)) == sorted(map(sorted, NAMES))


TWO = """\
import sys, torch
import torch.distributed as dist, torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.state_dict import get_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from tests.checkpoints.made import groups, model, step
rank, port, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
net = model()
fully_shard(net, mesh=init_device_mesh("cpu", (2,)))
optimizer = torch.optim.AdamW(groups(net), lr=0.1)
step(net, optimizer, 2)
own = optimizer.state_dict()
if rank == 0:
    torch.save({"optimizer": own}, folder + "/rank0.pt")
weights, state = get_state_dict(net, optimizer)
dcp.save({"model": weights, "optimizer": state}, checkpoint_id=folder + "/dcp")
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_with_fsdp2(tmp_path: Path) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    commands = [[sys.executable, "-c", TWO, str(rank), port, str(tmp_path)] for rank in range(2)]
    running = [subprocess.Popen(each, cwd=ROOT, stderr=subprocess.PIPE, text=True) for each in commands]
    errors = [each.communicate()[1] for each in running]
    assert [each.returncode for each in running] == [0, 0], errors
    net, _ = trained()
    shapes = {name: tuple(each.shape) for name, each in net.named_parameters()}
    for path in ("dcp", "rank0.pt"):  # whole sizes, in the folder and in DTensors of one rank
        (read,) = read_checkpoint(str(tmp_path / path)).optimizers
        assert {tensor.name: tensor.shape for tensor in read.tensors} == shapes
        assert {tensor.steps for tensor in read.tensors} == {2.0}
        assert [group.values["weight_decay"] for group in read.groups] == [0.05, 0.0]


def test_a_shard_and_the_metadata_stand_for_their_folder(tmp_path: Path) -> None:
    folder = _save({"optimizer": trained()[1].state_dict()}, tmp_path / "x")
    whole = read_checkpoint(str(folder)).optimizers
    assert is_checkpoint(str(folder))
    for name in ("__0_0.distcp", ".metadata"):
        assert read_checkpoint(str(folder / name)).optimizers == whole


def test_damaged_folders(tmp_path: Path) -> None:
    folder = _save({"optimizer": trained()[1].state_dict()}, tmp_path / "x")
    shard = folder / "__0_0.distcp"
    data = shard.read_bytes()
    shard.write_bytes(data[: len(data) // 2])
    with pytest.raises(ConfigError, match="is cut|is damaged"):
        read_checkpoint(str(folder))
    shard.unlink()
    with pytest.raises(ConfigError, match="no such file"):
        read_checkpoint(str(folder))
    metadata = folder / ".metadata"
    shard.write_bytes(data)
    metadata.write_bytes(metadata.read_bytes().replace(b"__0_0.distcp", b"/etc/passwdx"))
    with pytest.raises(ConfigError, match="names a file outside itself"):
        read_checkpoint(str(folder))
    metadata.write_bytes(b"\x80\x02}.")
    with pytest.raises(ConfigError, match=r"is not what torch\.distributed\.checkpoint writes"):
        read_checkpoint(str(folder))

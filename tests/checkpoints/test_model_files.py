"""Weights beside an optimizer: whole, or in parts as the hub's own library writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from huggingface_hub import save_torch_state_dict

from pgaudit.checkpoints import read_checkpoint
from pgaudit.core.errors import ConfigError
from tests.checkpoints.made import saved, trained


@pytest.mark.parametrize("safe", [True, False])
@pytest.mark.parametrize("size", [1 << 20, 40], ids=["whole", "in parts"])
def test_names_and_shapes_of_weights(safe: bool, size: int, tmp_path: Path) -> None:
    net, optimizer = trained()
    saved(optimizer.state_dict(), tmp_path / "optimizer.pt")
    save_torch_state_dict(net.state_dict(), tmp_path, max_shard_size=size, safe_serialization=safe)
    assert any(tmp_path.glob("*.index.json")) is (size == 40)
    found = read_checkpoint(str(tmp_path)).parameters
    assert {name: (each.shape, each.dtype) for name, each in found.items()} == {
        name: (tuple(each.shape), "float32") for name, each in net.state_dict().items()
    }


def test_a_damaged_index_is_told(tmp_path: Path) -> None:
    saved(trained()[1].state_dict(), tmp_path / "optimizer.pt")
    index = tmp_path / "model.safetensors.index.json"
    for text, message in (('{"weight_map": [1]}', "does not say which tensor"), ('{"weight_map": ', "in the middle")):
        index.write_text(text)
        with pytest.raises(ConfigError, match=message):
            read_checkpoint(str(tmp_path))


def test_a_part_that_would_be_outside_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    torch.save({"secret.weight": torch.zeros(1)}, tmp_path / "x.bin")
    saved(trained()[1].state_dict(), tmp_path / "run" / "optimizer.pt")
    (tmp_path / "run" / "pytorch_model.bin.index.json").write_text('{"weight_map": {"secret.weight": "../x.bin"}}')
    assert read_checkpoint(str(tmp_path / "run")).parameters == {}

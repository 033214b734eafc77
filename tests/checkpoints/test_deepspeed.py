"""DeepSpeed's folders. They are written here by hand, as its sources say: it does not install without a GPU's tools.

Source: DeepSpeed, runtime/engine.py (``_save_checkpoint``, ``_get_zero_param_shapes``) and the ``state_dict`` of
runtime/zero/stage_1_and_2.py, runtime/zero/stage3.py.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from pgaudit.checkpoints import is_checkpoint, read_checkpoint
from pgaudit.core.errors import ConfigError
from tests.checkpoints.made import names, saved, trained


class LossScaler:
    """Stands among the states as an object of DeepSpeed's own."""


SHAPES = [
    OrderedDict({"a.weight": torch.Size([4, 3]), "b.weight": torch.Size([2, 4])}),
    OrderedDict({"a.bias": torch.Size([4])}),
]
FROZEN = OrderedDict({"embed.weight": torch.Size([7, 3])})


def flat(count: int = 2, parts: int = 1) -> dict[str, Any]:
    """An optimizer of flat partitions, as ZeRO has it inside."""
    partitions = [[torch.nn.Parameter(torch.zeros(20)) for _ in range(parts)] for _ in range(count)]
    groups = [{"params": each, "weight_decay": 0.1 * n, "lr": 0.01 * (n + 1)} for n, each in enumerate(partitions)]
    optimizer = torch.optim.AdamW(groups)
    for part in (each for group in partitions for each in group):
        part.grad = torch.ones(20)
    optimizer.step()
    return optimizer.state_dict()


def write(folder: Path, tag: str, model: dict[str, Any], states: dict[str, Any] | None, stage: int = 2) -> None:
    (folder / tag).mkdir()
    (folder / "latest").write_text(tag)
    module = {"a.weight": torch.zeros(4, 3), "embed.weight": torch.zeros(7, 3)}
    common = {"module": module, "ds_version": "0.18", "lr_scheduler": {"last_batch_iteration": 8}, "optimizer": None}
    for rank in range(2):
        name = f"zero_pp_rank_{rank}_mp_rank_00" if stage == 3 else "mp_rank_00"
        saved(common | model, folder / tag / f"{name}_model_states.pt")
        if states is not None:
            whole = {"optimizer_state_dict": {"loss_scaler": LossScaler(), "zero_stage": stage} | states}
            saved(whole, folder / tag / f"bf16_zero_pp_rank_{rank}_mp_rank_00_optim_states.pt")


ZERO: dict[str, tuple[dict[str, Any], int]] = {
    "ZeRO 2": ({"base_optimizer_state": flat()}, 2),
    "ZeRO 3": ({"optimizer_state_dict": flat()}, 3),
}


@pytest.mark.parametrize(("states", "stage"), ZERO.values(), ids=ZERO)
def test_names_and_shapes_are_those_of_param_shapes(states: dict[str, Any], stage: int, tmp_path: Path) -> None:
    write(tmp_path, "global_step9", {"param_shapes": SHAPES, "frozen_param_shapes": FROZEN}, states, stage)
    for folder in (tmp_path, tmp_path / "global_step9"):
        assert is_checkpoint(str(folder))
        found = read_checkpoint(str(folder))
        (read,) = found.optimizers
        assert (found.layout, read.key, read.names_from) == ("DeepSpeed", "optimizer", "param_shapes")
        assert names(read) == [list(each) for each in SHAPES]
        assert [(each.shape, each.steps) for each in read.tensors] == [((4, 3), 1.0), ((2, 4), 1.0), ((4,), 1.0)]
        assert [(group.values["lr"], group.values["weight_decay"]) for group in read.groups] == [
            (0.01, 0.0),
            (0.02, 0.1),
        ]
        assert {name: (each.shape, each.trainable) for name, each in found.parameters.items()} == {
            "a.weight": ((4, 3), True),
            "b.weight": ((2, 4), True),
            "a.bias": ((4,), True),
            "embed.weight": ((7, 3), False),
        }
        assert [each.values for each in found.schedulers] == [{"last_batch_iteration": 8}]


def test_a_group_that_zero3_has_divided(tmp_path: Path) -> None:
    write(tmp_path, "x", {"param_shapes": SHAPES}, {"optimizer_state_dict": flat(1, 2)}, 3)
    (read,) = read_checkpoint(str(tmp_path)).optimizers
    assert names(read) == [["a.weight", "b.weight", "a.bias"]]


def test_groups_that_do_not_match_are_not_guessed(tmp_path: Path) -> None:
    write(tmp_path, "x", {"param_shapes": [*SHAPES, FROZEN]}, {"optimizer_state_dict": flat(2)}, 3)
    found = read_checkpoint(str(tmp_path))
    assert names(found.optimizers[0]) == [[None], [None]]
    assert "param_shapes has another number of groups" in found.notes[0]


def test_without_zero_the_optimizer_is_in_the_models_file(tmp_path: Path) -> None:
    write(tmp_path, "x", {"optimizer": {"optimizer_state_dict": trained()[1].state_dict()}}, None, 0)
    (read,) = read_checkpoint(str(tmp_path)).optimizers
    assert (read.key, read.names_from) == ("optimizer.optimizer_state_dict", "param_names")


def test_an_elastic_checkpoint_holds_no_groups(tmp_path: Path) -> None:
    write(tmp_path, "x", {"param_shapes": SHAPES}, {"base_optimizer_state": [[{"step": 1}]]})
    with pytest.raises(ConfigError, match="elastic_checkpoint"):
        read_checkpoint(str(tmp_path))

"""Norms of foreign make are told by their names and by what they own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from pgaudit.models.build import load_model
from pgaudit.models.built import BuiltModel

LISTED: dict[str, str] = json.loads((Path(__file__).parents[1] / "data/norm_like.json").read_text("utf-8"))
C = 6


def _found(model: nn.Module) -> set[str]:
    types = {parameter.module for parameter in BuiltModel(model, "test").inventory().parameters}
    return {kind.name for kind in types if "norm_like" in kind.families}


def _owner(
    name: str, *shapes: tuple[int, ...], base: type[nn.Module] = nn.Module, child: nn.Module | None = None
) -> nn.Module:
    """A module of a class of that name, with parameters of these shapes."""
    module: nn.Module = type(name, (base,), {})()
    for index, shape in enumerate(shapes):
        module.register_parameter(f"p{index}", nn.Parameter(torch.zeros(shape)))
    module.add_module("child", child)
    return module


class OwnNorm(nn.Module):
    pass


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize(
    ("name", "owned", "base", "child", "expected"),
    [
        ("LlamaRMSNorm", [(C,)], nn.Module, None, True),
        ("ScaleNorm", [()], nn.Module, None, True),
        ("GroupNorm1", [(C,), (1, C, 1, 1)], nn.Module, nn.ReLU(), True),
        ("rmsnorm", [(1, 1, C)], nn.Module, None, True),
        ("ConvNextV2GRN", [(1, 1, 1, C)] * 2, nn.Module, None, True),
        ("Rescaler", [(C,)], OwnNorm, None, True),
        ("Rescaler", [(C,)], nn.Module, None, False),
        ("LayerScale", [(C,)], nn.Module, None, False),
        ("NoNorm", [(C,)] * 2, nn.Module, None, False),  # MobileBERT's, which is elementwise
        ("NormAttention", [(C, C)], nn.Module, None, False),
        ("NormFreeBlock", [(C,)], nn.Module, nn.Sequential(nn.LayerNorm(C)), False),
    ],
)  # fmt: skip
def test_a_class_is_judged_by_its_name_and_what_it_owns(
    name: str, owned: list[tuple[int, ...]], base: type[nn.Module], child: nn.Module | None, expected: bool, device: str
) -> None:
    module = _owner(name, *owned, base=base, child=child)
    found = _found(nn.Sequential(nn.Linear(1, 1), module).to(device))
    assert (type(module).__name__ in {each.rpartition(".")[2] for each in found}) == expected


def test_torchs_own_are_what_torch_says() -> None:
    own, mixed = type("OwnRMSNorm", (nn.RMSNorm,), {}), type("MixedNorm", (nn.LayerNorm,), {})
    norms = (mixed(C), nn.LayerNorm(C), nn.GroupNorm(2, C), nn.BatchNorm2d(C), nn.InstanceNorm2d(C, affine=True))
    assert not _found(nn.Sequential(*norms, nn.PReLU(C), nn.Conv1d(1, 1, 3, padding=1), nn.Linear(C, 1)))
    assert len(_found(nn.Sequential(nn.RMSNorm(C), own(C)))) == 2


@pytest.mark.parametrize("listed", LISTED)
def test_timms_norms(listed: str) -> None:
    assert listed in _found(load_model(LISTED[listed]).module)


# LayerScale, Affine, Scale, StarReLU, LearnableAffineBlock, RelPosBias, NormFreeBlock
@pytest.mark.parametrize(
    "name", "test_mambaout efficientformerv2_s0 fastvit_t8 resmlp_12_224 poolformerv2_s12 hgnetv2_b0 swiftformer_xs "
    "test_maxvit nf_resnet26 dm_nfnet_f0".split()
)  # fmt: skip
def test_timms_scales_and_containers(name: str) -> None:
    assert not _found(load_model(name).module)


def test_what_cannot_tell_yet_is_none() -> None:
    lazy = _owner("LazyNorm", (C,))
    lazy.register_parameter("later", nn.UninitializedParameter())  # type: ignore[arg-type]
    assert not _found(nn.Sequential(lazy))

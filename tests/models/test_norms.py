"""Norms of foreign make are told by what they own and do; finding out changes nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from pgaudit.models.build import load_model
from pgaudit.models.built import BuiltModel
from tests.models.foreign_norms import (
    NORMS,
    OTHERS,
    C,
    FrozenNorm,
    Gate,
    OwnRMSNorm,
    Rescaler,
    Respond,
    Vectors,
    Whitener,
)

LISTED: dict[str, str] = json.loads((Path(__file__).parents[1] / "data/norm_like.json").read_text("utf-8"))


def _found(model: nn.Module) -> set[str]:
    types = {parameter.module for parameter in BuiltModel(model, "test").inventory().parameters}
    return {kind.name for kind in types if "norm_like" in kind.families}


def _short(model: nn.Module) -> set[str]:
    return {name.rpartition(".")[2] for name in _found(model)}


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("kind", [*NORMS, *OTHERS])
def test_a_class_is_judged_by_what_it_owns_and_does(kind: type[nn.Module], device: str) -> None:
    with torch.device(device):
        model = kind()
    assert (kind.__name__ in _short(model)) == (kind in NORMS)
    assert (kind.__name__ in _short(nn.Sequential(nn.Linear(1, 1), model.eval(), kind()))) == (kind in NORMS)


@pytest.mark.parametrize("shape", [(), (1,), (C,), (C, 1, 1), (1, C, 1, 1), (1, 1, C), (1, 70_000)])
def test_a_gate_is_none_whatever_its_shape(shape: tuple[int, ...]) -> None:
    assert not _found(Gate(*shape))


def test_torchs_own_are_what_torch_says() -> None:
    norms = (nn.LayerNorm(C), nn.GroupNorm(2, C), nn.BatchNorm2d(C), nn.InstanceNorm2d(C, affine=True))
    assert not _found(nn.Sequential(*norms, nn.PReLU(C), nn.Conv1d(1, 1, 3, padding=1), nn.Linear(C, 1)))
    assert _short(nn.Sequential(nn.RMSNorm(C), OwnRMSNorm(C))) == {"RMSNorm", "OwnRMSNorm"}
    mixed = type("MixedNorm", (nn.LayerNorm,), {"forward": Rescaler.forward})
    assert not _found(mixed(C))  # isinstance tests know it


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


class Loud(Whitener):
    """Does what no forward pass should, and keeps a reference to everything."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []
        self.everything: list[nn.Module] = [nn.Linear(1, 1)]
        self.log = self.seen.append
        self.note = lambda: self.seen.append(1)
        self.child = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        print("here")
        self.seen.append(1)
        torch.rand(1), random.random(), numpy.random.random()
        self.weight.data.clamp_(min=0.5)
        out = self.child(super().forward(x))
        if hasattr(self, "log"):
            self.log(1)
        if hasattr(self, "note"):
            self.note()
        if hasattr(self, "everything"):
            del self.everything[:]
        return out


def _state() -> tuple[object, ...]:
    return torch.get_rng_state().tolist(), random.getstate(), str(numpy.random.get_state())


@pytest.mark.parametrize("training", [True, False])
def test_finding_out_changes_nothing(training: bool, capfd: pytest.CaptureFixture[str]) -> None:
    def forbidden(*_: object) -> None:
        calls.append(1)

    calls: list[int] = []
    model = Loud().train(training)
    model.weight.requires_grad = False
    for module in model.modules():
        module.register_forward_pre_hook(forbidden)
        module.register_forward_hook(forbidden)
    model.forward = forbidden  # type: ignore[assignment]  # as some libraries wrap it
    model.child.compile(backend="eager")
    hooks = register_module_forward_pre_hook(forbidden)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    own = dict(vars(model))
    state = _state()
    try:
        assert _short(model) == {"Loud"}
    finally:
        hooks.remove()
    assert _state() == state
    assert not calls
    assert not model.seen
    assert len(model.everything) == 1
    assert vars(model) == own
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(module.training == training for module in model.modules())
    assert capfd.readouterr() == ("", "")


def test_a_reference_to_a_whole_model_is_not_followed() -> None:
    class Referring(Rescaler):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) if self.parents else x

    class ReferringNorm(Referring):
        pass

    for kind in (Referring, ReferringNorm):
        model = nn.Sequential(nn.Linear(1, 1), kind())
        vars(model[1])["parents"] = [model]
        model.__deepcopy__ = None  # type: ignore[assignment]
        assert bool(_found(model)) == (kind is ReferringNorm)  # it cannot run: the name decides


def test_ambient_modes_of_torch_do_not_matter() -> None:
    with torch.device("meta"), torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        assert _short(nn.Sequential(Rescaler(), Gate(C))) == {"Rescaler"}


def test_interrupts_come_through() -> None:
    class Interrupted(Vectors):
        def forward(self, x: Tensor) -> Tensor:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _found(Interrupted())


def test_in_a_process_group_nothing_is_run(tmp_path: Path) -> None:
    class Waiting(Rescaler):
        pass

    class WaitingNorm(Rescaler):
        pass

    store = torch.distributed.FileStore(str(tmp_path / "store"), 1)  # type: ignore[attr-defined]
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        assert _short(nn.Sequential(Waiting(), WaitingNorm())) == {"WaitingNorm"}
    finally:
        torch.distributed.destroy_process_group()


def test_the_first_module_that_can_tell_decides() -> None:
    empty, lazy, parent = Rescaler(0), Respond(), Respond()
    lazy.gamma = nn.UninitializedParameter()  # type: ignore[assignment]
    parent.gamma = None  # type: ignore[assignment]
    parent.act = nn.Sequential(nn.Linear(1, 1))  # met as a parent before it is met as an owner
    model = nn.Sequential(empty, lazy, parent, Rescaler(), Respond())
    types = {p.name: p.module for p in BuiltModel(model, "test").inventory().parameters}
    assert [name for name, kind in types.items() if "norm_like" in kind.families] == ["3.weight", "3.bias", "4.gamma"]


@pytest.mark.parametrize("base", [Rescaler, FrozenNorm])
def test_a_class_is_tried_once(base: type[nn.Module]) -> None:
    class Counting(base):  # type: ignore[valid-type, misc]
        runs = 0

        def forward(self, x: Tensor) -> Tensor:
            Counting.runs += 1
            return super().forward(x)

    _found(Counting())
    once, Counting.runs = Counting.runs, 0
    _found(nn.Sequential(*(Counting() for _ in range(50))))
    assert Counting.runs == once

"""The walk: torch's own `named_parameters()` is the oracle for names and order."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit import ConfigError, ModelError, UsageError
from pgaudit.core.parameters import Conv, Inventory
from pgaudit.models.built import BuiltModel


def _walked(model: nn.Module, *, unwrap: bool = False) -> Inventory:
    return BuiltModel(model, "test").inventory(unwrap=unwrap)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 2))
        self.a = nn.Linear(2, 2)
        self.b = nn.Linear(2, 2)
        self.b.weight = self.a.weight
        self.b.register_parameter("same", self.b.bias)  # twice in one module
        self.c = self.d = nn.BatchNorm1d(2)  # one child under two names


def test_names_order_and_aliases_are_torchs_own() -> None:
    model = Tied()
    inventory = _walked(model)
    assert [p.name for p in inventory.parameters] == [name for name, _ in model.named_parameters()]
    names = {name for p in inventory.parameters for name in (p.name, *p.aliases)}
    assert names == {name for name, _ in model.named_parameters(remove_duplicate=False)}
    assert {p.name: p.aliases for p in inventory.parameters if p.aliases} == {
        "a.weight": ("b.weight",),
        "b.bias": ("b.same",),
        "c.weight": ("d.weight",),
        "c.bias": ("d.bias",),
    }


def test_a_constructor_meets_a_parameter_once_a_parent_but_not_once_a_name() -> None:
    visits = [visit.name for visit in _walked(Tied()).visits]
    assert visits == ["token", "a.weight", "a.bias", "b.weight", "b.bias", "c.weight", "c.bias"]


def test_a_visit_knows_the_classes_around_it() -> None:
    model = nn.Sequential(nn.ModuleDict({"norm": nn.LayerNorm(2), "fc": nn.Linear(2, 2)}))
    visits = {visit.name: visit for visit in _walked(model).visits}
    for name, visit in visits.items():
        path = visit.prefix.split(".")
        around = [model.get_submodule(".".join(path[:depth])) for depth in range(len(path))]
        assert [parent.short for parent in visit.parents] == [type(module).__name__ for module in around], name
        assert visit.parent is visit.parents[-1]
    assert len({id(visit.parents) for visit in visits.values()}) == 1
    (root,) = {(visit.parents, visit.parent) for visit in _walked(nn.Linear(2, 2)).visits}
    assert root == ((), None)


def test_a_parameter_is_plain_data() -> None:
    model = nn.Sequential(nn.Conv2d(4, 8, 3, groups=4, bias=False), nn.BatchNorm2d(8))
    model[1].bias.requires_grad = False
    conv, _, bias = (inventory := _walked(model)).parameters
    assert (conv.shape, conv.numel, conv.dtype, conv.trainable) == ((8, 1, 3, 3), 72, "float32", True)
    assert conv.module.name == "torch.nn.modules.conv.Conv2d"
    assert conv.module.families == {"conv2d"}
    assert inventory.visits[0].conv == Conv(4, 8, 4)
    assert (bias.trainable, set(bias.module.families)) == (False, {"batch_norm"})
    assert inventory.numel == sum(p.numel() for p in model.parameters())


FAMILIES = {
    nn.BatchNorm1d: "batch_norm",
    nn.BatchNorm2d: "batch_norm",
    nn.BatchNorm3d: "batch_norm",
    nn.SyncBatchNorm: "batch_norm",
    nn.InstanceNorm1d: "instance_norm",
    nn.InstanceNorm2d: "instance_norm",
    nn.InstanceNorm3d: "instance_norm",
    nn.GroupNorm: "group_norm",
    nn.LayerNorm: "layer_norm",
    nn.Conv2d: "conv2d",
}


def test_families_are_what_isinstance_says_of_every_class_of_torch() -> None:
    norms = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm, nn.GroupNorm, nn.LayerNorm)
    kinds = [kind for kind in vars(nn).values() if isinstance(kind, type) and issubclass(kind, nn.Module)]
    assert set(FAMILIES) <= set(kinds)
    from pgaudit.models.walk.found import Found

    for kind in kinds:
        families = Found().type_of(kind).families
        assert bool(families & set(FAMILIES.values()) - {"conv2d"}) == issubclass(kind, norms), kind
        assert ("conv2d" in families) == issubclass(kind, nn.Conv2d), kind


def test_unwrapping_begins_at_the_attribute_and_names_what_is_lost() -> None:
    class Wrapper(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = nn.Linear(2, 2)
            self.weight = nn.Parameter(torch.ones(1))
            self.other = nn.Linear(2, 2, bias=False)

    inventory = _walked(Wrapper(), unwrap=True)
    assert inventory.unwrapped
    assert [(p.name, p.reachable) for p in inventory.parameters] == [
        ("weight", True),
        ("bias", True),
        ("<Wrapper>.weight", False),  # the name is taken by an inner parameter
        ("other.weight", False),
    ]
    assert "2 tensors beside it will never be optimized" in inventory.notes[0]
    assert [p.name for p in _walked(Wrapper()).parameters] == ["weight", "module.weight", "module.bias", "other.weight"]


def test_a_module_attribute_that_is_no_module() -> None:
    model = nn.Linear(2, 2)
    model.module = "resnet"  # type: ignore[assignment]
    with pytest.raises(ModelError, match="attribute `module` that is str"):
        _walked(model, unwrap=True)
    assert len(_walked(model).parameters) == 2


def test_a_module_that_contains_itself() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    model.add_module("again", model)
    inventory = _walked(model)
    assert inventory.circular == "again"
    assert [p.name for p in inventory.parameters] == ["0.weight", "0.bias"]
    config = {"optimizer": {"type": "SGD", "lr": 0.1}}
    assert len(pgaudit.audit(model, config).params) == 2
    with pytest.raises(ConfigError, match='"again" contains itself; .* would raise RecursionError'):
        pgaudit.audit(model, {**config, "paramwise_cfg": {"custom_keys": {}}})


class _Failing(nn.Linear):
    @property
    def module(self) -> nn.Module:
        raise RuntimeError("not yet")


@pytest.mark.parametrize("model", [_Failing(1, 1)], ids=["property"])
def test_a_model_whose_own_code_fails(model: nn.Module) -> None:
    with pytest.raises(ModelError, match="attribute `module` raises RuntimeError: not yet"):
        _walked(model, unwrap=True)
    assert len(_walked(model).parameters) == 2  # who does not ask for it does not notice


class _Sorted(nn.Sequential):
    def named_parameters(self, *args: Any, **kwargs: Any) -> Any:
        found = super().named_parameters(*args, **kwargs)
        return iter(sorted((f"model.{name}", tensor) for name, tensor in found if "1" not in name))


def test_a_model_that_names_its_parameters_itself() -> None:
    model = _Sorted(nn.Linear(2, 2), nn.Linear(2, 2), nn.BatchNorm1d(2))
    built = BuiltModel(model, "test")
    named = dict(model.named_parameters())
    inventory = built.inventory()
    assert [p.name for p in inventory.parameters] == [*named, "1.weight", "1.bias"]
    assert [id(tensor) for tensor in built.tensors()[:4]] == [id(tensor) for tensor in named.values()]
    assert [p.aliases for p in inventory.parameters] == [("0.bias",), ("0.weight",), ("2.bias",), ("2.weight",), (), ()]
    assert sorted(inventory.unnamed) == [4, 5]
    assert [(visit.name, visit.index) for visit in inventory.visits] == [
        *(("0.weight", 1), ("0.bias", 0), ("1.weight", 4), ("1.bias", 5), ("2.weight", 3), ("2.bias", 2)),
    ]
    assert {id(tensor) for tensor in built.tensors()} == {id(tensor) for tensor in nn.Module.parameters(model)} | {
        id(tensor) for _, tensor in model[1].named_parameters()
    }
    assert [inventory.parameters[index].name for index in inventory.whole] == list(named)


def test_methods_that_change_nothing_leave_no_trace() -> None:
    class Same(nn.Linear):
        def named_parameters(self, *args: Any, **kwargs: Any) -> Any:
            return super().named_parameters(*args, **kwargs)

    assert _walked(nn.Sequential(Same(2, 2), nn.BatchNorm1d(2))).listings is None


def test_no_parameters() -> None:
    with pytest.raises(ModelError, match="test has no parameters"):
        _walked(nn.Sequential(nn.ReLU()))


def test_a_chain_deeper_than_pythons_stack_is_refused_as_torch_does() -> None:
    model: nn.Module = nn.Linear(1, 1)
    for _ in range(3000):
        model = nn.Sequential(model)
    with pytest.raises(RecursionError):  # so no library can build an optimizer for it
        list(model.parameters())
    with pytest.raises(ModelError, match="cannot be listed: RecursionError"):
        _walked(model)


def test_modules_shared_at_every_level_are_refused_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgaudit.models.walk.traverse.MAX_VISITS", 10_000)
    model: nn.Module = nn.Linear(1, 1)
    for _ in range(40):
        parent = nn.Module()
        parent.left, parent.right = nn.Sequential(model), nn.Sequential(model)
        model = parent
    with pytest.raises(ModelError, match="share modules at many levels"):
        _walked(model)


def test_a_large_model_is_no_model_that_shares_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgaudit.models.walk.traverse.MAX_VISITS", 3)
    tied = nn.Linear(1, 1)
    model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(20)), tied, tied)
    assert len(_walked(model).visits) == 42
    with pytest.raises(ModelError, match="share modules"):
        _walked(nn.Sequential(*[nn.Sequential(tied) for _ in range(4)]))


def test_lazy_parameters_have_no_shape_yet() -> None:
    model = nn.LazyLinear(3)
    found = _walked(model)
    assert [(p.name, p.shape, p.numel) for p in found.parameters] == [("weight", (), 0), ("bias", (), 0)]
    assert found.notes == (
        "2 tensors of lazy modules: without a shape before the first forward pass, and taken for scalars here",
    )
    model(torch.zeros(1, 2))
    assert _walked(model).notes == ()


def test_hints_come_from_the_model_and_never_raise() -> None:
    class Hinting(nn.Linear):
        def no_weight_decay(self) -> set[str]:
            return {"pos_embed", "cls_token"}

        def group_matcher(self, coarse: bool) -> None:
            raise RuntimeError("needs an argument")

        def get_layer_depth(self, name: str) -> tuple[int, int]:
            return len(name), 12

    class Misleading(nn.Linear):
        @property
        def no_weight_decay(self) -> set[str]:
            raise RuntimeError

        def get_layer_depth(self, name: str) -> tuple[str, float]:
            return name, float("nan")

    misled = _walked(Misleading(2, 2)).hints.layer_depths or {}
    assert all(str(answer).startswith("ValueError: could not convert") for answer in misled.values())
    assert list(misled) == ["weight", "bias"]
    hints = _walked(Hinting(2, 2)).hints
    assert hints.no_weight_decay == ("cls_token", "pos_embed")
    assert hints.layers == {}
    assert hints.raised == {"layers": "RuntimeError: needs an argument"}
    assert hints.layer_depths == {"weight": (6, 12), "bias": (4, 12)}
    assert _walked(nn.Linear(2, 2)).hints.layer_depths is None
    assert hints.backbone is None
    assert _walked(nn.ModuleDict({"backbone": Hinting(2, 2)})).hints.backbone == "Hinting"


def test_a_walk_changes_nothing_and_holds_the_tensors() -> None:
    model = Tied()
    built = BuiltModel(model, "test")
    assert [id(tensor) for tensor in built.tensors()] == [id(tensor) for tensor in model.parameters()]


def test_an_inventory_serves_the_constructors_that_see_the_model_alike() -> None:
    config = {"constructor": "mmcv", "optimizer": {"type": "SGD", "lr": 0.1}}
    wrapped = nn.Module()
    wrapped.module = nn.Linear(2, 2)
    assert len(pgaudit.audit(_walked(nn.Linear(2, 2)), config).params) == 2
    assert len(pgaudit.audit(_walked(wrapped, unwrap=True), config).params) == 2
    with pytest.raises(UsageError, match="mmcv begins inside the attribute `module`"):
        pgaudit.audit(_walked(wrapped), config)
    with pytest.raises(UsageError, match="basecls begins outside"):
        pgaudit.audit(_walked(wrapped, unwrap=True), {"solver": {}})

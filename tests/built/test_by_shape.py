"""Names by shape alone: what is said of a parameter is so, in whatever order the groups were filled."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn, optim

import pgaudit
from pgaudit.built.by_shape import BY_SHAPE
from tests.budget import examples

SHAPES = [(2,), (3,), (2, 2)]


class Tensors(nn.Module):
    """Parameters of given shapes, some of them frozen."""

    def __init__(self, shapes: list[tuple[int, ...]], frozen: set[int]) -> None:
        super().__init__()
        for index, shape in enumerate(shapes):
            self.register_parameter(f"p{index}", nn.Parameter(torch.zeros(shape), index not in frozen))


@st.composite
def _runs(draw: st.DrawFn) -> tuple[Tensors, optim.Optimizer, list[nn.Parameter]]:
    """A model, an optimizer after a step, and its tensors of which it then keeps something."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=5))
    model = Tensors(shapes, draw(st.sets(st.integers(0, 4), max_size=2)))
    held = [tensor for tensor in model.parameters() if tensor.requires_grad or draw(st.booleans())]
    held = draw(st.permutations(held)) if draw(st.booleans()) else held
    groups: list[list[nn.Parameter]] = [[] for _ in range(draw(st.integers(1, 3)))]
    for tensor in held:
        draw(st.sampled_from(groups)).append(tensor)
    made = [{"params": group, "lr": draw(st.sampled_from([0.1, 0.2]))} for group in groups]
    optimizer = optim.AdamW(made)
    stepped = [tensor for tensor in held if draw(st.integers(0, 4))]
    frozen = [tensor for tensor in stepped if not tensor.requires_grad]
    for tensor in stepped:
        tensor.requires_grad_(True).grad = torch.zeros_like(tensor)
    optimizer.step()
    for tensor in frozen:
        tensor.requires_grad_(False)
    return model, optimizer, stepped


def _orders(model: nn.Module, held: list[nn.Parameter], kept: list[nn.Parameter]) -> list[list[str]]:
    """All names that the tensors of an optimizer can have, one list a way in which the shapes agree."""
    named = list(model.named_parameters())
    known = {id(tensor) for tensor in kept}
    return [
        [name for name, _ in order]
        for order in permutations(named, len(held))
        if all(id(ours) not in known or ours.shape == its.shape for ours, (_, its) in zip(held, order, strict=True))
    ]


@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(run=_runs())
def test_random_groups_get_names_where_every_order_says_the_same(
    run: tuple[Tensors, optim.Optimizer, list[nn.Parameter]], tmp_path: Path
) -> None:
    """All orders are tried: the values of a parameter are told if they agree about it, and its name is proved if there
    is but one.
    """
    model, optimizer, stepped = run
    held = [tensor for group in optimizer.param_groups for tensor in group["params"]]
    lrs = [group["lr"] for group in optimizer.param_groups for _ in group["params"]]
    if not held:
        return
    torch.save({"optimizer": optimizer.state_dict()}, tmp_path / "run.pt")
    report = pgaudit.audit(model, str(tmp_path / "run.pt"))
    assert report.as_built is not None
    (found,) = report.as_built.optimizers
    trainable = [tensor for tensor in model.parameters() if tensor.requires_grad]
    agreed = set.intersection(*(set(zip(order, lrs, strict=True)) for order in _orders(model, held, stepped)))
    provable = (
        bool(stepped) and len(agreed) == len(held) and len(held) in (len(trainable), len(list(model.parameters())))
    )
    assert (found.names_from == BY_SHAPE) == provable
    if not provable:
        assert report.params[0].name.startswith("group ")
        return
    truth = dict(model.named_parameters())
    names = {id(tensor): name for name, tensor in truth.items()}
    lr_of = dict(zip(map(id, held), lrs, strict=True))
    for row in report:
        assert row.lr == lr_of.get(id(truth[row.name])), row.name
    for tensor, told in zip(held, found.tensors, strict=True):
        assert told.alike or told.name == names[id(tensor)]


def _encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16)
    return nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)


def _from_the_top(model: Any) -> list[dict[str, Any]]:
    layers = enumerate(reversed(model.layers))
    return [{"params": [p], "lr": 1e-3 * 0.5**index} for index, layer in layers for p in layer.parameters()]


NOTES = {
    "all in one group": (
        lambda model: [{"params": list(model.parameters())[::-1]}],
        "by shape: those of one shape train with the same, and nothing proves which of them is which",
    ),
    "all alike": (
        lambda model: [{"params": [tensor]} for tensor in model.parameters()],
        "nothing proves which of them is which, and in which of the groups of equal values",
    ),
    "layer decay": (_from_the_top, None),
}


@pytest.mark.parametrize(("grouping", "note"), NOTES.values(), ids=NOTES)
def test_what_is_said_of_names_by_shape(grouping: Any, note: str | None, tmp_path: Path) -> None:
    model = _encoder()
    optimizer = optim.AdamW(grouping(model))
    for tensor in model.parameters():
        tensor.grad = torch.zeros_like(tensor)
    optimizer.step()
    torch.save(optimizer.state_dict(), tmp_path / "run.pt")
    report = pgaudit.audit(model, str(tmp_path / "run.pt"))
    assert [each for each in report.notes if "by shape" in each] == ([] if note is None else [*report.notes])
    assert note is None or report.notes[0].endswith(note)
    assert any(each.code == "PG043" for each in report.findings) == (note is None)
    assert report.params[0].name == ("group 0 [0]" if note is None else "layers.0.self_attn.in_proj_weight")


def test_shapes_of_which_no_two_are_the_same(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 5))
    weights, biases = [model[0].weight, model[1].weight], [model[1].bias, model[0].bias]
    groups: list[dict[str, Any]] = [{"params": biases, "lr": 0.5}, {"params": weights}]
    optimizer = optim.AdamW(groups, lr=0.1)
    for tensor in model.parameters():
        tensor.grad = torch.zeros_like(tensor)
    optimizer.step()
    torch.save(optimizer.state_dict(), tmp_path / "run.pt")
    report = pgaudit.audit(model, str(tmp_path / "run.pt"))
    assert {row.name: row.lr for row in report} == {"0.weight": 0.1, "0.bias": 0.5, "1.weight": 0.1, "1.bias": 0.5}
    assert report.notes == ("names are the model's, by shape: no two of its parameters have the same",)

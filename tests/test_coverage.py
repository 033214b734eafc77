"""assert_covered(): by the tensors themselves, every trainable parameter is in exactly one group."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn, optim

import pgaudit
from tests.built.cases import Net, grouped


@given(
    st.integers(1, 6),
    st.lists(st.lists(st.integers(0, 11), max_size=8, unique=True), min_size=1, max_size=3),
    st.sets(st.integers(0, 11)),
    st.randoms(use_true_random=False),
)
def test_random_optimizers_are_judged_as_their_ids_say(
    depth: int, members: list[list[int]], frozen: set[int], choice: random.Random
) -> None:
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(depth)))
    tensors = list(model.parameters())
    for index, tensor in enumerate(tensors):
        tensor.requires_grad_(index not in frozen)
    held = [[tensors[index] for index in each if index < len(tensors)] for each in members]
    optimizers: list[Any] = []
    for each in held:
        cut = choice.randint(0, len(each))
        optimizers.append(optim.SGD([{"params": each[:cut]}, {"params": each[cut:]}], lr=0.1))
    counts = {
        name: sum(one is tensor for each in held for one in each)
        for name, tensor in model.named_parameters()
        if tensor.requires_grad
    }
    wrong = [name for name, count in counts.items() if count != 1]
    if not wrong:
        assert len(pgaudit.assert_covered(model, optimizers)) == len(tensors)
        return
    with pytest.raises(AssertionError) as caught:
        pgaudit.assert_covered(model, optimizers)
    said = str(caught.value)
    missing = [name for name in wrong if not counts[name]]
    assert said.startswith(f"{len(wrong)} of {len(counts)} trainable tensor")
    assert ("never trained" in said) == bool(missing)
    assert ("more than once" in said) == (len(missing) < len(wrong))
    folded = "".join(line.strip().partition(":")[0] for line in said.splitlines() if line.startswith("    "))
    assert folded.count("weight") + folded.count("bias") >= len({name.rpartition(".")[2] for name in wrong})


def test_the_report_is_returned() -> None:
    model = Net()
    report = pgaudit.assert_covered(model, grouped(model))
    assert report["fc.weight"].lr == 0.5


def test_a_message_says_what_to_do() -> None:
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(12)))
    half = optim.SGD(model[:6].parameters(), lr=0.1)
    again = optim.AdamW(model[5:6].parameters(), lr=0.1)
    with pytest.raises(AssertionError) as caught:
        pgaudit.assert_covered(model, [half, again])
    assert str(caught.value).splitlines() == [
        "14 of 24 trainable tensors of Sequential are not in exactly one group",
        "  in none, so that they are never trained:",
        "    {6..11}.{weight,bias}",
        "  give them to an optimizer, or freeze them: requires_grad_(False)",
        "  in more than one, so that each step moves them more than once:",
        "    5.{weight,bias}: optimizer 0 group 0, optimizer 1 group 0",
        "  leave each in one of them",
    ]


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("grouping", [grouped, lambda model: optim.SGD(model.parameters(), lr=0.1)])
def test_a_model_that_was_made_anew_is_not_covered(named: bool, grouping: Any) -> None:
    """The names and the shapes are right, and nothing would be trained."""
    first, second = Net(), Net()
    optimizer = optim.SGD(first.named_parameters(), lr=0.1) if named else grouping(first)
    with pytest.raises(AssertionError, match="holds other tensors: build it from this model"):
        pgaudit.assert_covered(second, optimizer)
    pgaudit.assert_covered(first, optimizer)


def test_a_head_that_was_replaced_is_not_covered() -> None:
    model = Net()
    optimizer = optim.SGD(model.named_parameters(), lr=0.1)
    model.fc = nn.Linear(4, 2)
    with pytest.raises(AssertionError, match=r"2 of 7 trainable tensors.*\n.*never trained:\n    fc.\{weight,bias\}"):
        pgaudit.assert_covered(model, optimizer)


@pytest.mark.filterwarnings("ignore:optimizer contains a parameter group with duplicate parameters")
def test_twice_in_one_group() -> None:
    model = nn.Linear(2, 2)
    with pytest.raises(AssertionError, match=r"weight: group 0, group 0"):
        pgaudit.assert_covered(model, optim.SGD([model.weight, model.weight, model.bias], lr=0.1))


def test_without_a_model_there_is_nothing_to_compare_with() -> None:
    model = Net()
    with pytest.raises(pgaudit.UsageError, match="there is no model"):
        pgaudit.assert_covered(None, grouped(model))
    pgaudit.assert_covered(None, (model, grouped(model)))


def test_a_policy_is_held_to_it_too() -> None:
    model = Net()
    policy = {"optimizer": {"type": "SGD", "lr": 0.1}}
    assert len(pgaudit.assert_covered(model, policy)) == 7


def test_a_saved_inventory_is_compared_by_name() -> None:
    from pgaudit.models.built import BuiltModel

    model = Net()
    inventory = BuiltModel(model, "net").inventory()
    assert len(pgaudit.assert_covered(inventory, optim.SGD(model.named_parameters(), lr=0.1))) == 7
    some = [(name, tensor) for name, tensor in model.named_parameters() if "fc" not in name]
    with pytest.raises(AssertionError, match="fc"):
        pgaudit.assert_covered(inventory, optim.SGD(some, lr=0.1))

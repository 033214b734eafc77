"""Names without the prefixes of wrappers, by the libraries that put them there."""

from __future__ import annotations

import pytest
import torch
from torch import nn, optim

import pgaudit
from pgaudit.names.wrappers import plain_name
from tests.built.cases import Net, agreed, grouped
from tests.parity.client import Oracle

NAMES = ["conv.weight", "conv.bias", "bn.weight", "bn.bias", "one.weight", "fc.weight", "fc.bias"]
WRAPPED = {
    "compiled": "_orig_mod.{}",
    "data_parallel": "module.{}",
    "ddp": "module.{}",
    "fsdp1": "_fsdp_wrapped_module.{}",
    "fsdp2": "{}",
}


@pytest.mark.parametrize(("name", "raw"), WRAPPED.items())
def test_a_wrapped_model_has_the_names_of_the_one_inside(library: Oracle, name: str, raw: str) -> None:
    found = library.ask(scenario=name)
    agreed(found, found["truth"])
    rows = found["rows"]
    assert [*rows] == NAMES
    for plain, row in rows.items():
        assert (raw.format(plain) in row["aliases"]) == (raw != "{}")
    assert "two.weight" in rows["one.weight"]["aliases"]


@pytest.mark.parametrize(
    ("name", "plain", "raw"),
    [
        ("checkpoint_wrapper", "conv.weight", "conv._checkpoint_wrapped_module.weight"),
        ("parametrized", "fc.weight", "fc.parametrizations.weight.original"),
        ("peft_lora", "fc.lora_A.default.weight", "base_model.model.fc.lora_A.default.weight"),
    ],
)
def test_a_prefix_within_a_name(library: Oracle, name: str, plain: str, raw: str) -> None:
    found = library.ask(scenario=name)
    agreed(found, found["truth"])
    assert raw in found["rows"][plain]["aliases"]


def test_the_groups_of_lora_plus(library: Oracle) -> None:
    found = library.ask(scenario="peft_lora_plus")
    agreed(found, found["truth"])
    (rate_a, *_), (rate_b, *_) = (
        (claim[2] for claim in found["rows"][f"fc.lora_{which}.default.weight"]["claims"]) for which in "AB"
    )
    assert rate_b == rate_a * 16


def test_a_group_for_each_parameter(library: Oracle) -> None:
    found = library.ask(scenario="a_group_for_each_parameter")
    agreed(found, found["truth"])
    assert len(found["groups"]) == len(found["rows"])


def test_an_attribute_module_of_the_models_own_stays(library: Oracle) -> None:
    found = library.ask(scenario="module_that_is_no_wrapper")
    agreed(found, found["truth"])
    assert [*found["rows"]] == [f"module.{name}" for name in NAMES]


@pytest.mark.parametrize(("name", "count"), [("fsdp1", 7), ("fsdp1_flat", 1), ("fsdp2", 0), ("ddp", 0)])
def test_shards_are_said_to_be_shards(library: Oracle, name: str, count: int) -> None:
    found = library.ask(scenario=name)
    agreed(found, found["truth"])
    notes = [note for note in found["notes"] if "ndim" in note]
    assert len(notes) == bool(count)
    assert all(f"FSDP holds a part of {count} tensor" in note for note in notes)


def test_two_parameters_are_never_called_the_same() -> None:
    model = nn.ModuleDict({"_orig_mod": nn.Linear(2, 2)})
    model.register_parameter("weight", nn.Parameter(torch.zeros(2, 2)))
    report = pgaudit.audit(model, optim.SGD(model.parameters(), lr=0.1))
    assert [row.name for row in report] == ["weight", "_orig_mod.weight", "bias"]


def test_a_bare_name() -> None:
    assert plain_name("module.a.weight") == "module.a.weight"
    assert plain_name("module.a.weight", module=True) == "a.weight"
    assert plain_name("_orig_mod") == "_orig_mod"


def test_a_tied_parameter_of_a_wrapped_model_is_asked_for_by_any_name() -> None:
    model = nn.DataParallel(Net())
    report = pgaudit.audit(model, grouped(model))
    for name in ("one.weight", "two.weight", "module.one.weight", "module.two.weight"):
        assert report[name] is report["one.weight"]

"""Random optimizers over a small model: what is said of duplicates, gaps, frozen and empty ones is what sets tell."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit.built import audit_objects
from tests.budget import examples

NAMES = ("a", "b", "c", "d")
Place = tuple[int, int]
"""An optimizer and one of its groups."""


@dataclass(frozen=True)
class Plan:
    """Where each parameter stands, and which are frozen."""

    sizes: tuple[int, ...]
    """How many groups each optimizer has."""
    places: dict[str, list[Place]]
    frozen: frozenset[str]

    def members(self, place: Place) -> list[str]:
        """The parameters in a group, as often as they stand there."""
        return [name for name in NAMES for found in self.places[name] if found == place]

    @property
    def groups(self) -> list[Place]:
        """All groups."""
        return [(at, index) for at, size in enumerate(self.sizes) for index in range(size)]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """One to three optimizers of one to three groups; each parameter in none of them, or in up to three places."""
    sizes = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    groups = [(at, index) for at, size in enumerate(sizes) for index in range(size)]
    places = {name: draw(st.lists(st.sampled_from(groups), max_size=3)) for name in NAMES}
    return Plan(sizes, places, frozenset(draw(st.sets(st.sampled_from(NAMES)))))


def _built(plan: Plan) -> tuple[nn.Module, list[torch.optim.Optimizer]]:
    """Real optimizers; what stands in several groups is put there past ``add_param_group``, which refuses it."""
    model = nn.ParameterDict({name: nn.Parameter(torch.zeros(2, 2)) for name in NAMES})
    for name in plan.frozen:
        model[name].requires_grad_(False)
    optimizers: list[torch.optim.Optimizer] = []
    for at, size in enumerate(plan.sizes):
        optimizer = torch.optim.SGD([{"params": []} for _ in range(size)], lr=0.1)
        for index, group in enumerate(optimizer.param_groups):
            group["params"] = [model[name] for name in plan.members((at, index))]
        optimizers.append(optimizer)
    return model, optimizers


def _params(report: pgaudit.Report, code: str, key: str) -> set[str]:
    """All parameters of the findings of a code."""
    found = [finding for finding in report.findings if finding.code == code and finding.key == key]
    return {name for finding in found for name in finding.params}


@settings(max_examples=examples(200))
@given(plan=plans())
def test_random_optimizers(plan: Plan) -> None:
    model, optimizers = _built(plan)
    report = audit_objects(model, optimizers)
    held = {name for name in NAMES if plan.places[name]}
    if not held:  # nothing says that they are this model's optimizers
        return
    several = len(plan.sizes) > 1
    trained = set(NAMES) - plan.frozen
    assert _params(report, "PG034" if several else "PG010", "missing") == trained - held
    assert _params(report, "PG010" if several else "PG034", "missing") == set()
    optimizers_of = {name: [at for at, _ in plan.places[name]] for name in NAMES}
    assert _params(report, "PG034", "shared") == {name for name, found in optimizers_of.items() if len(set(found)) > 1}
    assert _params(report, "PG009", "duplicates") == {
        name for name, found in optimizers_of.items() if len(set(found)) < len(found)
    }
    assert _params(report, "PG035", "frozen") == held & plan.frozen
    empty = [finding.message for finding in report.findings if finding.code == "PG022"]
    assert len(empty) == len({at for at, index in plan.groups if not plan.members((at, index))})
    alone = [place for place in plan.groups if plan.members(place) and plan.frozen.issuperset(plan.members(place))]
    (claimed,) = [finding.message for finding in report.findings if finding.code == "PG035"] or [""]
    assert ("nothing else" in claimed) == bool(alone)

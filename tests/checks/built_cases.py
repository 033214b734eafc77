"""The smallest cases of a check of what was built: real optimizers in, a finding out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit.built import audit_objects
from pgaudit.built.audit import report_of_checkpoint
from pgaudit.checks import DOCUMENTED
from pgaudit.core.built import BuiltGroup, BuiltOptimizer, BuiltTensor, Checkpoint
from tests.checks.cases import has_words

Made = tuple[Any, ...]
"""A model or None, optimizers, and a scheduler if there is one."""


@dataclass(frozen=True)
class BuiltCase:
    """How something is built, and what a check says about it."""

    make: Callable[[], Made | pgaudit.Report]
    """Returns what is built, or the report about it."""
    messages: tuple[str, ...] = ()
    """Words of each finding's message, in order; `…` stands for what is between. None for silence."""
    hint: str = ""
    params: tuple[str, ...] = ()
    """The parameters of the first finding, where they are worth a look."""


def audited(case: BuiltCase) -> pgaudit.Report:
    """The report about what a case builds."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "optimizer contains a parameter group with duplicate")
        made = case.make()
    if isinstance(made, pgaudit.Report):
        return made
    model, optimizers, *scheduler = made
    return audit_objects(model, optimizers, *scheduler)


def examine_built(code: str, case: BuiltCase) -> None:
    """Builds a case, and looks at the findings of one code."""
    report = audited(case)
    found = [finding for finding in report.findings if finding.code == code]
    assert len(found) == len(case.messages), found
    for finding, message in zip(found, case.messages, strict=True):
        assert has_words(finding.message, message), finding.message
        assert has_words(finding.hint, case.hint), finding.hint
        assert (finding.name, finding.severity) == (DOCUMENTED[code].KIND.name, DOCUMENTED[code].KIND.severity)
        assert not finding.message.endswith(".")
        assert finding.message.isprintable()
        assert set(finding.params) <= {row.name for row in report.params}
        assert len(set(finding.params)) == len(finding.params)
    if case.params:
        assert found[0].params == case.params


def check_cases(code: str, cases: dict[str, BuiltCase]) -> Any:
    """Returns a test of all cases of one code."""

    @pytest.mark.parametrize("case", cases.values(), ids=cases)
    def test_built(case: BuiltCase) -> None:
        examine_built(code, case)

    return test_built


def sgd(*groups: Any, **defaults: Any) -> torch.optim.SGD:
    """SGD of groups, each a dictionary or the parameters of a module."""
    made = [group if isinstance(group, dict) else {"params": list(group.parameters())} for group in groups]
    return torch.optim.SGD(made, **{"lr": 0.1, **defaults})


def stem_and_head(*, frozen: bool = False) -> nn.ModuleDict:
    """Two layers: ``stem`` and ``head``."""
    model = nn.ModuleDict({"stem": nn.Linear(2, 3), "head": nn.Linear(3, 4)})
    model["stem"].requires_grad_(not frozen)
    return model


def saved(*optimizers: torch.optim.Optimizer, model: Any = None) -> pgaudit.Report:
    """The report about what ``state_dict()`` of some optimizers holds, as a checkpoint has it."""
    found = tuple(_of_state(each.state_dict()) for each in optimizers)
    return report_of_checkpoint(Checkpoint("model.pt", "torch.save", found), model)


def _of_state(held: dict[str, Any]) -> BuiltOptimizer:
    groups = []
    for group in held["param_groups"]:
        names = group.get("param_names") or [None] * len(group["params"])
        values = {key: value for key, value in group.items() if key not in ("params", "param_names")}
        tensors = [_tensor(held["state"].get(i), name) for i, name in zip(group["params"], names, strict=True)]
        groups.append(BuiltGroup(values, tuple(tensors)))
    named = any(each.name for group in groups for each in group.tensors)
    return BuiltOptimizer(tuple(groups), names_from="param_names" if named else None)


def _tensor(state: dict[str, Any] | None, name: str | None) -> BuiltTensor:
    kept = {key: value for key, value in (state or {}).items() if value is not None}
    shapes = [tuple(value.shape) for value in kept.values() if isinstance(value, torch.Tensor) and value.ndim]
    steps = float(kept["step"]) if "step" in kept else None
    told = tuple((key, tuple(value.shape) if isinstance(value, torch.Tensor) else None) for key, value in kept.items())
    return BuiltTensor(name, shape=shapes[0] if shapes else None, has_state=bool(kept), steps=steps, state=told)

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from torch.nn.utils import parametrizations

from tests.checks.cases import HEAD, Case, audit, examine, places, tree


def _plain() -> nn.Module:
    return tree({"backbone.conv": nn.Linear(2, 2), "head.fc": nn.Linear(2, 2)})


def _parallel() -> nn.Module:
    return nn.DataParallel(_plain())


def _compiled() -> nn.Module:
    compiled: nn.Module = torch.compile(_plain())  # type: ignore[assignment]
    return compiled


def _both() -> nn.Module:
    return nn.DataParallel(_compiled())


def _within() -> nn.Module:
    model = _plain()
    backbone = model.get_submodule("backbone")
    backbone.conv = checkpoint_wrapper(backbone.get_submodule("conv"))
    return model


def _parametrized() -> nn.Module:
    model = _plain()
    parametrizations.spectral_norm(model.get_submodule("head.fc"))
    return model


def _own_module() -> nn.Module:
    """A class of the user's own, whose attribute `module` no library knows as a wrapper's."""
    return tree({"module.head.fc": nn.Linear(2, 2), "module.backbone.conv": nn.Linear(2, 2)})


def _rules(match: str) -> str:
    return f"constructor: rules\noptimizer: {{type: SGD, lr: 0.1}}\nparamwise_cfg:\n  rules: [{match}]\n"


GLOB = _rules("{match: 'head.*', lr_mult: 10}")
REGEX = _rules("{match: {regex: 'head\\..*'}, lr_mult: 10}")
PATTERNS = "constructor: regex\noptimizer: {type: SGD, lr: 0.1}\nparamwise_cfg:\n  lr_mults: [['head\\..*', 10.0]]\n"
POLICY = "solver: {weight_decay: [[0, '^head'], 0.1]}\n"
PART = HEAD + "  custom_keys: {backbone.conv.weight: {lr_mult: 0.1}}\n"
WHOLE = "head.*"


CASES = {
    "a glob": Case(
        GLOB,
        (4, 11),
        '"head.*" matches no parameter, and would match 2 tensors without "module." in the names: '
        "module.head.fc.weight, module.head.fc.bias",
        "the model is wrapped: the first of them is called module.head.fc.weight",
        _parallel,
    ),
    "an expression": Case(REGEX, (4, 11), 'without "module." in the names', model=_parallel),
    "big_vision's": Case(PATTERNS, (4, 14), '"head\\..*" … would match 2 tensors', model=_compiled),
    "anchored": Case(POLICY, (1, 25), '"^head" matches no parameter, and … without "_orig_mod."', model=_compiled),
    "two wrappers": Case(GLOB, (4, 11), 'would match 2 tensors without "module.", "_orig_mod." in', model=_both),
    "within a name": Case(
        PART, (3, 17), 'would match 1 tensor without "_checkpoint_wrapped_module." in the names', model=_within
    ),
    "parametrized": Case(
        _rules("{match: head.fc.weight, lr_mult: 10}"),
        (4, 11),
        'would match 1 tensor without "parametrizations.", "original" in the names',
        model=_parametrized,
    ),
    "not wrapped": Case(GLOB, None, model=_plain),
    "with the prefix": Case(_rules("{match: 'module.head.*', lr_mult: 10}"), None, model=_parallel),
    "a part of names": Case(HEAD + "  custom_keys: {head: {lr_mult: 10}}\n", None, model=_compiled),
    "dead in any case": Case(_rules("{match: 'neck.*', lr_mult: 10}"), None, model=_parallel),
    "no wrapper's module": Case(GLOB, None, model=_own_module),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg029(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG029", case)


@pytest.mark.parametrize(("model", "code"), [(_parallel, "PG029"), (_own_module, "PG001")])
def test_a_rule_that_matches_nothing_is_said_once(tmp_path: Path, model: Callable[[], nn.Module], code: str) -> None:
    report = audit(tmp_path, GLOB, model())
    assert [found for found in ("PG001", "PG029") if places(report, found)] == [code]

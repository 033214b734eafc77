from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.checks.built_cases import BuiltCase, Made, check_cases
from tests.checks.cases import HEAD, Case, examine

pytestmark = pytest.mark.slow


def _layers(count: int) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*(nn.Linear(1, 1) for _ in range(count)))


LRS = ", ".join(f"'{n}.': {{lr_mult: {n}.0}}" for n in range(1000, 1501))
CASES = {
    "a group each": Case(
        HEAD + "  bias_lr_mult: 2\n",
        (0, 0),
        "1,002 groups hold 2 different settings; torch compares 501,501 pairs of groups to build them",
        "pgaudit.build_optimizer makes 2 groups",
        _layers(501),
    ),
    "one setting": Case(
        HEAD + "  bias_lr_mult: 1\n",
        (0, 0),
        "1,002 groups hold 1 different setting;",
        "makes 1 group",
        _layers(501),
    ),
    "few": Case(HEAD + "  bias_lr_mult: 2\n", None, model=_layers(500)),
    "one group": Case(HEAD, None, model=_layers(501)),
    "groups by setting": Case("solver: {weight_decay: [[0, bias], 1.0e-4]}\n", None, model=_layers(501)),
    "more than half are": Case(
        f"{HEAD}  custom_keys: {{{LRS}, 1000.b: {{lr_mult: 0.5}}}}\n",
        None,
        model=lambda: nn.ModuleDict({str(n): nn.Linear(1, 1) for n in range(1000, 1501)}),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg018(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG018", case)


def _grouped(count: int, *, lrs: int = 1, several: bool = False) -> Made:
    """A group for each parameter."""
    model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(count)))
    groups = [{"params": [p], "lr": 0.1 + n % lrs} for n, p in enumerate(model.parameters())]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    return model, {"body": optimizer, "other": torch.optim.SGD(nn.Linear(1, 1).parameters())} if several else optimizer


SAID = "1,002 groups hold 1 different setting; torch compares 501,501 pairs of groups to build them"
BUILT = {
    "a group each": BuiltCase(lambda: _grouped(501), (SAID,), "parameters of equal values fit into 1 group"),
    "of several optimizers": BuiltCase(lambda: _grouped(501, several=True), (f'the optimizer "body": {SAID}',)),
    "few": BuiltCase(lambda: _grouped(500)),
    "half are different": BuiltCase(
        lambda: _grouped(501, lrs=501), ("1,002 groups hold 501 different settings;",), "fit into 501 groups"
    ),
    "more than half are": BuiltCase(lambda: _grouped(501, lrs=502)),
}
test_built = check_cases("PG018", BUILT)

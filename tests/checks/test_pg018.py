from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

from tests.checks.cases import HEAD, Case, examine


def _layers(count: int) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*(nn.Linear(1, 1) for _ in range(count)))


CASES = {
    "a group each": Case(
        HEAD + "  bias_lr_mult: 2\n",
        (0, 0),
        "120 groups hold 2 different settings; torch compares 7,140 pairs of groups to build them",
        "pgaudit.build_optimizer makes 2 groups: 1 pair",
        _layers(60),
    ),
    "few": Case(HEAD + "  bias_lr_mult: 2\n", None, model=_layers(50)),
    "one group": Case(HEAD, None, model=_layers(60)),
    "groups by setting": Case("solver: {weight_decay: [[0, bias], 1.0e-4]}\n", None, model=_layers(60)),
    "all different": Case(
        HEAD
        + "  custom_keys: {"
        + ", ".join(
            f"{n}.{part}: {{lr_mult: {n + 1}.{word}}}" for n in range(100, 151) for part, word in (("w", 0), ("b", 5))
        )
        + "}\n",
        None,
        model=lambda: nn.ModuleDict({str(n): nn.Linear(1, 1) for n in range(100, 151)}),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg018(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG018", case)

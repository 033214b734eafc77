from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pgaudit.checks.heights import Height
from pgaudit.checks.pg033 import gaps
from tests.checks.built_cases import BuiltCase, Made, check_cases
from tests.checks.cases import HEAD, Case, examine


def _stack(layers: Iterable[int], *, rate: float = 0.8, key: str = "lr") -> Made:
    """A layer of each number, under layer decay."""
    found = [*layers]
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in found))
    groups = [
        {"params": list(module.parameters()), key: rate ** (13 - layer)}
        for module, layer in zip(model, found, strict=True)
    ]
    return model, torch.optim.AdamW(groups, lr=1.0)


def _convnext_layer(name: str) -> int:
    """ConvNeXt's own rule (``optim_factory.py``, ``get_num_layer_for_convnext``), for timm's names."""
    place, *parts = name.split(".")
    if place == "stem":
        return 0
    if place != "stages":
        return 13
    stage = int(parts[0])
    if parts[1] == "downsample":
        return (0, 2, 3, 12)[stage]
    return 3 + int(parts[2]) // 3 if stage == 2 else (1, 2, 0, 12)[stage]


def _convnext(name: str) -> Made:
    with torch.device("meta"):
        model = timm.create_model(name)
    groups = [{"params": [p], "lr_scale": 0.8 ** (13 - _convnext_layer(n))} for n, p in model.named_parameters()]
    return model, torch.optim.AdamW(groups, lr=1e-3)


def _frozen(middle: Iterable[int]) -> Made:
    """What does not train has no group, and needs none."""
    model, optimizer = _stack(range(8))
    for at in middle:
        model[at].requires_grad_(False)
    groups = [group for group in optimizer.param_groups if group["params"][0].requires_grad]
    return model, torch.optim.AdamW([{"params": group["params"], "lr": group["lr"]} for group in groups])


def _widths(*widths: int) -> Made:
    """muP: a matrix has a lr by its width."""
    model = nn.Sequential(*(nn.Linear(width, 2, bias=False) for width in widths))
    groups = [{"params": [each.weight], "lr": 1.0 / width} for each, width in zip(model, widths, strict=True)]
    return model, torch.optim.AdamW(groups)


BUILT = {
    "ConvNeXt-T counts to 12": BuiltCase(
        lambda: _convnext("convnext_tiny"),
        (
            "layer decay by 0.8 leaves 6 layers empty: from stages.2.blocks.6.gamma at lr 1.67772e-4 it jumps to "
            "stages.3.downsample.0.weight at lr 8e-4",
        ),
        "the rule counts layers of another model; let it count those of this one",
        ("stages.2.blocks.6.gamma", "stages.3.downsample.0.weight"),
    ),
    "as ConvNeXt-S does": BuiltCase(lambda: _convnext("convnext_small")),
    "two gaps": BuiltCase(
        lambda: _stack([0, 1, 3, 4, 8, 9]),
        ("leaves 1 layer empty: from 1.weight", "leaves 3 layers empty: from 3.weight"),
    ),
    "every second layer": BuiltCase(lambda: _stack(range(0, 12, 2))),
    "frozen layers": BuiltCase(lambda: _frozen([3, 4])),
    "widths": BuiltCase(lambda: _widths(256, 512, 4096, 1024, 128)),
    "four lrs": BuiltCase(lambda: _stack([0, 1, 2, 13])),
    "one layer": BuiltCase(lambda: _stack([13] * 6)),
}
test_built = check_cases("PG033", BUILT)


def _keys(layers: Iterable[int]) -> str:
    """A custom key for each module, with a power of 0.5."""
    return "".join(f"    '{at}.': {{lr_mult: {0.5 ** (13 - layer)!r}}}\n" for at, layer in enumerate(layers))


POLICIES = {
    "a gap": Case(
        f"{HEAD}  custom_keys:\n{_keys([0, 1, 2, 3, 6, 7])}",
        (7, 5),
        "layer decay by 0.5 leaves 2 layers empty: from 3.weight at lr",
        model=lambda: nn.Sequential(*(nn.Linear(2, 2) for _ in range(6))),
    ),
    "none": Case(
        f"{HEAD}  custom_keys:\n{_keys(range(6))}",
        None,
        model=lambda: nn.Sequential(*(nn.Linear(2, 2) for _ in range(6))),
    ),
}


@pytest.mark.parametrize("case", POLICIES.values(), ids=POLICIES)
def test_pg033(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG033", case)


@given(
    layers=st.sets(st.integers(0, 40), min_size=5, max_size=30),
    rate=st.sampled_from([0.5, 0.65, 0.75, 0.8, 0.9, 0.95, 0.99]),
    base=st.sampled_from([1.0, 1e-3, 3e-5]),
)
def test_every_gap_is_counted(layers: set[int], rate: float, base: float) -> None:
    """Floats that are multiplied step by step, as libraries do it; the layers that are used say what is missing."""
    ids = sorted(layers)
    scales = [base]
    for _ in range(40):
        scales.append(scales[-1] * rate)
    found = gaps([Height(at, str(layer), scales[40 - layer]) for at, layer in enumerate(ids)])
    steps = [above - below for below, above in pairwise(ids)]
    if all(step % min(steps) == 0 for step in steps):
        expected = [step // min(steps) - 1 for step in steps if step > min(steps)]
        assert [gap.missing for gap in found] == expected
        assert [float(gap.rate) for gap in found] == pytest.approx([rate ** min(steps)] * len(found))
    else:
        assert found == []

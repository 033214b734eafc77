"""Deciding is linear, and costs a few times what merely walking `named_parameters()` costs.

Both are measured in one run, so that the ratio says something on any machine. `make bench` prints it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.models import stack
from pgaudit.checks import Audited, run_checks
from pgaudit.config import load_config
from pgaudit.constructors import CONSTRUCTORS, OptimizerDefaults
from pgaudit.models.built import BuiltModel

MMCV = {
    "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4},
    "paramwise_cfg": {
        "norm_decay_mult": 0.0,
        "bias_decay_mult": 0.0,
        "custom_keys": {f"blocks.{i}.attn": {"lr_mult": 0.9**i} for i in range(10)},
    },
}
MMENGINE = {**MMCV, "constructor": "mmengine"}
BASECLS = {"solver": {"weight_decay": [[1e-5, "bias"], [0, "NORM_TYPES"], [3e-5, "attn.*weight"], 1e-4]}}
DETECTRON2 = {
    "constructor": "detectron2",
    "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4},
    "paramwise_cfg": {"base_lr": 0.1, "weight_decay_norm": 0.0, "overrides": {"bias": {"weight_decay": 0.0}}},
}
TRANSFORMERS = {"constructor": "transformers", "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05}}
TIMM = {
    "constructor": "timm",
    "optimizer": {"type": "adamw", "lr": 1e-3, "weight_decay": 0.05},
    "paramwise_cfg": {"layer_decay": 0.75},
}
REGEX = {
    "constructor": "regex",
    "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05},
    "paramwise_cfg": {"lr_mults": [["head.*", 10.0]], "wd_mults": [[".*bias", 0.0], [".*norm.*", 0.0], [".*", 1.0]]},
}
POLICIES = {
    "mmcv": MMCV,
    "mmengine": MMENGINE,
    "timm": TIMM,
    "detectron2": DETECTRON2,
    "transformers": TRANSFORMERS,
    "basecls": BASECLS,
    "regex": REGEX,
}
SIZES = [10_000, 100_000]
LIMIT = 6.0
"""Times the walk: with the walk at 1.5 us a parameter, 9 us a parameter."""


def _best(function: Callable[[], object], rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


@pytest.mark.parametrize("parameters", SIZES)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_deciding(benchmark: BenchmarkFixture, parameters: int, policy: dict[str, object]) -> None:
    model = stack(parameters)
    inventory = BuiltModel(model, "stack").inventory()
    config = load_config(policy)
    constructor = CONSTRUCTORS[config.constructor]
    defaults = OptimizerDefaults(0.1, 1e-4)
    floor = _best(lambda: sum(1 for _ in model.named_parameters()))
    benchmark.pedantic(constructor.decide, (inventory, config, defaults), rounds=5, warmup_rounds=1)
    _report(benchmark, parameters, floor)


@pytest.mark.parametrize("parameters", SIZES)
def test_walking(benchmark: BenchmarkFixture, parameters: int) -> None:
    model = stack(parameters)
    floor = _best(lambda: sum(1 for _ in model.named_parameters()))
    benchmark.pedantic(lambda: BuiltModel(model, "stack").inventory(), rounds=3, warmup_rounds=1)
    _report(benchmark, parameters, floor, limit=15.0)


@pytest.mark.parametrize("parameters", SIZES)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_checking(benchmark: BenchmarkFixture, parameters: int, policy: dict[str, object]) -> None:
    """All findings: every rule is searched in every name, and the constructor is asked again what each would change."""
    model = stack(parameters)
    inventory = BuiltModel(model, "stack").inventory()
    config = load_config(policy)
    constructor, defaults = CONSTRUCTORS[config.constructor], OptimizerDefaults(0.1, 1e-4)
    assignment = constructor.decide(inventory, config, defaults)
    floor = _best(lambda: sum(1 for _ in model.named_parameters()))
    benchmark.pedantic(
        lambda: run_checks(Audited(inventory, config, constructor, defaults, assignment, assignment)),
        rounds=3,
        warmup_rounds=1,
    )
    _report(benchmark, parameters, floor, limit=20.0)


def _report(benchmark: BenchmarkFixture, parameters: int, floor: float, limit: float = LIMIT) -> None:
    assert benchmark.stats is not None
    spent = benchmark.stats.stats.min
    ratio = spent / floor
    benchmark.extra_info["microseconds a parameter"] = round(spent / parameters * 1e6, 2)
    benchmark.extra_info["times named_parameters()"] = round(ratio, 2)
    print(f"\n{parameters:,} parameters: {spent / parameters * 1e6:.2f} us each, {ratio:.2f} x named_parameters()")
    assert ratio <= limit

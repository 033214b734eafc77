"""Deciding, with the rule of each value, against the real mmcv 1.x, which tells no rules."""

from __future__ import annotations

import sys
import warnings
from functools import partial
from typing import Any

from benchmarks.figures import ORACLE, Figure, emit, interleaved, timed
from benchmarks.models import stack
from pgaudit.config import load_config
from pgaudit.constructors import CONSTRUCTORS, OptimizerDefaults
from pgaudit.models.built import BuiltModel

SIZES = (9_600, 96_000)
ROUNDS = 7
OPTIMIZER = {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4}
PARAMWISE: dict[str, Any] = {
    "norm_decay_mult": 0.0,
    "bias_decay_mult": 0.0,
    "custom_keys": {f"blocks.{i}.attn": {"lr_mult": 0.9**i} for i in range(10)},
}
HOW = "Medians of {} calls each, in turn, in one process; transformer blocks, ten custom keys, two options."

ONCE = f"The whole constructor is called once, for it takes so long, and ours {ROUNDS} times before."


def figures() -> list[Figure]:
    """The bare walk at two sizes, and the whole call."""
    sys.path.insert(0, str(ORACLE))
    warnings.simplefilter("ignore")
    from mmcv.runner.optimizer import DefaultOptimizerConstructor

    def by_mmcv(model: Any) -> object:
        return DefaultOptimizerConstructor(dict(OPTIMIZER), PARAMWISE).add_params([], model)

    def by_call(model: Any) -> object:
        return DefaultOptimizerConstructor(dict(OPTIMIZER), PARAMWISE)(model)

    config = load_config({"optimizer": OPTIMIZER, "paramwise_cfg": PARAMWISE})
    found = []
    for size in SIZES:
        model = stack(size)
        inventory = BuiltModel(model, "stack").inventory()

        def ours(inventory: Any = inventory) -> object:
            return CONSTRUCTORS["mmcv"].decide(inventory, config, OptimizerDefaults(0.1, 1e-4))

        runs = {"ours": timed(ours), "rival": timed(partial(by_mmcv, model))}
        took = interleaved(runs, ROUNDS)
        found.append(_figure(size, took, "mmcv's bare `add_params`", 0.4, HOW.format(ROUNDS)))
        if size == SIZES[0]:
            took = {"ours": timed(ours, ROUNDS)(), "rival": timed(partial(by_call, model))()}
            found.append(_figure(size, took, "mmcv's whole constructor", 0.01, ONCE))
    return found


def _figure(size: int, took: dict[str, float], against: str, target: float, how: str) -> Figure:
    each = {name: spent / size * 1e6 for name, spent in took.items()}
    what = f"deciding {size:,} parameters, with the rule of each"
    return Figure(what, each["ours"], each["rival"], "µs a parameter", against, target, how)


if __name__ == "__main__":
    emit(figures())

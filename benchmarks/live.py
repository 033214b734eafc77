"""A model in memory, audited: the walk, the decisions and all findings, for a hundred thousand tensors."""

from __future__ import annotations

import sys
import warnings

from benchmarks.deciding import OPTIMIZER, PARAMWISE
from benchmarks.figures import ORACLE, Figure, emit, interleaved, timed
from benchmarks.models import stack

SIZE = 100_000
ROUNDS = 5
HOW = f"Medians of {ROUNDS} calls each, in turn, in one process; `pgaudit.audit` of a model on the meta device."


def figures() -> list[Figure]:
    """The whole audit against the walk of the real mmcv alone, which tells no rules."""
    sys.path.insert(0, str(ORACLE))
    warnings.simplefilter("ignore")
    from mmcv.runner.optimizer import DefaultOptimizerConstructor

    from pgaudit import audit

    model = stack(SIZE)
    runs = {
        "ours": timed(lambda: audit(model, {"optimizer": OPTIMIZER, "paramwise_cfg": PARAMWISE})),
        "rival": timed(lambda: DefaultOptimizerConstructor(dict(OPTIMIZER), PARAMWISE).add_params([], model)),
    }
    each = {name: spent / SIZE * 1e6 for name, spent in interleaved(runs, ROUNDS).items()}
    what, unit = f"auditing a live model of {SIZE:,} tensors", "µs a tensor"
    return [Figure(what, each["ours"], each["rival"], unit, "mmcv's bare `add_params`", 1.5, HOW)]


if __name__ == "__main__":
    emit(figures())

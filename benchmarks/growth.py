"""A thousand parameters and a million cost the same each, and a million fit into two GiB."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

from benchmarks.figures import REPOSITORY, Figure, emit, environment
from benchmarks.mixture import mixture

SMALL, MIDDLE, LARGE = 1_000, 10_000, 1_000_000
GIBIBYTE = 1 << 30
POLICIES: dict[str, dict[str, Any]] = {
    "mmcv": {
        "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4},
        "paramwise_cfg": {
            "norm_decay_mult": 0.0,
            "custom_keys": {
                "router": {"lr_mult": 0.1},
                "experts.0.": {"lr_mult": 2.0},
                "layers.1.": {"decay_mult": 0.0},
            },
        },
    },
    "timm": {
        "constructor": "timm",
        "optimizer": {"type": "adamw", "lr": 1e-3, "weight_decay": 0.05},
        "paramwise_cfg": {"layer_decay": 0.75},
    },
}
HOW = (
    "A mixture of experts as an inventory; deciding, all findings and the report; a process of its own each, "
    "the median of three. What an audit costs however small the model is, is part of the figure for 1,000."
)


def figures() -> list[Figure]:
    """Time and memory of each policy."""
    found = []
    for policy in POLICIES:
        runs = [[_measured(policy, size) for size in (SMALL, MIDDLE, LARGE)] for _ in range(3)]
        small, middle, large = (sorted(run[which]["each"] for run in runs)[1] for which in range(3))
        peak = max(run[2]["peak"] for run in runs)
        what = f"{policy}: auditing {LARGE:,} parameters"
        found.append(Figure(what, large, small, "µs a parameter", f"{SMALL:,} parameters", 1.3, HOW))
        found.append(Figure(what, large, middle, "µs a parameter", f"{MIDDLE:,} parameters", 1.3, HOW))
        found.append(
            Figure(f"{what}, at most", peak, 2.0, "GiB", "2 GiB", 1.0, "Peak resident memory of that process.")
        )
    return found


def _measured(policy: str, size: int) -> dict[str, float]:
    arguments = [sys.executable, "-m", "benchmarks.growth", policy, str(size)]
    done = subprocess.run(arguments, env=environment(), cwd=REPOSITORY, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _measure(policy: str, size: int) -> dict[str, float]:
    from pgaudit import audit

    inventory = mixture(size)
    audit(mixture(SMALL), POLICIES[policy])  # what is loaded once
    rounds = max(1, 20 * SMALL // size)
    begin = time.perf_counter()
    for _ in range(rounds):
        report = audit(inventory, POLICIES[policy])
        _ = report.groups, report.rules
    spent = (time.perf_counter() - begin) / rounds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIBIBYTE
    return {"each": spent / size * 1e6, "peak": peak}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_measure(sys.argv[1], int(sys.argv[2]))))
    else:
        emit(figures())

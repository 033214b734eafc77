"""All of timm's models under one config, once they are known, against building them all on the meta device.

``PGAUDIT_BENCH_GLOB`` names fewer models than all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from benchmarks.figures import REPOSITORY, Figure, emit, environment, interleaved, seconds

GLOB = os.environ.get("PGAUDIT_BENCH_GLOB", "*")
CONFIG = "configs/resnet50_mmcv.yaml"
JOBS, ROUNDS = 2, 3
BUILD = """
import sys, warnings
import timm, torch
warnings.simplefilter("ignore")
for name in timm.list_models(sys.argv[1]):
    with torch.device("meta"):
        timm.create_model(name)
"""


def figures() -> list[Figure]:
    """One figure."""
    building = seconds(["-c", BUILD, GLOB], environment())
    ours = None
    if _is_there():
        with tempfile.TemporaryDirectory() as folder:
            _sweep(folder)  # the first one fills the cache
            ours = interleaved({"ours": lambda: _sweep(folder)}, ROUNDS)["ours"]
    models = "all of timm's models" if GLOB == "*" else f"timm's {GLOB}"
    what = f"warm `pgaudit sweep '{GLOB}'`, one config, {JOBS} jobs"
    how = f"The median of {ROUNDS} sweeps with a filled cache, and one building, one after the other."
    return [Figure(what, ours, building, "s", f"building {models} on the meta device, in one process", 0.05, how)]


def _is_there() -> bool:
    command = [sys.executable, "-m", "pgaudit", "sweep", "--help"]
    return subprocess.run(command, env=environment(), cwd=REPOSITORY, capture_output=True).returncode == 0


def _sweep(folder: str) -> float:
    arguments = ["-m", "pgaudit", "sweep", GLOB, CONFIG, "--jobs", str(JOBS), "--fail-on", "never"]
    return seconds(arguments, environment(PGAUDIT_CACHE_DIR=folder))


if __name__ == "__main__":
    emit(figures())

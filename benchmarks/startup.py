"""Whole processes, from start to end: a page of help, a cold table, and a table of a model that is known."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile

from benchmarks.figures import ORACLE, REPOSITORY, Figure, emit, environment, interleaved, process

SHOW = ("-m", "pgaudit", "show", "resnet50", "configs/resnet50_mmcv.yaml")
RIVAL = ("benchmarks/rival_show.py", "resnet50", "configs/resnet50_mmcv.yaml")
BY_HAND = "a script through timm and the real mmcv 1.x on the CPU"
IMPORTS = 'python -c "import typer, rich.table, yaml"'
HELP_ROUNDS, SHOW_ROUNDS = 15, 5


def figures() -> list[Figure]:
    """Help, cold, and warm."""
    with tempfile.TemporaryDirectory() as folder:
        return [_help(), *_shows(folder)]


def _help() -> Figure:
    runs = {"ours": process("-m", "pgaudit", "--help"), "rival": process("-c", "import typer")}
    took = interleaved(runs, HELP_ROUNDS)
    how = f"Medians of {HELP_ROUNDS} processes each, in turn."
    return Figure("`pgaudit --help`", took["ours"], took["rival"], "s", 'python -c "import typer"', 2.0, how)


def _shows(folder: str) -> list[Figure]:
    rival = process(*RIVAL, PYTHONPATH=f"{ORACLE}:{REPOSITORY}")
    cold = process(*SHOW, PGAUDIT_CACHE_DIR=f"{folder}/cold")

    def from_nothing() -> float:
        shutil.rmtree(f"{folder}/cold", ignore_errors=True)  # what the last round has left
        return cold()

    took = interleaved({"cold": from_nothing, "rival": rival}, SHOW_ROUNDS)
    warm = process(*SHOW, PGAUDIT_CACHE_DIR=f"{folder}/warm")
    warm()
    there = not _loads_torch(f"{folder}/warm")
    soon = interleaved({"warm": warm, "imports": process("-c", "import typer, rich.table, yaml")}, HELP_ROUNDS)
    ours = soon["warm"] if there else None
    how = f"Medians of {SHOW_ROUNDS} processes each, in turn; 161 parameters, and the same table of both."
    known = (
        f"Medians of {HELP_ROUNDS} processes each, in turn; the inventory comes from the cache, torch is not loaded."
    )
    return [
        Figure("cold `pgaudit show resnet50`", took["cold"], took["rival"], "s", BY_HAND, 1.0, how),
        Figure("warm `pgaudit show resnet50`", ours, took["rival"], "s", BY_HAND, 0.08, known),
        Figure("warm `pgaudit show resnet50`", ours, soon["imports"], "s", IMPORTS, 2.2, known),
    ]


def _loads_torch(folder: str) -> bool:
    code = f"import sys; from pgaudit.cli import main; main({list(SHOW[2:])}); sys.exit('torch' in sys.modules)"
    env = environment(PGAUDIT_CACHE_DIR=folder)
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=REPOSITORY, capture_output=True)
    return done.returncode != 0


if __name__ == "__main__":
    emit(figures())

"""Whole commands on a saved file of a million parameters, and what they write, fit into two GiB."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import REPOSITORY, Figure, emit, environment
from benchmarks.mixture import mixture

LARGE = 1_000_000
POLICY = """\
optimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}
paramwise_cfg:
  norm_decay_mult: 0.0
  custom_keys: {router: {lr_mult: 0.1}, experts.0.: {lr_mult: 2.0}}
"""
COMMANDS = (("show",), ("show", "--format", "json"), ("check", "--fail-on", "never"))
HOW = "Peak resident memory of that process, from a saved file of a mixture of experts, all of its output into a file."


def figures() -> list[Figure]:
    """The memory of each command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # By another process: of a process that begins another one, Linux counts the memory as the other's, too.
        arguments = [sys.executable, "-m", "benchmarks.commands", str(folder / "moe.inventory.json")]
        subprocess.run(arguments, cwd=REPOSITORY, env=environment(), check=True)
        (folder / "policy.yaml").write_text(POLICY)
        _run(folder, "show", "resnet18")  # the cache then knows what the optimizer does
        return [
            Figure(
                f"`pgaudit {' '.join(command)}` of {LARGE:,} parameters",
                _run(folder, command[0], "moe.inventory.json", *command[1:]), 2.0, "GiB", "2 GiB", 1.0, HOW,
            )
            for command in COMMANDS
        ]  # fmt: skip


def _save(path: Path) -> None:
    from pgaudit.models.saved.file import Saved, written

    path.write_text(written(Saved(mixture(LARGE))), encoding="utf-8")


def _run(folder: Path, command: str, model: str, *options: str) -> float:
    """Runs a command, and returns its peak of memory in GiB."""
    arguments = [sys.executable, "-m", "pgaudit", command, model, "policy.yaml", *options]
    env = environment(PGAUDIT_CACHE_DIR=str(folder / "cache"))
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        child = subprocess.Popen(arguments, cwd=folder, env=env, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"pgaudit {command} ended with {child.returncode}:\n{(folder / 'err').read_text()}")
    return usage.ru_maxrss / (1 << 20)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _save(Path(sys.argv[1]))
    else:
        emit(figures())

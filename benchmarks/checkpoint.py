"""A checkpoint of 480 MB: the whole process, beside the start of the libraries that any such program imports."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import REPOSITORY, Figure, emit, environment, interleaved, process

IMPORTS = 'python -c "import typer, rich.table, yaml"'
ROUNDS = 15
BLOCKS, WIDTH = 20, 1000
"""Of linear layers: 40 M parameters, of which AdamW keeps two more numbers each, in 4 bytes."""
WRITE = """
import sys, torch
from torch import nn
model = nn.Sequential(*(nn.Linear({width}, 2 * {width}) if i % 2 == 0 else nn.Linear(2 * {width}, {width})
                        for i in range({blocks})))
decayed = [each for each in model.parameters() if each.ndim > 1]
others = [each for each in model.parameters() if each.ndim <= 1]
optimizer = torch.optim.AdamW([{{"params": decayed}}, {{"params": others, "weight_decay": 0.0}}], lr=1e-3)
for each in model.parameters():
    each.grad = torch.zeros_like(each)
optimizer.step()
torch.save({{"model": model.state_dict(), "optimizer": optimizer.state_dict()}}, sys.argv[1])
"""


def figures() -> list[Figure]:
    """`show` on a checkpoint alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.pt")
        code = WRITE.format(width=WIDTH, blocks=BLOCKS)
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, cwd=REPOSITORY, env=environment())
        runs = {
            "ours": process("-m", "pgaudit", "show", str(path)),
            "rival": process("-c", "import typer, rich.table, yaml"),
        }
        took = interleaved(runs, ROUNDS)
        size = path.stat().st_size / 1e6
        ours = took["ours"] if not _loads_torch(path) else None
    how = f"Medians of {ROUNDS} processes each, in turn; a file of {size:,.0f} MB, torch is not loaded."
    return [Figure("`pgaudit show run.pt`", ours, took["rival"], "s", IMPORTS, 3.0, how)]


def _loads_torch(path: Path) -> bool:
    code = f"import sys; from pgaudit.cli import main; main(['show', {str(path)!r}]); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), cwd=REPOSITORY, capture_output=True)
    return done.returncode != 0


if __name__ == "__main__":
    emit(figures())

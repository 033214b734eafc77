"""What a library said of a schedule is remembered: a second run imports neither it nor torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgaudit.cli import main

ROOT = Path(__file__).parents[2]
CONFIG = "model: net.inventory.json\noptimizer: {type: AdamW, lr: 0.1}\n"
TRANSFORMERS = "scheduler: {type: 'transformers:cosine', num_warmup_steps: 10, num_training_steps: 100}\n"
MMENGINE = "scheduler: {type: 'mmengine:CosineAnnealingLR', T_max: 100, by_epoch: false}\n"
MMCV = "scheduler: {type: 'mmcv:CosineAnnealing', min_lr: 0.001, by_epoch: false}\n"


@pytest.fixture(autouse=True)
def _inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGAUDIT_CACHE_DIR", str(tmp_path / "cache"))
    assert main(["snapshot", "resnet18", "-o", str(tmp_path / "net.inventory.json")]) == 0


def _lrs(folder: Path, path: Path, config: str, *options: str) -> tuple[str, set[str]]:
    """The lrs over time as CSV, and the packages that were imported for them."""
    (folder / "c.yaml").write_text(CONFIG + config)
    command = ["show", "c.yaml", "--at", "0,50", "--steps", "100", "--format", "csv", *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(path)])}
    run = [sys.executable, "-X", "importtime", "-m", "pgaudit", *command]
    done = subprocess.run(run, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    return done.stdout, imported


def _asked_once(folder: Path, path: Path, library: str, config: str) -> str:
    first, imported = _lrs(folder, path, config)
    assert {library, "torch"} <= imported
    second, imported = _lrs(folder, path, config)
    assert second == first
    assert not {library, "torch"} & imported
    return first


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("library", "oracle", "config"), [("transformers", "training", TRANSFORMERS), ("mmcv", "mmcv1", MMCV)]
)
def test_a_second_run_does_not_import_the_library(library: str, oracle: str, config: str, tmp_path: Path) -> None:
    _asked_once(tmp_path, ROOT / ".oracles" / oracle, library, config)


@pytest.mark.oracle
def test_nor_does_it_import_mmengine_until_that_is_edited(tmp_path: Path) -> None:
    path = tmp_path / "installed"
    path.mkdir()
    for each in (ROOT / ".oracles" / "mmengine").iterdir():
        if each.name != "mmengine":
            (path / each.name).symlink_to(each)
    subprocess.run(["cp", "-r", str(ROOT / ".oracles" / "mmengine" / "mmengine"), str(path)], check=True)
    first = _asked_once(tmp_path, path, "mmengine", MMENGINE)
    file = path / "mmengine" / "optim" / "scheduler" / "param_scheduler.py"
    text = file.read_text()
    assert text.count("math.cos(math.pi") >= 2
    file.write_text(text.replace("math.cos(math.pi", "0.5 * math.cos(math.pi"))
    assert _lrs(tmp_path, path, MMENGINE)[0] != first

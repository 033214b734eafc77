"""A snapshot of the model that a Python config describes: the config stands for it, then and when it is checked."""

from __future__ import annotations

from pathlib import Path

from pgaudit.models.saved.file import read
from tests.parity.client import ROOT, Oracle

CONFIGS = ROOT / ".oracles/mmpretrain/mmpretrain/.mim/configs"
CONFIG = "resnet/resnet18_8xb32_in1k.py"


def test_the_model_of_an_mmpretrain_config(library: Oracle, tmp_path: Path) -> None:
    file = tmp_path / "net.inventory.json"
    for arguments in ([CONFIG, "-o", str(file)], [CONFIG, "--check", str(file)]):
        found = library.ask(folder=str(CONFIGS), argv=["snapshot", *arguments])
        assert (found["code"], found["out"]) == (0, ""), found
    saved = read(file.read_bytes(), str(file))
    assert (saved.inventory.ref, saved.inventory.source) == (f"{CONFIG} (ImageClassifier)", "mmpretrain")
    assert saved.versions.keys() == {"torch", "mmpretrain"}

"""The configs with layer decay that mmpose publishes: read as mmengine reads them, and their constructor is known."""

from __future__ import annotations

import json
from typing import Any

from tests.openmmlab.marked import readings
from tests.openmmlab.places import misplaced
from tests.parity.client import ROOT, Oracle

CONFIGS = ROOT / ".oracles/mmpretrain/mmpose/.mim/configs"
CLASS = "LayerDecayOptimWrapperConstructor"


def published() -> list[str]:
    """Those that name the class."""
    paths = sorted(CONFIGS.rglob("*.py"))
    return [path.relative_to(CONFIGS).as_posix() for path in paths if CLASS in path.read_text(encoding="utf-8")]


def test_all_are_read_as_mmengine_reads_them(library: Oracle) -> None:
    found = readings(library, CONFIGS, published())
    assert len(found) == 12
    for both in found:
        assert {key: both["ours"].get(key) for key in both["theirs"]} == both["theirs"], both
        assert not misplaced(CONFIGS, both["ours"]["places"]), both["path"]


def test_their_custom_keys_are_said_to_be_read_by_nobody(library: Oracle) -> None:
    misspelled = [path for path in published() if "decay_multi=" in (CONFIGS / path).read_text(encoding="utf-8")]
    path = next(path for path in misspelled if "num_layers=12" in (CONFIGS / path).read_text(encoding="utf-8"))
    model = f"{ROOT}/configs/models/layered.py:make_vit"
    said = library.ask(folder=str(CONFIGS), argv=["show", model, path, "--format", "json"])
    assert said["code"] == 0, said
    report: dict[str, Any] = json.loads(said["out"])
    assert report["config"]["constructor"] == "mmpose_layer_decay"
    (finding,) = [each for each in report["findings"] if each["severity"] == "error"]
    assert (finding["code"], finding["path"]) == ("PG014", path)
    assert '"custom_keys" is an option of' in finding["message"]
    assert finding["hint"] == "this constructor reads layer_decay_rate, num_layers, and nothing else: remove it"

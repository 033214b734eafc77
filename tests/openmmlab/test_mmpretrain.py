"""The configs that mmpretrain publishes: read as mmengine reads them, and audited on the models that they name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.openmmlab.marked import readings
from tests.openmmlab.places import misplaced
from tests.parity.client import ROOT, Oracle

CONFIGS = ROOT / ".oracles/mmpretrain/mmpretrain/.mim/configs"
Record = Callable[[str, object], None]

OTHER_CONSTRUCTORS = "constructor"
"""Layer decays are constructors of their own; a config that names one may be refused for that alone."""
SLICES = 16
BUILT = """
resnet/resnet18_8xb32_in1k.py
swin_transformer/swin-tiny_16xb64_in1k.py
vision_transformer/vit-base-p16_64xb64_in1k.py
convnext/convnext-tiny_32xb128_in1k.py
mobilenet_v2/mobilenet-v2_8xb32_in1k.py
deit/deit-small_4xb256_in1k.py
regnet/regnetx-400mf_8xb128_in1k.py
barlowtwins/barlowtwins_resnet50_8xb256-coslr-300e_in1k.py
mae/mae_vit-base-p16_8xb512-amp-coslr-300e_in1k.py
resnet/resnet50_8xb16_cifar10.py
""".split()


def published() -> list[str]:
    """Whole configs: what they inherit from is not trained with."""
    paths = (path.relative_to(CONFIGS) for path in CONFIGS.rglob("*.py"))
    return sorted(path.as_posix() for path in paths if path.parts[0] != "_base_")


def compared(library: Oracle, paths: list[str]) -> tuple[int, int]:
    """Reads each config both ways; returns how many are read, and how many places are right."""
    read = places = 0
    for both in readings(library, CONFIGS, paths):
        ours, theirs = both["ours"], both["theirs"]
        if "refused" in ours:
            refusal = " ".join(ours["refused"])
            alike = "raises" in theirs or theirs["optimizer"] == ["NoneType", "None"]
            assert alike or OTHER_CONSTRUCTORS in refusal, both
            continue
        assert {key: ours[key] for key in theirs} == theirs, both["path"]
        assert not misplaced(CONFIGS, ours["places"]), both["path"]
        read += 1
        places += len(ours["places"])
    return read, places


def audit(library: Oracle, path: str) -> dict[str, Any]:
    return library.ask(folder=str(CONFIGS), config=path)


@pytest.mark.parametrize("part", range(0, 8, 2))  # about 230 in all
def test_configs_are_read_as_mmengine_reads_them(library: Oracle, part: int, record_property: Record) -> None:
    read, places = compared(library, published()[part::8])
    assert read >= 50
    assert places >= 500
    record_property("compared with mmengine, configs of mmpretrain", read)
    record_property("compared with mmengine, places of their keys", places)


@pytest.mark.parametrize("path", BUILT)
def test_a_config_is_audited_on_the_model_that_it_names(library: Oracle, path: str, record_property: Record) -> None:
    found = audit(library, path)
    assert found.get("agrees"), found
    assert found["meta"]
    record_property("compared with mmengine, models of mmpretrain's configs", 1)


@pytest.mark.parity_full
@pytest.mark.parametrize("part", range(SLICES))
def test_every_config(library: Oracle, part: int, record_property: Record) -> None:
    paths = published()[part::SLICES]
    read, places = compared(library, paths)
    record_property("compared with mmengine, all configs of mmpretrain", read)
    record_property("compared with mmengine, places of all their keys", places)
    found = {path: audit(library, path) for path in paths}
    for path, one in found.items():
        print(path, one)  # seen where it fails
    outcomes = Counter("audited" if "codes" in one else next(iter(one)) for one in found.values())
    codes = Counter(code for one in found.values() for code in one.get("codes", ()))
    for outcome, count in outcomes.items():
        record_property(f"shown, mmpretrain's configs: {outcome}", count)
    for code, count in codes.items():
        record_property(f"shown, mmpretrain's configs with {code}", count)
    assert all(one["agrees"] for one in found.values() if "agrees" in one)
    assert outcomes["audited"] > 0


def test_the_paths_are_there() -> None:
    assert all(Path(CONFIGS, path).is_file() for path in BUILT)

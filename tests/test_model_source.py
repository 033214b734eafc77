"""A saved inventory, given as MODEL: the same answer as the model's, and no torch for the model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

import pgaudit
from pgaudit import user_code
from pgaudit.cli import main
from pgaudit.config import load_config
from pgaudit.models.built import BuiltModel
from pgaudit.models.saved.file import Saved, packed, written
from pgaudit.models.source import model_source
from pgaudit.snapshot import snapshot
from tests.command_lines import ROOT, Answer, answers

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Inventories of the models that the examples are for, by the example."""
    folder = tmp_path_factory.mktemp("saved")
    files: dict[str, Path] = {}
    found = {}
    for path in CONFIGS:
        config = load_config(path)
        key = repr((config.model, config.model_args))
        if key not in files:
            files[key] = folder / f"{len(files)}.inventory.json"
            files[key].write_text(written(snapshot(None, config=config)), "utf-8")
        found[path.stem] = files[key]
    return found


def _commands(path: Path, file: Path) -> list[list[str]]:
    config = str(path.relative_to(ROOT))
    (first, *_) = pgaudit.audit(str(file), path).params
    return [
        ["show", str(file), config, "--format", "json"],
        ["explain", str(file), config, first.name],
        ["lock", str(file), config],
        ["diff", config, config, "--model", str(file)],
        ["check", str(file), config, "--fail-on", "never"],
    ]


def _runs_code(path: Path) -> bool:
    """Whether the config names a function, which may change torch: then the cache is not asked."""
    return "lr_factor_func: configs/" in path.read_text("utf-8")


@pytest.fixture(scope="module")
def answered(saved: dict[str, Path]) -> dict[str, list[Answer]]:
    """What all commands answer about each example, once the cache knows what its optimizer does; in two processes, for
    what runs code loads torch.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(user_code, "_ran", [])  # by other tests, after which a cache is not asked
        for path in CONFIGS:
            if not _runs_code(path):
                pgaudit.audit(str(saved[path.stem]), path, cache=pgaudit.Cache())
    found: dict[str, list[Answer]] = {}
    for code in (False, True):
        calls = {path.stem: _commands(path, saved[path.stem]) for path in CONFIGS if _runs_code(path) is code}
        all_answers = iter(answers([call for each in calls.values() for call in each]))
        found |= {stem: [next(all_answers) for _ in each] for stem, each in calls.items()}
    return found


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_example_gets_the_same_and_needs_torch_only_once(
    path: Path, saved: dict[str, Path], answered: dict[str, list[Answer]]
) -> None:
    report, real = pgaudit.audit(str(saved[path.stem]), path).to_dict(), pgaudit.audit(None, path).to_dict()
    # The example's own arguments are not those of a model that is named beside it.
    assert {**report, "model": real["model"]} == real
    for answer in answered[path.stem]:
        assert (answer.code, "torch" in answer.loaded) == (0, _runs_code(path)), answer.err
        assert "timm" not in answer.loaded
    assert json.loads(answered[path.stem][0].out)["params"] == report["params"]


def test_the_inventory_itself_needs_no_torch_and_a_packed_file_is_the_same(
    saved: dict[str, Path], tmp_path: Path
) -> None:
    file, config = saved["resnet50_mmcv"], "configs/resnet50_mmcv.yaml"
    from_package = tmp_path / "x.json.gz"
    from_package.write_bytes(packed(file.read_text("utf-8")))
    code = f"from pgaudit.models.source import read_saved; import sys; read_saved({str(from_package)!r})"
    check = "assert not {'torch', 'timm'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", f"{code}; {check}"], check=True, cwd=ROOT)
    plain, same = (pgaudit.audit(str(each), ROOT / config).to_dict() for each in (file, from_package))
    assert plain == {**same, "model": plain["model"]}
    swept, shown = answers([["sweep", f"{tmp_path}/*.json.gz", config, "-j", "1"], ["show", str(from_package)]])
    assert (swept.code, shown.code) == (0, 2)
    assert "MODEL comes first, then CONFIG" in shown.err


def test_both_ends_of_a_wrapper_are_there() -> None:
    class Wrapper(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
            self.beside = nn.Linear(2, 2)

    policy = {"optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.1}, "paramwise_cfg": {"norm_decay_mult": 0.0}}
    model = Wrapper()
    saved = Saved(*BuiltModel(model, "wrapper").inventories())
    for constructor in ("mmcv", "detectron2"):
        config = {**policy, "constructor": constructor}
        if constructor == "detectron2":
            config["paramwise_cfg"] = {"base_lr": 0.1, "weight_decay_norm": 0.0}
        ours, theirs = pgaudit.audit(saved, config), pgaudit.audit(model, config)
        assert ours.to_dict()["params"] == theirs.to_dict()["params"]
    with pytest.raises(pgaudit.UsageError, match="`module`"):
        model_source(saved, load_config(policy)).identities(unwrap=True)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["show", "missing.inventory.json", "{config}"], "no such inventory file"),
        (["show", "{file}", "{config}", "--model-arg", "num_classes=3"], "takes no arguments"),
        (["show", "{report}", "{config}"], "report"),
        (["convert", "{config}", "--to", "python", "--model", "{file}"], "the model itself"),
        (["snapshot", "{file}"], "names no model"),
    ],
)
def test_what_cannot_be_is_said(
    command: list[str],
    said: str,
    saved: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = "configs/resnet50_mmcv.yaml"
    report = tmp_path / "report.json"
    report.write_text(json.dumps(pgaudit.audit("resnet18", ROOT / config).to_dict()))
    words = {"config": config, "file": str(saved["resnet50_mmcv"]), "report": str(report)}
    monkeypatch.chdir(ROOT)
    assert main([word.format(**words) for word in command]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_a_config_may_name_one_beside_it(saved: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "mine.inventory.json").write_bytes(saved["resnet50_mmcv"].read_bytes())
    config = tmp_path / "mine.yaml"
    config.write_text("model: mine.inventory.json\noptimizer: {type: SGD, lr: 0.1}\n")
    assert len(pgaudit.audit(None, config).params) == 161
    assert main(["diff", str(config), str(config)]) == 0
    assert main(["convert", str(config), "--to", "mmengine"]) == 0

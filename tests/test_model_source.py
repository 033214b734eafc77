"""A saved inventory, given as MODEL: the same answer as the model's, and no torch for the model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

import pgaudit
from pgaudit import user_code
from pgaudit.config import load_config
from pgaudit.models.built import BuiltModel
from pgaudit.models.saved.file import Saved, packed, written
from pgaudit.models.source import model_source
from pgaudit.snapshot import snapshot

ROOT = Path(__file__).parent.parent
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
RUN = """
import sys
from pgaudit.cli import main

codes = [main(line.split("\\t")) for line in sys.stdin.read().splitlines()]
print(codes, sorted({"torch", "timm", "torchvision"} & sys.modules.keys()), file=sys.stderr)
"""


def _run(*commands: list[str]) -> subprocess.CompletedProcess[str]:
    lines = "\n".join("\t".join(command) for command in commands)
    run = [sys.executable, "-c", RUN]
    return subprocess.run(run, input=lines, capture_output=True, text=True, cwd=ROOT, env=os.environ, check=False)


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


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_example_gets_the_same_and_needs_torch_only_once(
    path: Path, saved: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(saved[path.stem])
    monkeypatch.setattr(user_code, "_ran", [])  # by other tests, after which a cache is not asked
    report, real = pgaudit.audit(file, path, cache=pgaudit.Cache()).to_dict(), pgaudit.audit(None, path).to_dict()
    # The example's own arguments are not those of a model that is named beside it.
    assert {**report, "model": real["model"]} == real
    first = report["params"][0]["name"]
    config = str(path.relative_to(ROOT))
    commands = [
        ["show", file, config, "--format", "json"],
        ["explain", file, config, first],
        ["lock", file, config],
        ["diff", config, config, "--model", file],
        ["check", file, config, "--fail-on", "never"],
    ]
    # The config's optimizer is asked the first time; then the cache knows what it does.
    assert _run(commands[0]).returncode == 0
    done = _run(*commands)
    answers = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    # The config's own function may have changed torch: the cache is not asked then.
    code = "lr_factor_func: configs/" in path.read_text("utf-8")
    assert answers[-1] == f"[0, 0, 0, 0, 0] {['torch'] if code else []}", done.stderr
    assert json.loads(done.stdout[: done.stdout.index("\n}\n") + 3])["params"] == report["params"]


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
    listed = _run(["sweep", f"{tmp_path}/*.json.gz", config, "-j", "1"], ["show", str(from_package)])
    assert listed.stderr.splitlines()[-1].startswith("[0, 2]")
    assert "MODEL comes first, then CONFIG" in listed.stderr


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
def test_what_cannot_be_is_said(command: list[str], said: str, saved: dict[str, Path], tmp_path: Path) -> None:
    config = "configs/resnet50_mmcv.yaml"
    report = tmp_path / "report.json"
    report.write_text(json.dumps(pgaudit.audit("resnet18", ROOT / config).to_dict()))
    words = {"config": config, "file": str(saved["resnet50_mmcv"]), "report": str(report)}
    done = _run([word.format(**words) for word in command])
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("[2] ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_config_may_name_one_beside_it(saved: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "mine.inventory.json").write_bytes(saved["resnet50_mmcv"].read_bytes())
    config = tmp_path / "mine.yaml"
    config.write_text("model: mine.inventory.json\noptimizer: {type: SGD, lr: 0.1}\n")
    assert len(pgaudit.audit(None, config).params) == 161
    done = _run(["diff", str(config), str(config)], ["convert", str(config), "--to", "mmengine"])
    assert done.stderr.splitlines()[-1].startswith("[0, 0]")

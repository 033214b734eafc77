"""Writes what RT-DETR's own code makes of random files and models to ``tests/data/rtdetr.json``.

Its repositories are no packages, so that the tests hold answers. ``python -m tests.parity.record_rtdetr D-FINE/src``,
of a clone of Peterande/D-FINE, asks the real ``YAMLConfig``: ``load_config`` reads the files, ``get_optim_params``
groups the parameters, ``create`` calls torch's class. RT-DETR and DEIM have the same functions.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import types
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
import yaml

from tests.parity.named import named

DATA = Path(__file__).parents[1] / "data" / "rtdetr.json"
COUNT = 360
NAMES = """
    backbone.stem.conv.weight backbone.stem.bn.weight backbone.stem.bn.bias backbone.stages.0.norm.weight
    backbone.stages.0.conv.weight backbone.lab.scale encoder.input_proj.0.norm.weight encoder.layers.0.linear1.weight
    encoder.layers.0.linear1.bias encoder.layers.0.norm1.bias decoder.layers.0.self_attn.in_proj_bias
    decoder.layers.0.norm3.weight decoder.enc_score_head.weight decoder.bbox_head.bias head.bn.weight
    """.split()
SCOPES = ["backbone", "encoder", "decoder", "(?:encoder|decoder)", "head", "neck", "encoder|decoder"]
KINDS = ["norm|bn", "(?:norm|bn)", "bias", "(?:norm|bn|bias)", "weight", "lab"]


def pattern(rng: random.Random) -> str:
    scope, kind = rng.choice(SCOPES), rng.choice(KINDS)
    shapes = [
        f"^(?=.*{scope})(?=.*{kind}).*$",
        f"^(?=.*{scope})(?!.*{kind}).*$",
        f"^(?=.*{scope}).*$",
        f"^{scope}",
        f"{scope}.*{kind}$",
        kind,
        f"^{scope}|{kind}$",
    ]
    return rng.choices(shapes, [4, 4, 2, 1, 1, 1, 1])[0]


def entry(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {"params": pattern(rng)}
    if rng.random() < 0.6:
        found["lr"] = rng.choice([1e-4, 1e-05, 0.0000125, 0.0, 1])
    if rng.random() < 0.6:
        found["weight_decay"] = rng.choice([0.0, 0, 0.05])
    if rng.random() < 0.15:
        found["betas"] = [0.5, 0.9]
    if rng.random() < 0.1:
        found["note"] = "mine"
    return found


def optimizer(rng: random.Random, *, whole: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if whole or rng.random() < 0.3:
        found["type"] = rng.choice(["AdamW", "AdamW", "Adam"])
    if rng.random() < 0.7:
        found["lr"] = rng.choice([0.0002, 4e-4, 1])
    if rng.random() < 0.6:
        found["weight_decay"] = rng.choice([0.0001, 0.05, 0])
    if rng.random() < 0.4:
        found["betas"] = [0.9, 0.99]
    if rng.random() < (0.85 if whole else 0.4):
        found["params"] = [entry(rng) for _ in range(rng.choices([0, 1, 2, 3], [1, 5, 5, 3])[0])]
    return found


def files(rng: random.Random) -> dict[str, str]:
    """A config and what it includes: some twice, some empty, some with other keys in which a value and a mapping take
    each other's place.
    """
    paths = ["config.yml", "base/a.yml", "base/deep/b.yaml", "c.yml"][: rng.choices([1, 2, 3, 4], [3, 2, 2, 2])[0]]
    found, empty = {}, len(paths) > 2 and rng.random() < 0.15
    for index, path in enumerate(paths):
        said: dict[str, Any] = {}
        later = paths[index + 1 :]
        if later:
            included = [rng.choice(later) for _ in range(rng.randint(1, 2))]
            said["__include__"] = [written(rng, path, other) for other in included]
        is_last = index == len(paths) - 1
        if index or is_last or empty or rng.random() < 0.8:
            said["optimizer"] = optimizer(rng, whole=is_last or (empty and not index))
        for key in ("ema", "epochs", "HGNetv2"):
            if rng.random() < 0.5:
                said[key] = rng.choice([1, [1, 2], {"a": 1, "b": {"c": rng.random()}}, {"b": 2}, {"b": {"d": [3]}}])
        found[path] = "# nothing\n" if empty and is_last else yaml.safe_dump(said, sort_keys=False)
    return found


def written(rng: random.Random, path: str, other: str) -> str:
    """How one file may name another."""
    relative = os.path.relpath(other, os.path.dirname(path) or ".")
    return rng.choice([relative, relative, f"./{relative}", f"~/{other}", f"<folder>/{other}"])


def cases() -> Iterator[dict[str, Any]]:
    for number in range(COUNT):
        rng = random.Random(number)
        names = sorted(rng.sample(range(len(NAMES)), rng.randint(1, len(NAMES))))
        share = rng.choice([0, 0, 0.3, 1 if rng.random() < 0.3 else 0])
        frozen = [index for index in names if rng.random() < share]
        twins = {f"twin.{index}": index for index in names if rng.random() < 0.05}
        yield {"files": files(rng), "names": names, "frozen": frozen, "twins": twins}


def main(source: str) -> None:
    """Asks the real code about each case, in a process of its own, since it remembers what it has loaded."""
    commit = subprocess.run(["git", "-C", source, "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    config_class, known = real(source), list(cases())
    torch.optim.AdamW(named(["weight"]).parameters())  # for the first one, torch loads what takes long
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        answers = pool.map(partial(answer, config_class), known, chunksize=1)
    lines = [json.dumps({**case, **found}, separators=(",", ":")) for case, found in zip(known, answers, strict=True)]
    head = json.dumps({"commit": commit, "names": NAMES})[:-1]
    DATA.write_text(f'{head}, "cases": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def answer(config_class: Any, case: dict[str, Any]) -> dict[str, Any]:
    """What the real code makes of a case: what the files say together, and the groups or the exception."""
    model = named(
        [NAMES[index] for index in case["names"]],
        frozen=[NAMES[index] for index in case["frozen"]],
        twins={name: NAMES[index] for name, index in case["twins"].items()},
    )
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        for path, text in case["files"].items():
            Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, path).write_text(text.replace("<folder>", folder), encoding="utf-8")
        config = config_class(str(Path(folder, "config.yml")))
    said = {"said": {key: value for key, value in config.yaml_cfg.items() if key != "__include__"}}
    said = said if len(case["files"]) > 1 else {}
    config._model = model
    try:
        built = config.optimizer
    except Exception as error:
        return {**said, "error": type(error).__name__}
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    of = {NAMES[index]: index for index in case["names"]} | case["twins"]
    groups = [
        {
            "params": [of[names[id(each)]] for each in group["params"]],
            **{key: group[key] for key in ("lr", "weight_decay", "betas", "note") if key in group},
        }
        for group in built.param_groups
    ]
    return {**said, "class": type(built).__name__, "groups": groups}


def real(source: str) -> Any:
    """``YAMLConfig``, without the rest of the repository, whose packages import data sets and models."""
    for name, folder in (("src", source), ("src.optim", f"{source}/optim")):
        package = types.ModuleType(name)
        package.__path__ = [folder]
        sys.modules[name] = package
    boards = types.ModuleType("torch.utils.tensorboard")
    boards.SummaryWriter = object  # type: ignore[attr-defined]
    sys.modules["torch.utils.tensorboard"] = boards
    import_module("src.optim.optim")  # which registers torch's classes
    return import_module("src.core.yaml_config").YAMLConfig


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))

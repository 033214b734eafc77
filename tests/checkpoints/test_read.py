"""Single files: every form in which people keep an optimizer, and one clear sentence for what is none."""

from __future__ import annotations

import argparse
import functools
import json
import os
import pickle
import re
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from pgaudit.checkpoints import is_checkpoint, read_checkpoint
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.plain import Opaque
from tests.checkpoints.made import model, names, same_as_real, saved, shapes, trained

NAMES = [["0.weight", "2.weight"], ["0.bias", "1.weight", "1.bias"]]
SHAPES = [(4, 3), (2, 4), (4,), (4,), (4,)]


class Own:
    """A class that the reader does not have."""

    def __init__(self, value: Any) -> None:
        self.value = value


def test_all_that_a_file_holds_is_read(tmp_path: Path) -> None:
    net, optimizer = trained(3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    value = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "lr_scheduler": scheduler.state_dict()}
    found = read_checkpoint(saved(value | {"epoch": 3}, tmp_path / "x.pt"))
    (read,) = found.optimizers
    same_as_real(read, optimizer.state_dict(), net)
    assert (found.layout, read.key, read.names_from, read.type) == ("torch.save", "optimizer", "param_names", None)
    assert (names(read), shapes(read)) == (NAMES, SHAPES)
    assert {tensor.dtype for tensor in read.tensors} == {"float32"}
    assert {name: each.shape for name, each in found.parameters.items()} == {
        name: tuple(each.shape) for name, each in net.state_dict().items()
    }
    (schedule,) = found.schedulers
    assert schedule.key == "lr_scheduler"
    assert schedule.values == scheduler.state_dict()


def _bare(path: Path) -> str:
    return saved(trained()[1].state_dict(), path)


def _legacy(path: Path) -> str:
    return saved(trained()[1].state_dict(), path, _use_new_zipfile_serialization=False)


def _plain_pickle(path: Path) -> str:
    path.write_bytes(
        pickle.dumps({"optimizer": {"state": {}, "param_groups": trained()[1].state_dict()["param_groups"]}})
    )
    return str(path)


def _deflated(path: Path) -> str:
    whole = _bare(path)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(f"{whole}.new", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    os.replace(f"{whole}.new", whole)
    return whole


def _with_objects(path: Path) -> str:
    state = trained()[1].state_dict()
    args = argparse.Namespace(lr=0.1, out=Path("x"), path=[Own(1), functools.partial(print), np.float64(3), {1, 2}])
    return saved({"args": args, "best": np.float32(3), "optimizer": state, "hub": Own({"a": Own(2)})}, path)


def _own_mappings(path: Path) -> str:
    return saved({"optimizer": OrderedDict(trained()[1].state_dict())}, path)


@pytest.mark.parametrize("make", [_bare, _legacy, _deflated, _with_objects, _own_mappings])
def test_every_container_gives_the_same(make: Callable[[Path], str], tmp_path: Path) -> None:
    (read,) = read_checkpoint(make(tmp_path / "x.pt")).optimizers
    net, optimizer = trained()
    same_as_real(read, optimizer.state_dict(), net)
    assert (names(read), shapes(read)) == (NAMES, SHAPES)


def test_a_plain_pickle_is_read(tmp_path: Path) -> None:
    (read,) = read_checkpoint(_plain_pickle(tmp_path / "x.pkl")).optimizers
    assert names(read) == NAMES
    assert not any(tensor.has_state for tensor in read.tensors)


def test_big_endian_values_are_read(tmp_path: Path) -> None:
    path = Path(_bare(tmp_path / "x.pt"))
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "big.pt", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("byteorder"):
                data = b"big"
            elif "/data/" in name:
                data = struct.pack(f">{len(data) // 4}f", *struct.unpack(f"<{len(data) // 4}f", data))
            new.writestr(name, data)
    (read,) = read_checkpoint(str(tmp_path / "big.pt")).optimizers
    assert {tensor.steps for tensor in read.tensors} == {2.0}


def test_an_optimizer_and_a_model_that_were_saved_whole(tmp_path: Path) -> None:
    net, optimizer = trained()
    found = read_checkpoint(saved({"net": net, "opt": optimizer}, tmp_path / "x.pt"))
    (read,) = found.optimizers
    same_as_real(read, optimizer.state_dict(), net)
    assert (read.type, read.key, read.defaults["lr"]) == ("AdamW", "opt", 0.1)
    assert {name: (each.shape, each.trainable) for name, each in found.parameters.items()} == {
        name: (tuple(each.shape), True) for name, each in net.named_parameters()
    }


SEVERAL: dict[str, tuple[Callable[[Any, Any], Any], list[str]]] = {
    "a list": (lambda a, b: {"optimizer_states": [a, b]}, ["optimizer_states[0]", "optimizer_states[1]"]),
    "by name": (lambda a, b: {"optimizer": {"gen": a, "disc": b}}, ["optimizer.gen", "optimizer.disc"]),
    "beside each other": (lambda a, b: {"optimizer_g": a, "optimizer_d": b}, ["optimizer_g", "optimizer_d"]),
    "deep": (lambda a, b: {"trainer": {"loops": [{"opt": a}], "x": (b, 1)}}, ["trainer.loops[0].opt", "trainer.x[0]"]),
    "a list at the top": (lambda a, b: [a, b], ["[0]", "[1]"]),
    "in an object": (lambda a, b: {"state": Own({"opts": [a, b]})}, ["state.value.opts[0]", "state.value.opts[1]"]),
}


@pytest.mark.parametrize(("put", "keys"), SEVERAL.values(), ids=SEVERAL)
def test_several_optimizers_in_one_file(put: Callable[[Any, Any], Any], keys: list[str], tmp_path: Path) -> None:
    first, second = trained(1)[1].state_dict(), trained(4)[1].state_dict()
    path = saved(put(first, second), tmp_path / "x.pt")
    found = read_checkpoint(path)
    assert [each.key for each in found.optimizers] == keys
    for each, real in zip(found.optimizers, (first, second), strict=True):
        same_as_real(each, real)
    (one,) = read_checkpoint(path, key=keys[1]).optimizers
    assert one == found.optimizers[1]
    with pytest.raises(UsageError, match=re.escape(f'has no optimizer at "{keys[1]}x"')) as caught:
        read_checkpoint(path, key=keys[1] + "x")
    hint = caught.value.findings[0].hint or ""
    assert all(key in hint for key in keys)
    assert "did you mean" in hint


def test_a_key_for_a_file_with_one_optimizer_at_its_top(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_checkpoint(_bare(tmp_path / "x.pt"), key="optimizer")
    assert "leave --key out" in (caught.value.findings[0].hint or "")


SHAPE_EVIDENCE: dict[str, tuple[dict[str, Any], tuple[int, ...] | None]] = {
    "adam": ({"exp_avg": (4, 3), "exp_avg_sq": (4, 3)}, (4, 3)),
    "they disagree": ({"exp_avg": (4, 3), "exp_avg_sq": (4, 1)}, None),
    "adafactor of torch": ({"row_var": (4, 1), "col_var": (1, 3)}, None),
    "adafactor of transformers": ({"exp_avg_sq_row": (4,), "exp_avg_sq_col": (3,)}, None),
    "the same, square": ({"exp_avg_sq_row": (4,), "exp_avg_sq_col": (4,)}, None),
    "galore": ({"exp_avg": (2, 3), "exp_avg_sq": (2, 3), "projector": Own(1)}, None),
    "bitsandbytes": ({"state1": (4, 3), "state2": (4, 3), "absmax1": (1,), "qmap1": (256,)}, None),
    "names of its own": ({"mean": (4, 3), "spread": (4, 3), "step": ()}, (4, 3)),
    "vectors of its own": ({"mean": (4,), "spread": (4,)}, None),
    "one of its own": ({"mean": (4, 3)}, None),
    "only steps": ({"step": ()}, None),
    "nothing": ({}, None),
}


@pytest.mark.parametrize(("state", "shape"), SHAPE_EVIDENCE.values(), ids=SHAPE_EVIDENCE)
def test_only_what_has_a_parameters_shape_says_it(state: Any, shape: Any, tmp_path: Path) -> None:
    made = {key: torch.zeros(each) if isinstance(each, tuple) else each for key, each in state.items()}
    path = saved({"state": {0: made}, "param_groups": [{"params": [0], "lr": 0.1}]}, tmp_path / "x.pt")
    (tensor,) = read_checkpoint(path).optimizers[0].tensors
    assert tensor.shape == shape
    assert tensor.has_state is bool(state)


VALUES: dict[str, tuple[Any, Any]] = {
    "a tensor": (torch.tensor(0.1), torch.tensor(0.1).item()),
    "bfloat16": (torch.tensor(0.1, dtype=torch.bfloat16), torch.tensor(0.1, dtype=torch.bfloat16).item()),
    "a whole number": (torch.tensor(7), 7),
    "a flag": (torch.tensor(True), True),
    "a part of a tensor": (torch.arange(5.0)[3], 3.0),
    "numpy": (np.float64(0.25), 0.25),
    "numpy, four bytes": (np.float32(0.1), float(np.float32(0.1))),
    "numpy, whole": (np.int16(-3), -3),
    "a pair": ((0.9, torch.tensor(0.5)), (0.9, 0.5)),
    "a mapping": ({"a": [1, None, "b"]}, {"a": [1, None, "b"]}),
    "many elements": (torch.zeros(2, 3), Opaque("<tensor of shape 2×3>")),
    "a class": (nn.SiLU, "<torch.nn.modules.activation.SiLU>"),
    "a dtype": (torch.float16, "torch.float16"),
    "infinity": (float("inf"), float("inf")),
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(("value", "plain"), VALUES.values(), ids=VALUES)
def test_values_are_plain(value: Any, plain: Any, protocol: int, tmp_path: Path) -> None:
    state = {"state": {}, "param_groups": [{"params": [0], "lr": value}]}
    (read,) = read_checkpoint(saved(state, tmp_path / "x.pt", pickle_protocol=protocol)).optimizers
    assert read.groups[0].values == {"lr": plain}
    assert type(read.groups[0].values["lr"]) is type(plain)


def test_names_in_place_of_numbers(tmp_path: Path) -> None:
    state = {
        "state": {"module.a.weight": {"exp_avg": torch.zeros(2, 3), "step": torch.tensor(5.0)}},
        "param_groups": [{"lr": 0.1, "params": ["module.a.weight", "module.b"]}],
    }
    (read,) = read_checkpoint(saved(state, tmp_path / "x.pt")).optimizers
    assert read.names_from == "fully qualified names"
    assert [(each.name, each.shape, each.steps) for each in read.tensors] == [
        ("module.a.weight", (2, 3), 5.0),
        ("module.b", None, None),
    ]


def test_safetensors_with_an_optimizer_in_it(tmp_path: Path) -> None:
    _, optimizer = trained()
    state = optimizer.state_dict()
    tensors = {f"optimizer.state.{i}.{key}": each for i, kept in state["state"].items() for key, each in kept.items()}
    metadata = {"optimizer.param_groups": json.dumps(state["param_groups"])}
    save_file(tensors, tmp_path / "x.safetensors", metadata)
    (read,) = read_checkpoint(str(tmp_path / "x.safetensors")).optimizers
    assert read.key == "optimizer"
    assert [group.values["lr"] for group in read.groups] == [1e-3, 2e-3]
    assert {tensor.steps for tensor in read.tensors} == {2.0}
    assert (names(read), shapes(read)) == (NAMES, SHAPES)


WRITERS: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], str]] = {
    "timm": (
        lambda o: {"epoch": 1, "arch": "a", "state_dict": {}, "args": argparse.Namespace(), "version": 2} | o,
        "timm",
    ),
    "mmengine": (
        lambda o: {"meta": {}, "state_dict": {}, "message_hub": Own({}), "param_schedulers": []} | o,
        "mmengine",
    ),
    "Ultralytics": (lambda o: {"ema": None, "updates": 3, "train_args": {}, "model": None} | o, "Ultralytics"),
    "nanoGPT": (lambda o: {"model": {}, "model_args": {}, "iter_num": 5, "config": {}} | o, "nanoGPT"),
    "any": (lambda o: o, "torch.save"),
}


@pytest.mark.parametrize(("around", "layout"), WRITERS.values(), ids=WRITERS)
def test_who_wrote_a_file_is_told(around: Callable[[Any], Any], layout: str, tmp_path: Path) -> None:
    path = saved(around({"optimizer": trained()[1].state_dict()}), tmp_path / "x.pt")
    found = read_checkpoint(path)
    assert (found.layout, [each.key for each in found.optimizers]) == (layout, ["optimizer"])


def test_the_trained_model_goes_before_its_average(tmp_path: Path) -> None:
    big = {f"layer.{n}": torch.zeros(1) for n in range(9)}
    optimizer = {"optimizer": trained()[1].state_dict()}
    rng = {"rng": {"cpu": torch.zeros(5), "cuda": torch.zeros(5)}}
    found = read_checkpoint(saved({"ema": big, "model": model().state_dict()} | optimizer | rng, tmp_path / "x.pt"))
    assert set(found.parameters) == set(model().state_dict())
    found = read_checkpoint(saved({"ema": {"module": big}} | optimizer | rng, tmp_path / "y.pt"))
    assert set(found.parameters) == set(big)
    assert not read_checkpoint(saved(optimizer | rng, tmp_path / "z.pt")).parameters


OTHERS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is empty"),
    "zeros": (b"\0" * 2000, "nothing but zeros"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of Git LFS"),
    "a page": (b"\n <!DOCTYPE html><html><body>404</body></html>", "web page"),
    "gzip": (b"\x1f\x8b\x08\0abc", "compressed with gzip"),
    "openssl": (b"Salted__abcdefgh", "is encrypted"),
    "tar": (b"x\0" + b"\0" * 255 + b"ustar  \0" + b"\0" * 900, "tar archive"),
    "text": (b"hello world, this is a text\n", "no checkpoint"),
    "an image": (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "no checkpoint"),
    "hdf5": (b"\x89HDF\r\n\x1a\n", "HDF5"),
    "half a pickle": (pickle.dumps({"a": list(range(99))})[:60], "is cut"),
    "safetensors without its header": (struct.pack("<Q", 5000) + b'{"a":', "shorter than its header"),
    "a number": (pickle.dumps(3), "no optimizer state, only one value of type int"),
}


@pytest.mark.parametrize(("data", "message"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_checkpoint_is_told_in_one_sentence(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=message) as caught:
        read_checkpoint(str(path))
    (finding,) = caught.value.findings
    assert "\n" not in finding.message
    assert finding.hint


def test_files_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.pt")
    (tmp_path / "empty").mkdir()
    for name, message, hint in (
        ("modl.pt", "no such file", "did you mean"),
        ("pipe.pt", "named pipe", ""),
        ("empty", "folder without a checkpoint", "name the file"),
        ("a\0b.pt", "cannot read|no such file", ""),
    ):
        with pytest.raises(ConfigError, match=message) as caught:
            read_checkpoint(str(tmp_path / name))
        assert hint in (caught.value.findings[0].hint or "")


def test_a_folder_of_checkpoints_is_named_with_those_in_it(tmp_path: Path) -> None:
    _bare(tmp_path / "epoch_1.pt")
    with pytest.raises(ConfigError) as caught:
        read_checkpoint(str(tmp_path))
    assert "epoch_1.pt" in (caught.value.findings[0].hint or "")


def test_weights_alone_say_so(tmp_path: Path) -> None:
    path = saved({"epoch": 3, "state_dict": model().state_dict()}, tmp_path / "x.pth")
    with pytest.raises(ConfigError, match=r"holds no optimizer state, only epoch, state_dict \(5 tensors\)") as caught:
        read_checkpoint(path)
    assert "how they were trained" in (caught.value.findings[0].hint or "")
    with pytest.raises(ConfigError, match="only 5 tensors"):
        read_checkpoint(saved(model().state_dict(), tmp_path / "y.pth"))


def test_encrypted_zips_are_refused(tmp_path: Path) -> None:
    data = bytearray(Path(_bare(tmp_path / "x.pt")).read_bytes())
    for at in [m.start() for m in re.finditer(b"PK\x01\x02", bytes(data))]:
        data[at + 8] |= 1
    (tmp_path / "x.pt").write_bytes(data)
    with pytest.raises(ConfigError, match="is encrypted"):
        read_checkpoint(str(tmp_path / "x.pt"))


RECOGNISED = ["x.pt", "x.PTH", "x.bin", "x.ckpt", "x.pth.tar", "x.safetensors", "__0_0.distcp"]


def test_what_is_a_checkpoint(tmp_path: Path) -> None:
    assert all(is_checkpoint(name) for name in RECOGNISED)
    assert not any(
        is_checkpoint(name) for name in ("resnet50", "resnet50.tv_in1k", "a.yaml", "train.py:make", "a\0b", "")
    )
    assert is_checkpoint(_bare(tmp_path / "last"))
    assert is_checkpoint(_legacy(tmp_path / "epoch=3"))
    (tmp_path / "config").write_text("model: resnet50\n")
    (tmp_path / "folder").mkdir()
    assert not is_checkpoint(str(tmp_path / "config"))
    assert not is_checkpoint(str(tmp_path / "folder"))

"""Saved inventories: what is read is what was written, and what is damaged is never read."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit import ModelError
from pgaudit.constructors import constructor_named
from pgaudit.core.parameters import Conv, Inventory
from pgaudit.models.build import load_model
from pgaudit.models.built import BuiltModel
from pgaudit.models.saved.file import Saved, is_saved, packed, read, written
from tests.budget import examples
from tests.parity.overrides import WAYS
from tests.parity.random_models import trees
from tests.parity.trees import Spec, block, build, node

pytestmark = pytest.mark.slow

MODELS = (Path(__file__).parents[1] / "data/timm_models.txt").read_text("utf-8").split()
SLICES = 8
SGD = {"type": "SGD", "lr": 0.5, "weight_decay": 0.25}
POLICIES: list[dict[str, Any]] = [
    {
        "constructor": "mmcv",
        "optimizer": SGD,
        "paramwise_cfg": {
            "norm_decay_mult": 0.0,
            "bias_lr_mult": 2.0,
            "dwconv_decay_mult": 0.5,
            "dcn_offset_lr_mult": 0.1,
            "bypass_duplicate": True,
            "custom_keys": {"head": {"lr_mult": 10.0}, "blocks.1": {"decay_mult": 0.0}},
        },
    },
    {
        "constructor": "mmengine",
        "optimizer": SGD,
        "paramwise_cfg": {"norm_decay_mult": 0.0, "flat_decay_mult": 0.0, "dwconv_decay_mult": 0.5},
    },
    {"constructor": "timm", "optimizer": {**SGD, "type": "adamw"}, "paramwise_cfg": {"layer_decay": 0.5}},
    {"solver": {"basic_lr": 0.1, "weight_decay": [[0.5, "bias"], [0, "NORM_TYPES"], 0.25]}},
    {"constructor": "detectron2", "optimizer": SGD, "paramwise_cfg": {"weight_decay_norm": 0.0}},
]


def _saved(model: nn.Module, **kwargs: Any) -> Saved:
    inventory = BuiltModel(model, "test").inventory()
    inside = BuiltModel(model, "test").inventory(unwrap=True) if _wraps(model) else None
    return Saved(inventory, inside, **kwargs)


def _wraps(model: nn.Module) -> bool:
    return isinstance(getattr(model, "module", None), nn.Module)


def _again(saved: Saved) -> Saved:
    data = written(saved).encode()
    assert is_saved(data)
    found = read(data, "x.json")
    assert found == saved
    assert written(found).encode() == data
    _shares(found.inventory)
    return found


def _shares(inventory: Inventory) -> None:
    """Constructors remember by identity: a class is one object, and so is what is around a module's children."""
    kinds = [kind for visit in inventory.visits for kind in (visit.module, *visit.parents)]
    kinds += [inventory.model_type, *(parameter.module for parameter in inventory.parameters)]
    assert len({id(kind) for kind in kinds}) == len(set(kinds))
    around: dict[tuple[str, Any], set[int]] = {}
    for visit in inventory.visits:
        around.setdefault((visit.prefix.rpartition(".")[0], visit.parents), set()).add(id(visit.parents))
    assert all(len(ids) == 1 for ids in around.values())


def _decide(saved: Saved, policy: dict[str, Any]) -> Any:
    config = pgaudit.load_config(policy)
    unwraps = constructor_named(config.constructor).unwraps_module
    inventory = saved.inside if saved.inside is not None and unwraps else saved.inventory
    try:
        return pgaudit.audit(inventory, config).to_dict()
    except pgaudit.PgauditError as error:
        return str(error)


@settings(max_examples=examples(150))
@given(trees(), st.booleans())
def test_a_random_model_is_read_as_it_was(spec: Spec, lazy: bool) -> None:
    model = build(spec)
    if lazy:
        model.add_module("lazy", nn.LazyConv2d(4, 1))
    before = _saved(model)
    after = _again(before)
    for policy in POLICIES:
        assert _decide(after, policy) == _decide(before, policy)


@pytest.mark.parametrize("part", range(0, SLICES, 3))  # `make parity` reads all of timm
def test_a_model_of_timm_is_read_as_it_was(part: int) -> None:
    for name in MODELS[part::SLICES]:
        before = _saved(load_model(name).module, model_args={"a": [1, {"b": None}]}, versions={"timm": "1"})
        after = _again(before)
        for policy in POLICIES:
            assert _decide(after, policy) == _decide(before, policy), name


class _Tied(nn.Module):
    """A tie, two names for one tensor in a module, two names for one child, and a module that stands in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 2))
        first = nn.Linear(2, 2)
        self.a = nn.Sequential(first, nn.Conv2d(2, 2, 1))
        self.b = nn.Linear(2, 2)
        self.b.weight = first.weight
        self.b.register_parameter("same", self.b.bias)
        self.c = self.d = nn.BatchNorm1d(2)
        half = nn.Linear(2, 2, bias=False, dtype=torch.bfloat16)
        half.weight.requires_grad = False
        self.e = nn.Sequential(self.a, half)


class _Named(nn.Module):
    """A model that makes up names, and the list of its parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        self._modules["a.b"] = nn.Sequential(nn.Linear(2, 2))  # torch itself refuses such a name
        self._parameters['"qu\\oted"\n\u202e'] = nn.Parameter(torch.zeros(()))
        self.ünï = nn.Linear(1, 1)

    def parameters(self, recurse: bool = True) -> Any:
        return reversed([parameter for _, parameter in self.named_parameters()][:3])

    def named_parameters(self, *args: Any, **kwargs: Any) -> Any:
        found = list(super().named_parameters(*args, **kwargs))
        return iter(found[1:] if kwargs.get("recurse", True) and not args else found)


class _Hiding(nn.Linear):
    """A parameter that its module does not tell of, and that is met elsewhere."""

    def named_parameters(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Any:
        return (
            entry for entry in super().named_parameters(prefix, recurse, remove_duplicate) if "bias" not in entry[0]
        )


class _Hinting(nn.Sequential):
    pretrained_cfg = {"classifier": ("1", "0")}

    def no_weight_decay(self) -> set[str]:
        return {"b", "a*"}

    def group_matcher(self, coarse: bool) -> dict[str, str]:
        return {"stem": "^1", "rest": "^(0)"}

    def get_layer_depth(self, name: str) -> tuple[float, Any]:
        if name.endswith("bias"):
            raise ValueError(f"what is {name}?")
        return float("-inf"), 12 if name[0] == "0" else 12.0


class _Channels(nn.Conv2d):
    def __init__(self, *channels: Any) -> None:
        super().__init__(2, 2, 1)
        self.in_channels, self.out_channels, self.groups = channels


def _hiding() -> nn.Module:
    hiding = _Hiding(2, 2)
    model = nn.Sequential(hiding, nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].bias = hiding._parameters["bias"]  # type: ignore[assignment]
    return model


def _circular() -> nn.Module:
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].add_module("again", model)
    return model


def _wrapper() -> nn.Module:
    model = nn.Module()
    model.module = nn.Sequential(nn.Linear(2, 2), nn.RMSNorm(2))
    model.weight = nn.Parameter(torch.ones(1))
    model.net = nn.Sequential(nn.LazyLinear(2), model.module[0])
    model.register_parameter("0", None)
    return model


def _computed() -> nn.Module:
    model = nn.Linear(2, 2)
    del model.weight
    model._parameters["weight"] = nn.Parameter(torch.ones(2, 2)) * 2  # type: ignore[assignment]
    return model


def _deep() -> nn.Module:
    model: nn.Module = nn.Linear(1, 1)
    for _ in range(200):
        model = nn.Sequential(model)
    return model


ODD = {
    "tied": _Tied,
    "named": _Named,
    "hiding": _hiding,
    "hinting": lambda: _Hinting(nn.Linear(2, 2), nn.BatchNorm1d(2)),
    "circular": _circular,
    "wrapper": _wrapper,
    "computed": _computed,
    "deep": _deep,
    "lazy": lambda: nn.Sequential(nn.LazyConv2d(2, 1), nn.LazyBatchNorm2d()),
    "channels": lambda: nn.Sequential(
        _Channels(None, "x", (1, 2)), _Channels(2, 2, 2), _Channels(4, 2, 2), _Channels(*map(numpy.int64, (9, 8, 7)))
    ),
    "empty shape": lambda: nn.Sequential(nn.Linear(0, 2), nn.PReLU()),
    "root": lambda: nn.Linear(2, 2),
    "half": lambda: nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)).half(),
}


@pytest.mark.filterwarnings("ignore:`torch.jit.script")
@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_lists_its_parameters_in_its_own_way_is_read_as_it_was(way: str) -> None:
    for path in ([""], ["0"], ["1", ""]):
        tree = block("Sequential", **{"0": node("Linear", 2, 2), "1": block(norm=node("LayerNorm", 2), w=[2])})
        model = build({"root": tree, "lists": [[each, way] for each in path]})
        before = Saved(*BuiltModel(model, "test").inventories())
        data = written(before).encode()
        after = read(data, "x.json")
        assert after == before
        assert written(after).encode() == data
        for policy in POLICIES:
            assert _decide(after, policy) == _decide(before, policy)


def test_device_meshes_are_kept() -> None:
    model = build({"root": node("Linear", 2, 2), "meshes": {"weight": "a"}})
    assert _again(_saved(model)).inventory.meshes == (0, 1)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors", "ignore:Lazy modules are a new feature")
@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_an_odd_model_is_read_as_it_was(make: Any) -> None:
    before = _saved(make())
    after = _again(before)
    for policy in POLICIES:
        assert _decide(after, policy) == _decide(before, policy)


def test_what_surrounds_the_inventory_is_kept() -> None:
    args = {"x": [{"y": -1}], '"checksum"': "\u2028", "parameters": ["}, {\n", {"hints": 1.5}]}
    saved = _saved(nn.Linear(2, 2), model_args=args, versions={"torch": "2"})
    assert _again(saved) == saved


def test_a_file_is_json_and_one_line_a_parameter() -> None:
    text = written(_saved(_Tied()))
    found = json.loads(text)["inventory"]
    conv = {"conv": [2, 2, 1]}
    assert found["parameters"] == [
        ["token", [1, 2], "_Tied"],
        ["a.0.weight", [2, 2], "_Tied/Sequential/Linear", {"aliases": ["b.weight", "e.0.0.weight"]}],
        ["a.0.bias", [2], "_Tied/Sequential/Linear", {"aliases": ["e.0.0.bias"]}],
        ["a.1.weight", [2, 2, 1, 1], "_Tied/Sequential/Conv2d", {"aliases": ["e.0.1.weight"], **conv}],
        ["a.1.bias", [2], "_Tied/Sequential/Conv2d", {"aliases": ["e.0.1.bias"], **conv}],
        ["b.weight", "a.0.weight", "_Tied/Linear"],
        ["b.bias", [2], "_Tied/Linear", {"aliases": ["b.same"]}],
        ["c.weight", [2], "_Tied/BatchNorm1d", {"aliases": ["d.weight"]}],
        ["c.bias", [2], "_Tied/BatchNorm1d", {"aliases": ["d.bias"]}],
        ["e.0.0.weight", "a.0.weight", "_Tied/Sequential/Sequential/Linear"],
        ["e.0.0.bias", "a.0.bias", "_Tied/Sequential/Sequential/Linear"],
        ["e.0.1.weight", "a.1.weight", "_Tied/Sequential/Sequential/Conv2d", conv],
        ["e.0.1.bias", "a.1.bias", "_Tied/Sequential/Sequential/Conv2d", conv],
        ["e.1.weight", [2, 2], "_Tied/Sequential/Linear", {"dtype": "bfloat16", "trainable": False}],
    ]
    assert all(f"\n{json.dumps(line)}" in text for line in found["parameters"])


def test_a_module_more_is_a_line_more() -> None:
    def lines(blocks: int) -> list[str]:
        chain = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)) for _ in range(blocks)))
        return [line.rstrip(",") for line in written(_saved(chain)).splitlines()]

    few, many = lines(3), lines(4)
    assert [line for line in many[:-1] if line not in few] == [
        '["3.0.weight", [4, 4], "Sequential/Sequential/Linear"]',
        '["3.0.bias", [4], "Sequential/Sequential/Linear"]',
        '["3.1.weight", [4], "Sequential/Sequential/LayerNorm"]',
        '["3.1.bias", [4], "Sequential/Sequential/LayerNorm"]',
    ]


def test_classes_of_one_name_are_told_apart() -> None:
    class Linear(nn.Linear):
        pass

    text = written(_saved(nn.Sequential(nn.Linear(1, 1), Linear(1, 1), nn.Linear(1, 1))))
    kinds = [classes.split("/")[1] for _, _, classes, *_ in json.loads(text)["inventory"]["parameters"]]
    assert list(dict.fromkeys(kinds)) == ["Linear", f"{__name__}.{Linear.__qualname__}"]


def test_what_is_read_cannot_be_changed() -> None:
    parameter = read(FILE, "x.json").inventory.parameters[0]
    with pytest.raises(AttributeError):
        parameter.name = "y"  # type: ignore[misc]


def test_what_json_cannot_hold_is_refused_by_its_name() -> None:
    model = nn.Sequential(_Channels(torch.nn.Linear(1, 1), 2, 1))
    with pytest.raises(ModelError, match='"0.weight" cannot be saved: TypeError: .*Linear is not JSON'):
        written(_saved(model))
    for value in (float("inf"), {1: 2}, {1, 2}, (1, 2)):
        with pytest.raises(ModelError, match="cannot be saved"):
            written(_saved(nn.Linear(1, 1), model_args={"x": value}))


def test_an_inventory_that_no_walk_makes_is_refused_unless_it_is_read_as_it_is() -> None:
    saved = _saved(nn.Sequential(nn.Linear(2, 2), nn.Conv2d(2, 2, 1)))
    first, *rest = saved.inventory.parameters
    other = replace(saved.inventory, parameters=(first._replace(shape=[2, 2]), *rest))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="test cannot be saved: a file would not be read as the model is"):
        written(replace(saved, inventory=other))
    *visits, last = saved.inventory.visits
    _again(replace(saved, inventory=replace(saved.inventory, visits=(*visits, last._replace(conv=None)))))
    _again(replace(saved, inventory=replace(saved.inventory, visits=(*visits, last._replace(conv=Conv(9, 8, 7))))))


FILE = written(_saved(_Tied(), versions={"torch": "2"})).encode()


@settings(max_examples=examples(1000))
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_a_damaged_file_is_never_read(chance: random.Random, times: int) -> None:
    data = bytearray(FILE)
    for _ in range(times):
        at = chance.randrange(len(data))
        match chance.randrange(5):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at:]
            case 2:
                del data[at : at + chance.randrange(1, 80)]
            case 3:
                data[at:at] = chance.randbytes(chance.randrange(1, 9))
            case _:
                to = chance.randrange(len(data) + 1)
                data[at:at] = data[min(at, to) : max(at, to)][:200]
        if not data:
            break
    if bytes(data).rstrip(b"\n") == FILE.rstrip(b"\n"):
        return
    _refused(bytes(data))


def _refused(data: bytes) -> str:
    with pytest.raises(ModelError) as raised:
        read(data, "x.json")
    (problem,) = raised.value.findings
    assert problem.location
    assert problem.location.path == "x.json"
    assert problem.hint
    assert problem.message.isprintable()
    assert len(problem.message) < 200
    return problem.message


def _signed(text: str) -> bytes:
    """A forgery: whatever stands there, the checksum is right."""
    body = re.sub(r'"checksum": "\w+"\}\n$', "", text)
    return f'{body}"checksum": "{hashlib.sha256(body.encode()).hexdigest()[:16]}"}}\n'.encode()


def test_the_forger_of_these_tests_knows_the_checksum() -> None:
    assert _signed(FILE.decode()) == FILE


@settings(max_examples=examples(1000))
@given(st.data())
def test_a_forged_file_is_refused_or_read_and_never_fails(data: st.DataObject) -> None:
    """With the right checksum, any value in any place."""
    others = ["null", "true", "-1", "1e400", "[]", "{}", '""', '"a.0.weight"', '[["x"]]', "NaN", "1" * 5000, "[" * 2000]
    text = FILE.decode()
    values = list(re.finditer(r'"[^"\n]*"|\d+|\[[^\[\]\n]*\]|\{[^{}\n]*\}|[\]\[{},:\n]|true|null', text))
    found = data.draw(st.sampled_from(values[3:]))
    forged = text[: found.start()] + data.draw(st.sampled_from(["", *others])) + text[found.end() :]
    try:
        assert isinstance(read(_signed(forged), "x.json"), Saved)
    except ModelError as error:
        assert str(error).startswith("x.json: ")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty, not a saved inventory"),
        (b" \n", "the file is empty"),
        (b"PK\x03\x04....", "a binary file, such as a checkpoint"),
        (b"\x80\x02}q", "a binary file"),
        (b"\xff\xfe{\x00", "a binary file"),
        (b'{"schema_version": 1}', "this is a JSON report of pgaudit, not a saved inventory"),
        (b'{"a": 1}', "this is JSON, not a saved inventory"),
        (b"pgaudit lock, format 1\n", "this is a lock"),
        (b"optimizer: {type: SGD}\n", "this is some text, not"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (FILE[:15], "this is JSON, not a saved inventory"),
        (FILE[:30], "it was cut"),
        (FILE[:900], "it was cut"),
        (FILE[:-30], "it was cut"),
        (FILE.replace(b"[2, 2]", b"[2, 3]"), "was changed since it was written"),
        (FILE.replace(b'_inventory": 3', b'_inventory": 4'), "inventory format 4; this pgaudit reads 3"),
        (FILE.replace(b'_inventory": 3', b'_inventory": 2'), "inventory format 2; this pgaudit reads 3"),
        (packed(FILE.decode())[:-1], "the gzip file was cut"),
        (packed(FILE.decode())[:30], "the gzip file was cut"),
        (packed(FILE.decode()) + b"x", "something stands after its end"),
        (packed(FILE.decode())[:-8] + bytes(8), "the gzip file is damaged"),
        (packed("optimizer: {type: SGD}\n"), "this is some text, not"),
        (json.dumps(json.loads(FILE), indent=2).encode(), "was laid out anew, as by a formatter"),
        (json.dumps(json.loads(FILE)).encode(), "was laid out anew, as by a formatter"),
        (FILE.replace(b"\n[", b"\n<<<<<<< HEAD\n[", 1), "the marks of a merge conflict"),
        (FILE + FILE, "was changed since"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, message: str) -> None:
    assert message in _refused(data)


def test_line_ends_and_marks_of_an_editor_do_no_harm() -> None:
    saved = read(FILE, "x.json")
    for data in (FILE.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + FILE, FILE.rstrip(b"\n")):
        assert read(data, "x.json") == saved


@pytest.mark.parametrize("data", [FILE, packed(FILE.decode())], ids=["plain", "packed"])
def test_a_file_that_is_too_large_is_not_read(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgaudit.models.saved.file.MAX_BYTES", 1000)
    assert "larger than the 1,000 bytes" in _refused(data)


def test_a_packed_file_is_unpacked_only_as_far_as_a_file_may_be_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgaudit.models.saved.file.MAX_BYTES", 1 << 24)
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    tracemalloc.start()
    try:
        assert "larger than the 16,777,216 bytes" in _refused(bomb)
        assert tracemalloc.get_traced_memory()[1] < 2.1 * (1 << 24)
    finally:
        tracemalloc.stop()


def test_a_packed_file_has_no_time_and_no_name_and_is_read_as_it_was() -> None:
    data = packed(FILE.decode())
    assert data[3:9] == bytes(6)
    assert gzip.decompress(data) == FILE
    assert is_saved(data[:200])
    assert not is_saved(packed("{}"))
    assert not is_saved(data[:2])
    assert read(data, "x.json.gz") == read(FILE, "x.json")


def test_the_size_of_a_resnet() -> None:
    text = written(_saved(load_model("resnet50").module))
    assert len(text) < 20_000
    assert text.isascii()

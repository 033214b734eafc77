"""Model references: each kind, and every way in which one can fail."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from pgaudit import ModelError
from pgaudit.models.build import load_model
from pgaudit.user_code.imports import qualified_class
from pgaudit.user_code.offline import WeightsRefused, without_network

pytestmark = pytest.mark.slow

ZOO = """
import torch
from torch import nn

class Net(nn.Linear):
    def __init__(self, width=2):
        super().__init__(width, width)

class Holder:
    made = nn.Linear(3, 3)

instance = nn.Linear(1, 1)
number = 3

def make(width=4, *, twice=False):
    print("building")
    return nn.Linear(width, width * (1 + twice))

def reads_a_value():
    layer = nn.Linear(2, 2)
    layer.weight.sum().item()
    return layer

def raises():
    raise RuntimeError("kaput \\x1b[31m")

def leaves():
    raise SystemExit(3)

def nothing():
    return None

def needs(a):
    return nn.Linear(a, a)
"""


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)
    (tmp_path / "zoo.py").write_text(ZOO)
    (tmp_path / "inner.py").write_text("import does_not_exist\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "grammar.py").write_text("def f(:\n")
    (tmp_path / "leaving.py").write_text("raise SystemExit\n")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").touch()
    (tmp_path / "pack" / "nets.py").write_text("from zoo import make\n")
    yield tmp_path
    for name in set(sys.modules) - known:
        if name.partition(".")[0] in ("zoo", "inner", "broken", "grammar", "leaving", "pack"):
            del sys.modules[name]


def test_timm_models_are_built_on_meta_without_weights() -> None:
    for ref in ("resnet18", "timm:resnet18", "resnet18.a1_in1k"):
        loaded = load_model(ref, {"num_classes": 7})
        assert (loaded.source, loaded.notes) == ("timm", ())
        assert {p.device.type for p in loaded.module.parameters()} == {"meta"}
        assert loaded.module.get_parameter("fc.weight").shape[0] == 7


@pytest.mark.parametrize(
    ("ref", "args", "source", "shape"),
    [
        ("zoo:Net", {}, "import", (2, 2)),
        ("zoo:Net", {"width": 5}, "import", (5, 5)),
        ("zoo:instance", {}, "import", (1, 1)),
        ("zoo:Holder.made", {}, "import", (3, 3)),
        ("zoo:make", {"twice": True}, "import", (8, 4)),
        ("pack.nets:make", {}, "import", (4, 4)),
        ("zoo.py:make", {}, "file", (4, 4)),
    ],
)
def test_import_paths_and_files(
    zoo: Path, capsys: pytest.CaptureFixture[str], ref: str, args: dict[str, Any], source: str, shape: tuple[int, ...]
) -> None:
    loaded = load_model(ref, args)
    assert loaded.source == source
    assert loaded.module.get_parameter("weight").shape == shape
    assert capsys.readouterr().out == ""  # what a model prints is not part of the report


def test_a_file_of_another_folder_imports_its_neighbours(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (zoo / "far").mkdir()
    (zoo / "far" / "train.py").write_text("from neighbour import make\n")
    (zoo / "far" / "neighbour.py").write_text("from torch import nn\ndef make():\n    return nn.Linear(1, 1)\n")
    assert load_model("far/train.py:make").source == "file"
    for name in ("neighbour", "train"):
        sys.modules.pop(name, None)


def test_what_cannot_run_on_meta_is_built_on_the_cpu_and_says_so(zoo: Path) -> None:
    loaded = load_model("zoo:reads_a_value")
    assert loaded.module.get_parameter("weight").device.type == "cpu"
    assert loaded.notes[0].startswith("built on the CPU, because it cannot be built on meta tensors: ")


def test_the_callers_random_numbers_and_default_device_stay(zoo: Path) -> None:
    load_model("zoo:make")
    assert torch.empty(1).device.type == "cpu"


FAILURES = {
    "": "the model reference is empty",
    "resnet5O": 'timm .* has no model "resnet5O" \\(did you mean resnet50, ',
    "zoo.py": '"zoo.py" is a file: name the model in it, too',
    "hf-hub:timm/resnet50": "would be fetched from a hub",
    "timm:hf_hub:timm/resnet50": "would be fetched from a hub",
    "https://example.org/net.py:make": "would be fetched from a hub",
    "zoo:mkae": 'zoo has no attribute "mkae" \\(did you mean "make"\\?\\)',
    "zoo:number": "zoo:number is int, not an nn.Module",
    "zoo:raises": r"zoo:raises cannot be built: RuntimeError: kaput \\x1b\[31m",
    "zoo:leaves": "zoo:leaves cannot be built: SystemExit: 3",
    "zoo:nothing": "zoo:nothing returned nothing, not an nn.Module",
    "zoo:needs": "missing 1 required positional argument: 'a' .*--model-arg",
    "zoo:": "is not module:attribute",
    "zo o:make": '"zo o" is not the name of a module',
    "..zoo:make": "is not the name of a module",
    "zooo:make": 'no module named "zooo"',
    "pack.nest:make": 'no module named "pack.nest"',
    "inner:x": r"importing inner fails: ModuleNotFoundError: No module named 'does_not_exist' \(inner.py:1\)",
    "inner.py:x": r"importing inner.py fails: ModuleNotFoundError: No module named 'does_not_exist' \(inner.py:1\)",
    "broken.py:x": r"importing broken.py fails: ZeroDivisionError: division by zero \(broken.py:1\)",
    "grammar:x": "importing grammar fails: SyntaxError",
    "leaving:x": "importing leaving fails: SystemExit",
    "a" * 300: "has no model",
    "a" * 300 + ".py:make": "no such file",
    "zooo.py:make": 'no such file: "zooo.py" \\(did you mean "zoo.py"\\?\\)',
}


@pytest.mark.parametrize("ref", FAILURES)
def test_a_reference_that_fails_says_why(zoo: Path, ref: str) -> None:
    with pytest.raises(ModelError, match=FAILURES[ref]):
        load_model(ref)


@pytest.mark.parametrize(
    "argument", [{"pretrained": True}, {"checkpoint_path": "x.pth"}, {"weights": "DEFAULT"}, {"weights_backbone": "x"}]
)
def test_weights_are_refused(argument: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="would load weights"):
        load_model("resnet18", argument)


def test_a_model_that_fetches_weights_of_itself_is_stopped() -> None:
    ref = "torchvision.models.segmentation:fcn_resnet50"
    with pytest.raises(ModelError, match="loads weights unless told otherwise.*weights_backbone=null"):
        load_model(ref)
    assert load_model(ref, {"weights": None, "weights_backbone": None}).notes == ()
    assert torch.hub.get_dir()  # what was stopped is whole again


def test_the_network_stays_refused_where_a_model_is_built_within_code_that_is_watched() -> None:
    with without_network():
        with without_network():
            pass
        with socket.socket() as one, pytest.raises(WeightsRefused):
            one.connect(("127.0.0.1", 9))
    with socket.socket() as listening, socket.socket() as one:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        one.connect(listening.getsockname())


class _Odd(BaseException):
    def __str__(self) -> str:
        raise ValueError("no words")


def _raises() -> nn.Module:
    raise _Odd


def test_whatever_a_factory_raises_is_an_error_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "odd_factory", (module := ModuleType("odd_factory")))
    module.make = _raises  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match=r"odd_factory:make cannot be built: _Odd: \(_Odd\)"):
        load_model("odd_factory:make")


def test_arguments_are_for_what_is_built(zoo: Path) -> None:
    with pytest.raises(ModelError, match="it takes no arguments"):
        load_model("zoo:instance", {"width": 3})


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RuntimeError("operator torchvision::nms does not exist"), "because torch .* and torchvision .* do not match"),
        (ImportError("no luck"), "timm cannot be imported: ImportError: no luck"),
    ],
)
def test_timm_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch, error: Exception, message: str) -> None:
    class Refusing:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
            if name == "timm":
                raise error
            return None

    for name in [name for name in sys.modules if name == "timm"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Refusing, *sys.meta_path])
    with pytest.raises(ModelError, match=message):
        load_model("resnet18")


def test_a_class_reference_is_resolved_to_where_it_is_defined() -> None:
    assert qualified_class("torch.nn.Linear") == "torch.nn.modules.linear.Linear"
    assert qualified_class("torch.nn:Linear") == "torch.nn.modules.linear.Linear"
    with pytest.raises(ModelError, match="is not a class"):
        qualified_class("torch.nn.functional.relu")
    assert isinstance(nn, ModuleType)

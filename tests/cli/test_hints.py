"""What is no model, and what a user is told about it: one error, the sentence that gets on, and a hint that works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgaudit import cli
from pgaudit.user_code.imports import fresh_imports

CONFIG = "optimizer: {type: SGD, lr: 0.1}\n"
FILES = {
    "c.yaml": CONFIG,
    "zoo.py": """
import torch
from dataclasses import dataclass
from torch import nn

@dataclass
class Settings:
    width: int

class Part(nn.Module):
    pass

class Net(nn.Linear):
    def __init__(self, settings=Settings(2)):
        super().__init__(settings.width, 2)

class Trainer:
    def __init__(self):
        self.lr, self.net = 0.1, Net()

class Empty:
    pass

trainer = Trainer()

def make(settings):
    return Net(settings)

def wide(width: int):
    return Net(Settings(width))

def pair():
    return torch.optim.SGD(Net().parameters(), lr=1.0), Net()

def named():
    return {"lr": 0.1, "model": Net()}

def optimizer():
    return pair()[0]

async def later():
    return Net()

def kind():
    return Net

def nothing():
    Net()

def inner_type_error():
    return len(3)
""",
    "configured.py": """
from __future__ import annotations
import abc
from dataclasses import dataclass
from settings import Part
from torch import nn

@dataclass
class Config:
    width: int = 2

class Net(nn.Linear):
    def __init__(self, cfg: Config):
        super().__init__(cfg.width, 2)

class Several(nn.Linear):
    def __init__(self, cfg: Config | None, depth: int, /, *, part: Part, names: list[str]):
        super().__init__(cfg.width, depth)

class Unsaid(nn.Linear):
    def __init__(self, width: int, cfg):
        super().__init__(width, cfg.width)

class Typed(nn.Linear):
    def __init__(self, inner: nn.Module, kind: Nowhere):
        super().__init__(2, 2)

class Base(nn.Module, abc.ABC):
    @abc.abstractmethod
    def features(self): ...

class Middle(Base):
    pass

class Concrete(Middle):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def features(self): ...

class Alone(nn.Module, abc.ABC):
    @abc.abstractmethod
    def features(self): ...
""",
    "settings.py": "class Part:\n    def __init__(self, size): pass\n",
    "one.py": "import torch.nn as nn\nclass Only(nn.Module):\n    pass\n",
    "functions.py": "def helper(x): pass\ndef build_model(width=2): pass\n",
    "src/pack/__init__.py": "",
    "src/pack/layers.py": "from torch.nn import Linear\n",
    "src/pack/relative.py": "from .layers import Linear\ndef make():\n    return Linear(2, 2)\n",
    "src/pack/absolute.py": "from pack.layers import Linear\ndef make():\n    return Linear(2, 2)\n",
    "src/helpers.py": "from torch.nn import Linear\n",
    "scripts/train.py": "from helpers import Linear\ndef make():\n    return Linear(2, 2)\n",
    "needs.py": "import cv2\n",
    "needs_other.py": "import package_that_is_nowhere.part\n",
    "model.pth": "",
    "run.ckpt": "",
    "m.safetensors": "",
    "study.ipynb": "{}",
    "saved/config.json": "{}",
    "saved_too/config.json": '{"architectures": ["BertForMaskedLM"]}',
    "empty/.keep": "",
    "report.json": json.dumps({"schema_version": 1, "tool": {"name": "pgaudit"}}),
    "old.lock": "pgaudit lock, format 1\n",
}

OWN = "file.py:NAME or package.module:NAME"
AS_MODEL = {
    "model.pth": ['"model.pth" is a checkpoint', "no code that builds a model", OWN],
    "not_there.ckpt": ["is a checkpoint", OWN],
    "m.safetensors": ["is a checkpoint", OWN],
    "study.ipynb": ["is a notebook", "jupyter nbconvert --to script study.ipynb", "study.py:NAME"],
    "study.ipynb:make": ["a notebook cannot be imported", "jupyter nbconvert"],
    "x.toml": ['"x.toml" is a config, and names no model'],
    "report.json": ["a JSON report of pgaudit", "pgaudit snapshot MODEL"],
    "saved": ['"saved" is a folder', "models are built offline", "transformers:AutoModel --model-arg config=saved"],
    "saved_too": ["models are built offline", "transformers:BertForMaskedLM --model-arg config=saved_too"],
    "empty": ['"empty" is a folder', OWN],
    "src/pack": ['"src/pack" is a folder', "src/pack/absolute.py:NAME"],
    "torchvision.models.resnet18": ["did you mean torchvision.models:resnet18?"],
    "torchvision.models": ['"torchvision.models" is a module', "torchvision.models:NAME"],
    "torchvision:models": ["torchvision:models is a module", "torchvision.models:NAME"],
    "not_installed.models.net": ["did you mean not_installed.models:net?"],
    "zoo.Net": ["did you mean zoo:Net?"],
    "bert-base-uncased": [
        'has no model "bert-base-uncased"',
        "models are built offline",
        "transformers:AutoModel --model-arg config=FOLDER",
    ],
    "facebook/opt-125m": ["models are built offline", "transformers:AutoModel --model-arg config=FOLDER"],
    "meta-llama/Llama-3.2-1B": ["models are built offline", "transformers:AutoModel --model-arg config=FOLDER"],
    "hf_hub:timm/resnet18.a1_in1k": ["fetched from a hub", "such as `resnet18`"],
    "hf-hub:timm/resnet18.a1_in1k": ["fetched from a hub", "such as `resnet18`"],
    "timm/resnet18.a1_in1k": ["did you mean resnet18?"],
    "vit-tiny-patch16-224": ["did you mean vit_tiny_patch16_224?"],
    "ResNet18": ["did you mean resnet18"],
    "resnet18 ": ["did you mean resnet18"],
    "resnet18.no_such_tag": ["Invalid pretrained tag", "leave the tag out"],
    "nonsensical": ["`pgaudit models` lists them", OWN],
    "pytorch/vision:resnet18": ["a repository of torch.hub is not fetched", "hubconf.py:resnet18"],
    "src/pack/relative:make": ["named with its ending: src/pack/relative.py:make"],
    "src/pack/relative.py:make": ["attempted relative import", "  pgaudit ... pack.relative:make"],
    "src/pack/absolute.py:make": ["No module named 'pack'", "  pgaudit ... pack.absolute:make"],
    "scripts/train.py:make": ["No module named 'helpers'", "PYTHONPATH=src pgaudit ... scripts/train.py:make"],
    "packs.relative:make": ['no module named "packs"', 'did you mean "pack"?'],
    "far.pack.relative:make": ['no module named "far"', "is it installed, or in the current folder, or in src?"],
    "zooo:Net": ['no module named "zooo"', 'did you mean "zoo"?'],
    "needs.py:x": ["No module named 'cv2'", "pip install opencv-python"],
    "needs_other.py:x": ["pip install package_that_is_nowhere"],
    "zoo.py": ["name the model in it, too", "did you mean zoo.py:Net or zoo.py:Part?"],
    "one.py": ["did you mean one.py:Only?"],
    "functions.py": ["did you mean functions.py:build_model?"],
    "nowhere.py": ['no such file: "nowhere.py"'],
    "zoo.py:make": ["'settings'", "--model-arg settings=VALUE", "write a function", "return make(settings=...)"],
    "zoo.py:wide": ["--model-arg width=VALUE gives it what it needs"],
    "zoo.py:Settings": ["--model-arg width=VALUE gives it what it needs"],
    "zoo.py:pair": ["returned a tuple", "write a function", "return pair()[1]"],
    "zoo.py:named": ["returned a dict", "return named()['model']"],
    "zoo.py:optimizer": ["returned an optimizer", "the function that returns the model itself"],
    "zoo.py:later": ["is an async function", "return asyncio.run(later())"],
    "zoo.py:kind": ["returned the class Net", "return kind()()"],
    "zoo.py:nothing": ["returned nothing", "does it end with `return model`?"],
    "zoo.py:Trainer": ["is a class, but no nn.Module", "return Trainer().net"],
    "zoo.py:Empty": ["is a class, but no nn.Module", "name the class of the model"],
    "zoo.py:trainer": ["zoo.py:trainer is Trainer", "return trainer.net"],
    "configured.py:Net": ["--model-arg cannot give cfg (Config): write a function", "return Net(cfg=Config())"],
    "configured.py:Several": [
        "cannot give cfg (Config), part (Part):",
        "return Several(Config(), ..., part=Part(size=",
    ],
    "configured.py:Unsaid": [
        "--model-arg width=VALUE --model-arg cfg=VALUE gives",
        "return Unsaid(width=..., cfg=...)",
    ],
    "configured.py:Typed": ["--model-arg inner=VALUE", "where it wants an object", "return Typed(inner=..., kind=...)"],
    "configured.py:Base": ["it is abstract: did you mean configured.py:Concrete?"],
    "configured.py:Alone": ["it is abstract: name a class that derives from", "and has features"],
    "zoo.py:inner_type_error": ["TypeError: object of type 'int' has no len()"],
}
"""By what is named as MODEL, what must be said."""

AS_CONFIG = {
    "model.pth": ['"model.pth" is empty', "may have been stopped"],
    "model.onnx": ["is a checkpoint, not a config", "pgaudit show MODEL config.yaml"],
    "study.ipynb": ["is a notebook, not a config"],
    "report.json": ["this is a JSON report of pgaudit, not a config"],
    "old.lock": ["this is a lock, as `pgaudit lock` writes it, not a config"],
    "resnet18": ['no such config file: "resnet18"'],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with fresh_imports():
        yield tmp_path
    sys.modules.pop("zoo", None)


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main([*arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(re.findall(r"\berror: ", err)) == 1, err
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("ref", AS_MODEL)
def test_what_is_no_model(ref: str, capsys: pytest.CaptureFixture[str]) -> None:
    err = _refused(capsys, "show", ref, "c.yaml")
    assert [words for words in AS_MODEL[ref] if words not in err] == [], err
    if not any("--model-arg" in words or "..." in words for words in AS_MODEL[ref]):
        assert "--model-arg" not in err


@pytest.mark.parametrize("ref", AS_CONFIG)
def test_what_is_no_config(ref: str, capsys: pytest.CaptureFixture[str]) -> None:
    err = _refused(capsys, "show", "zoo.py:Net", ref)
    assert [words for words in AS_CONFIG[ref] if words not in err] == [], err


@pytest.mark.parametrize("ref", ["torchvision.models.resnet18", "facebook/opt-125m", "model.pth", "resnet118"])
@pytest.mark.parametrize("command", [["sweep"], ["snapshot"], ["convert", "c.yaml", "--to", "rules", "--model"]])
def test_every_command_says_so(command: list[str], ref: str, capsys: pytest.CaptureFixture[str]) -> None:
    by_show = _refused(capsys, "show", ref, "c.yaml")
    assert _refused(capsys, *command, ref, *(["c.yaml"] if command == ["sweep"] else [])) == by_show


@pytest.mark.parametrize("ref", [ref for ref, words in AS_MODEL.items() if "did you mean" in words[-1]])
def test_what_was_meant_gets_on(ref: str, capsys: pytest.CaptureFixture[str]) -> None:
    meant = re.search(r"did you mean \"?([^\s\"?,]+)", _refused(capsys, "show", ref, "c.yaml"))
    assert meant is not None
    if ref.startswith("not_installed"):
        assert 'no module named "not_installed"' in _refused(capsys, "show", meant[1], "c.yaml")
    elif ref in ("zooo:Net", "packs.relative:make"):
        assert cli.main(["show", re.sub(r"^\w+", meant[1], ref), "c.yaml"]) == 0
    elif ref not in ("one.py", "functions.py"):  # whose model has no parameters
        assert cli.main(["show", meant[1], "c.yaml"]) == 0


@pytest.mark.parametrize("name", ["make", "pair", "named", "later", "kind", "Trainer", "trainer"])
def test_the_lines_that_are_shown_make_the_model(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = re.findall(r"^ {4}(.*)$", _refused(capsys, "show", f"zoo.py:{name}", "c.yaml"), re.MULTILINE)
    assert len(lines) == 3 + (name == "later")
    code = "\n".join(lines).replace("settings=...", "settings=__import__('zoo').Settings(2)")
    (folder / "make_model.py").write_text(code)
    assert cli.main(["show", "make_model.py:make_model", "c.yaml"]) == 0


CONFIGURED = {
    ("Net",): "return Net(cfg=Config())",
    ("Net", "cfg=3"): "return Net(cfg=Config())",
    ("Net", "cfg={width: 3}"): "return Net(cfg=Config(width=3))",
    ("Net", "cfg={wide: 3}"): "return Net(cfg=Config())",
    ("Several",): "return Several(Config(), ..., part=Part(size=...), names=...)",
    ("Several", "names=[a]"): "return Several(Config(), ..., part=Part(size=...), names=['a'])",
    ("Unsaid", "width=3"): "return Unsaid(width=3, cfg=...)",
}


@pytest.mark.parametrize("given", CONFIGURED)
def test_objects_are_made_by_the_lines_that_are_shown(
    given: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *arguments = given
    options = [word for each in arguments for word in ("--model-arg", each)]
    err = _refused(capsys, "show", f"configured.py:{name}", "c.yaml", *options)
    lines = re.findall(r"^ {4}(.*)$", err, re.MULTILINE)
    assert lines[-1] == f"    {CONFIGURED[given]}"
    code = "\n".join(lines).replace("cfg=...", "cfg=__import__('configured').Config()").replace("...", "2")
    (folder / "make_model.py").write_text(code)
    assert cli.main(["show", "make_model.py:make_model", "c.yaml"]) == 0
    for module in ("configured", "settings"):
        sys.modules.pop(module, None)


def test_plain_arguments_are_given_as_the_hint_says(capsys: pytest.CaptureFixture[str]) -> None:
    option = re.search(r"--model-arg (\w+=)VALUE", _refused(capsys, "show", "zoo.py:wide", "c.yaml"))
    assert option is not None
    assert cli.main(["show", "zoo.py:wide", "c.yaml", "--model-arg", f"{option[1]}3"]) == 0


def test_a_plain_value_where_an_object_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    err = _refused(capsys, "show", "zoo.py:make", "c.yaml", "--model-arg", "settings=3")
    assert "'int' object has no attribute 'width'" in err
    assert "return make(settings=...)" in err


def test_an_argument_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert 'did you mean "width"?' in _refused(capsys, "show", "zoo.py:wide", "c.yaml", "--model-arg", "widht=3")
    err = _refused(capsys, "show", "resnet18", "c.yaml", "--model-arg", "num_clases=3")
    assert "drop or correct the argument num_clases" in err


@pytest.mark.parametrize("ref", ["src/pack/relative.py:make", "src/pack/absolute.py:make", "scripts/train.py:make"])
def test_the_folder_on_the_path_gets_on(ref: str, capsys: pytest.CaptureFixture[str]) -> None:
    hint = re.search(r"(?:PYTHONPATH=(\S+) )?pgaudit \.\.\. (\S+)", _refused(capsys, "show", ref, "c.yaml"))
    assert hint is not None
    command = [sys.executable, "-m", "pgaudit", "show", hint[2], "c.yaml"]
    environment = {**os.environ, "PYTHONPATH": hint[1] or ""}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_config_names_the_place_of_its_own_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "own.yaml").write_text(f"model: zoo.py:pair\n{CONFIG}")
    err = _refused(capsys, "show", "own.yaml")
    assert err.startswith("own.yaml:1:1: error: zoo.py:pair returned a tuple")
    assert "    return pair()[1]" in err


def test_an_example_from_outside_is_made_visible(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "odd.py").write_text("from zoo import Net\ndef pair():\n    return {'\\x1b[31m\\n::error::': Net()}\n")
    err = _refused(capsys, "show", "odd.py:pair", "c.yaml")
    assert all(line.isprintable() for line in err.splitlines())
    assert "\n::error::" not in err

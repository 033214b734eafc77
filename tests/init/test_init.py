"""A first policy decays neither norms nor biases nor tokens, in its library's words, and nothing is written over."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest
import yaml
from timm.models import create_model

import pgaudit
from pgaudit import cli
from pgaudit.config import load_config
from pgaudit.init.files import project_text
from pgaudit.init.library import Library, library_of
from pgaudit.init.policy import policy_texts, scalar
from pgaudit.init.proof import Proof

MODELS = ("resnet18", "test_vit", "test_convnext", "test_efficientnet")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("library", get_args(Library))
def test_a_real_optimizer_of_it_decays_just_the_matrices(library: Library, model: str) -> None:
    assert cli.main(["init", model, "--for", library]) == 0
    assert cli.main(["check"]) == 0
    proof = Proof.of(pgaudit.audit(model, "policy.yaml"))
    still = {each.name for each in proof.still}
    assert not still or library in ("transformers", "mmcv")  # to mmcv, a depthwise convolution has no bias of its own
    assert not proof.spared
    live = create_model(model, pretrained=False)
    optimizer = pgaudit.build_optimizer(live, "policy.yaml")
    decay = {id(each): group["weight_decay"] for group in optimizer.param_groups for each in group["params"]}
    exempt = {name for name, parameter in live.named_parameters() if decay[id(parameter)] == 0}
    assert len(exempt) == proof.exempt
    vectors = {name for name, parameter in live.named_parameters() if parameter.ndim <= 1}
    assert exempt | still >= vectors
    assert all("token" in name or "pos" in name for name in (exempt | still) - vectors)


def test_every_text_is_a_config_of_its_library() -> None:
    for library in get_args(Library):
        (text, *_) = policy_texts(library, "resnet18", None)
        config = load_config(yaml.safe_load(text))
        assert config.constructor == {"torch": "rules"}.get(library, library)


def test_what_the_library_has_no_words_for_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["init", "test_vit", "--for", "transformers", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert "decayed all the same, for the library has no words for them: cls_token, pos_embed" in err
    assert "constructor: transformers" in out
    assert not os.listdir()


TEXTS = (
    *("resnet18", "train.py:make", "a b", "true", "null", "1e3", "x: y", "# c", "é", "a\nb", "~", "-x", "a,b", ".5"),
    *("no", "", "0x1f", "a/b.yaml", "'", '"', "\x7f\x85\u2028\ud800", "😀", "{a}", "*x", "&x", "!x", "%x", "@x", "`x"),
)


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_what_yaml_reads_again(text: str) -> None:
    assert yaml.safe_load(f"{{key: {scalar(text)}}}") == {"key": text}
    assert yaml.safe_load(project_text(text or "x")) == {"audits": [{"config": text or "x"}]}


def test_odd_names_of_parameters_make_a_policy(capsys: pytest.CaptureFixture[str]) -> None:
    Path("odd.py").write_text(
        "import torch\nfrom torch import nn\n"
        "def make():\n"
        "    net = nn.Linear(2, 2)\n"
        "    for name in ('a: token', '#pos', '{token}', 'pos_\\x7f\\x1b[31m', 'pos_😀', 'pos_\\ud800'):\n"
        "        net.register_parameter(name, nn.Parameter(torch.zeros(1, 2)))\n"
        "    return net\n"
    )
    for library in ("mmengine", "torch", "detectron2"):
        assert cli.main(["init", "odd.py:make", "--for", library, "-o", f"{library} a.yaml"]) == 0
        assert f"pgaudit show '{library} a.yaml'" in capsys.readouterr().out
        assert cli.main(["check"]) == 0
        decayed = {each.name for each in pgaudit.audit(None, f"{library} a.yaml").params if each.weight_decay}
        assert decayed == {"weight", "#pos"}
        os.remove("pgaudit.yaml")


def test_what_the_model_is_built_with_is_in_the_policy() -> None:
    assert cli.main(["init", "resnet18", "--model-arg", "num_classes=3"]) == 0
    config = load_config("policy.yaml")
    assert (config.model, config.model_args) == ("resnet18", {"num_classes": 3})
    assert pgaudit.audit(None, config)["fc.bias"].param.shape == (3,)


FOLDERS: dict[str, tuple[dict[str, str], tuple[str, str] | None]] = {
    "nothing": ({"a.py": "import numpy\n", "b.txt": "timm"}, None),
    "code": ({"train.py": "import torch\nfrom timm.data import x\n"}, ("timm", "train.py")),
    "a list": ({"requirements.txt": "torch>=2\ntransformers==5\n"}, ("transformers", "requirements.txt")),
    "both": (
        {"requirements.txt": "timm\n", "tools/train.py": "from mmengine.runner import Runner\n"},
        ("mmengine", "tools/train.py"),
    ),
    "by its toolbox": ({"pyproject.toml": '[project]\ndependencies = ["mmdet>=3"]\n'}, ("mmengine", "pyproject.toml")),
    "mmcv 1": ({"requirements.txt": "mmcv-full==1.7.1\nmmdet==2.28.2\n"}, ("mmcv", "requirements.txt")),
    "mmcv 2": ({"requirements.txt": "mmcv >= 2.0.0\n"}, ("mmengine", "requirements.txt")),
    "a comment": ({"a.py": "# import timm\nx = 'import timm'\n"}, None),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_the_folder_says_who_trains_there(case: str) -> None:
    files, expected = FOLDERS[case]
    for name, text in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    assert library_of(Path.cwd()) == expected


def test_nothing_is_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pgaudit.yaml").write_text("mine")
    assert cli.main(["init", "--ci", "github"]) == 2
    assert '"pgaudit.yaml" is there already, and nothing is written' in capsys.readouterr().err
    assert os.listdir() == ["pgaudit.yaml"]
    assert cli.main(["init", "-o", "other/p.yaml", "--dry-run"]) == 0
    os.remove("pgaudit.yaml")
    assert cli.main(["init", "--ci", "github", "-o", "other/p.yaml"]) == 0
    assert yaml.safe_load(Path("pgaudit.yaml").read_text()) == {"audits": [{"config": "other/p.yaml"}]}
    assert yaml.safe_load(Path(".github/workflows/pgaudit.yml").read_text())["permissions"] == {"contents": "read"}


def test_a_folder_that_cannot_be_made_is_said_before_anything_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    Path(".github").write_text("a file")
    assert cli.main(["init", "--ci", "github"]) == 2
    assert 'cannot write ".github/workflows/pgaudit.yml": Not a directory' in capsys.readouterr().err
    assert os.listdir() == [".github"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resnet81"], "resnet"),
        (["resnet18", "--for", "tim"], "'tim' is not one of"),
        (["no.py:x"], "no.py"),
        (["-o", "pgaudit.yaml"], '"pgaudit.yaml" is where the project file stands'),
        (["-o", "x/../pgaudit.yaml"], "is where the project file stands"),
        (["--ci", "github", "-o", ".github/workflows/pgaudit.yml"], "is where the project file stands"),
        (["-o", "policy.toml"], '"policy.toml" is no name for a policy'),
        (["-o", "-"], '"-" is no name for a policy'),
        (["-o", ""], "is no name for a policy"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["init", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not os.listdir()

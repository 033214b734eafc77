"""Models of transformers by their configs: what pgaudit builds is what the library builds, without the network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command_lines import answers
from tests.parity.client import Oracle

pytestmark = pytest.mark.slow

BERT = {"model_type": "bert", "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 2, "vocab_size": 20}
"""What a config.json of a saved model holds."""


@pytest.fixture(scope="module")
def library() -> Iterator[Oracle]:
    with Oracle("none", "tests.models.library", "transformers") as oracle:
        yield oracle


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(BERT))
    return tmp_path


DEFAULTS = [
    "BertModel",
    "BertForSequenceClassification",
    "LlamaForCausalLM",
    "GPT2LMHeadModel",
    "ViTModel",
    "CLIPModel",
]
DEFAULTS += ["T5ForConditionalGeneration", "DetrForObjectDetection", "Wav2Vec2Model", "MixtralForCausalLM"]
SMALL = {"num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 2}
GIVEN: list[tuple[str, dict[str, Any], str]] = [
    ("BertModel", SMALL, "t.BertModel(t.BertConfig(num_hidden_layers=2, hidden_size=8, num_attention_heads=2))"),
    ("BertForMaskedLM", {"tie_word_embeddings": False}, "t.BertForMaskedLM(t.BertConfig(tie_word_embeddings=False))"),
    ("BertModel", {"add_pooling_layer": False}, "t.BertModel(t.BertConfig(), add_pooling_layer=False)"),
    ("BertForSequenceClassification", {"num_labels": 5}, "t.BertForSequenceClassification(t.BertConfig(num_labels=5))"),
    ("GPT2Model", {"n_layer": 1}, "t.GPT2Model(t.GPT2Config(n_layer=1))"),
    ("GPT2Model", {"num_hidden_layers": 1}, "t.GPT2Model(t.GPT2Config(n_layer=1))"),
    (
        "CLIPModel",
        {"text_config": {"num_hidden_layers": 1}},
        "t.CLIPModel(t.CLIPConfig(text_config={'num_hidden_layers': 1}))",
    ),
    ("AutoModel", {"model_type": "vit"}, "t.ViTModel(t.ViTConfig())"),
    ("AutoModelForCausalLM", {"model_type": "gpt2", "n_layer": 1}, "t.GPT2LMHeadModel(t.GPT2Config(n_layer=1))"),
]
FROM_FILE = {
    "BertModel": "t.BertModel(t.BertConfig.from_pretrained({path!r}{fields}))",
    "BertForMaskedLM": "t.BertForMaskedLM(t.BertConfig.from_pretrained({path!r}{fields}))",
    "AutoModel": "t.AutoModel.from_config(t.AutoConfig.from_pretrained({path!r}{fields}))",
    "AutoModelForMaskedLM": "t.AutoModelForMaskedLM.from_config(t.AutoConfig.from_pretrained({path!r}{fields}))",
}


def _agreed(library: Oracle, name: str, args: dict[str, Any], truth: str) -> dict[str, Any]:
    found = library.ask(ref=f"transformers:{name}", args=args, truth=truth)
    assert found.get("parameters") == found.get("truth", "no truth"), found
    assert found["about"][0] == "transformers"
    assert found["about"][1].endswith(f".{found['class']}")
    assert "meta" in found["devices"]
    return found


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_class_is_built_from_its_default_config(library: Oracle, name: str) -> None:
    found = _agreed(library, name, {}, f"t.{name}(t.{name}.config_class())")
    assert found["notes"] == []


@pytest.mark.parametrize(("name", "args", "truth"), GIVEN)
def test_arguments_are_fields_of_the_config_or_the_constructors_own(
    library: Oracle, name: str, args: dict[str, Any], truth: str
) -> None:
    _agreed(library, name, args, truth)


@pytest.mark.parametrize("fields", [{}, {"num_hidden_layers": 1}])
@pytest.mark.parametrize("place", ["folder", "file"])
@pytest.mark.parametrize("name", FROM_FILE)
def test_a_config_is_read_from_a_folder_or_a_file(
    library: Oracle, saved: Path, name: str, place: str, fields: dict[str, Any]
) -> None:
    path = str(saved if place == "folder" else saved / "config.json")
    truth = FROM_FILE[name].format(path=path, fields="".join(f", {key}={value}" for key, value in fields.items()))
    found = _agreed(library, name, {"config": path, **fields}, truth)
    assert found["notes"] == []
    assert [shape for names, shape, _ in found["parameters"] if "word_embeddings" in names[0]] == [[20, 8]]


def test_tied_weights_are_one_parameter(library: Oracle, saved: Path) -> None:
    found = library.ask(ref="transformers:BertForMaskedLM", args={"config": str(saved)})
    assert ["bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"] in [
        names for names, _, _ in found["parameters"]
    ]


def test_a_config_of_another_type_is_used_as_the_library_does_and_said(library: Oracle, saved: Path) -> None:
    truth = f"t.LlamaModel(t.LlamaConfig.from_pretrained({str(saved)!r}))"
    found = _agreed(library, "LlamaModel", {"config": str(saved)}, truth)
    path = saved / "config.json"
    assert found["notes"] == [f'{path} is of the model type "bert", and transformers:LlamaModel of "llama"']


def test_a_part_of_a_composite_config_is_no_other_type(library: Oracle, tmp_path: Path) -> None:
    text = {"model_type": "clip_text_model", "num_hidden_layers": 1}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clip", "text_config": text}))
    truth = "t.CLIPTextModel(t.CLIPTextConfig(num_hidden_layers=1))"
    assert _agreed(library, "CLIPTextModel", {"config": str(tmp_path)}, truth)["notes"] == []


REFUSED = {
    ("BertModel", "num_hiden_layers"): ('a BertConfig has no field "num_hiden_layers"', 'mean "num_hidden_layers"?'),
    ("BertModel", "add_poling_layer"): ("has no field", 'did you mean "add_pooling_layer"?'),
    ("BertModel", "to_dict"): ("has no field", ""),
    ("BertModel", "local_files_only"): ("has no field", ""),
    ("AutoModel", None): ("builds any type of model, and has no config of its own", "config=FOLDER"),
    ("AutoModelForCausalLM", None): ("builds any type of model", "--model-arg model_type=bert"),
    ("AutoModel", "model_type"): ('transformers has no model_type "3"', ""),
    ("PreTrainedModel", None): ("transformers:PreTrainedModel has no config_class", "transformers:BertModel"),
    ("BertModel", "config"): ("config is the path of a config.json", "its fields are arguments"),
    ("BertMdel", None): ('transformers has no attribute "BertMdel"', 'did you mean "BertModel"?'),
    ("BertTokenizer", None): ("is a class, but no nn.Module", ""),
    ("BertConfig", None): ("is a class, but no nn.Module", ""),
}


@pytest.mark.parametrize(("name", "argument"), REFUSED)
def test_what_cannot_be_built(library: Oracle, name: str, argument: str | None) -> None:
    found = library.ask(ref=f"transformers:{name}", args={argument: 3} if argument else {})
    message, hint = REFUSED[name, argument]
    assert message in found["error"], found
    assert hint in (found["hint"] or "")


def test_a_value_that_the_config_or_the_model_refuses(library: Oracle) -> None:
    found = library.ask(ref="transformers:BertModel", args={"hidden_size": "wide"})
    assert found["error"].startswith("transformers:BertModel: BertConfig cannot be made: ")
    found = library.ask(ref="transformers:AutoModel", args={"model_type": ["bert"]})
    assert found["error"].startswith("transformers has no model_type")
    found = library.ask(ref="transformers:BertModel", args={"hidden_size": 13})
    assert found["error"].startswith("transformers:BertModel cannot be built: ValueError: The hidden size (13)")


FILES = {
    "bert-base-uncased": (None, 'no such config file: "bert-base-uncased"'),
    "empty": ("", "the file ends in the middle of the JSON"),
    "broken": ("{\n  broken", "not JSON"),
    "list": ("[]", "is no config of transformers: it holds no mapping"),
    "unfit": ('{"model_type": "bert", "hidden_size": "x"}', "makes no config"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_config(library: Oracle, tmp_path: Path, name: str) -> None:
    text, message = FILES[name]
    if text is not None:
        (tmp_path / name).write_text(text)
    given = name if text is None else str(tmp_path / name)
    found = library.ask(ref="transformers:BertModel", args={"config": given})
    assert message in found["error"], found
    assert text is not None or "models are built offline" in found["hint"]


def test_code_that_a_config_names_is_not_run(library: Oracle, saved: Path) -> None:
    ran = saved / "ran"
    named = {**BERT, "model_type": "new", "auto_map": {"AutoConfig": "code.Config", "AutoModel": "code.Model"}}
    (saved / "config.json").write_text(json.dumps(named))
    (saved / "code.py").write_text(f"open({str(ran)!r}, 'w')\n")
    found = library.ask(ref="transformers:AutoModel", args={"config": str(saved)})
    assert "makes no config" in found["error"], found
    assert not ran.exists()


OWN = """
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

class NetConfig(PretrainedConfig):
    model_type = "net"
    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.width = width

class Net(PreTrainedModel):
    config_class = NetConfig
    def __init__(self, config, extra=1):
        super().__init__(config)
        self.fc = nn.Linear(config.width, extra)

class Plain(PreTrainedModel):
    config_class = NetConfig
    def __init__(self, config=None, width=2):
        super().__init__(config or NetConfig(width))
        self.fc = nn.Linear(width, width)
"""


def _answers(folder: Path, *calls: list[str]) -> list[str]:
    """What is printed, without a word of warning."""
    found = answers(calls, folder=folder, oracle="transformers")
    assert [(each.code, each.err) for each in found] == [(0, "")] * len(calls)
    return [each.out for each in found]


@pytest.mark.oracle
def test_a_class_of_ones_own_and_a_config_beside_the_file_that_names_it(tmp_path: Path) -> None:
    for name, width in (("here", 6), ("there", 5)):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(OWN)
        (tmp_path / name / f"{name}.json").write_text(f'{{"model_type": "net", "width": {width}}}')
        (tmp_path / name / "c.yaml").write_text(
            f"model: {name}.py:Net\nmodel_args: {{config: {name}.json, extra: 2}}\noptimizer: {{type: SGD, lr: 0.1}}\n"
        )
    calls = {
        "../there/c.yaml": [[2, 5], [2]],
        "here.py:Net c.yaml --model-arg width=4": [[2, 4], [2]],
        "here.py:Plain c.yaml --model-arg width=4": [[4, 4], [4]],
    }
    shown = _answers(tmp_path / "here", *(["show", *call.split(), "--format", "json"] for call in calls))
    for text, shapes in zip(shown, calls.values(), strict=True):
        assert [each["shape"] for each in json.loads(text)["params"]] == shapes


@pytest.mark.oracle
def test_commands_take_it(saved: Path) -> None:
    (saved / "c.yaml").write_text("optimizer: {type: AdamW, lr: 0.1}\nconstructor: transformers\n")
    by_config = ["transformers:BertModel", "--model-arg", f"config={saved}"]
    _, named, inventory, alone = _answers(
        saved,
        ["snapshot", *by_config, "-o", "bert.inventory.json"],
        ["show", by_config[0], "c.yaml", *by_config[1:], "--format", "csv"],
        ["show", "bert.inventory.json", "c.yaml", "--format", "csv"],
        ["show", *by_config],
    )
    assert named == inventory
    assert alone.startswith("transformers:BertModel")

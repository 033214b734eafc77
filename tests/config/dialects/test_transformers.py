"""TrainingArguments in YAML and JSON: the same optimizer and groups as the real Trainer makes of the same file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import pgaudit
from pgaudit.core.errors import ConfigError
from tests.budget import examples
from tests.config.dialects.files import place, read, refused
from tests.config.dialects.net import Net
from tests.parity.answers import exact, word
from tests.parity.client import Oracle

NUMBERS = st.floats(1e-6, 1e-1)
WORDS = st.fixed_dictionaries(
    {"per_device_train_batch_size": st.just(4), "output_dir": st.just("out")},
    optional={
        "learning_rate": NUMBERS,
        "weight_decay": NUMBERS,
        "adam_beta1": st.floats(0.1, 0.95),
        "adam_beta2": st.floats(0.9, 0.999),
        "adam_epsilon": NUMBERS,
        "optim": st.sampled_from(["adamw_torch", "adamw_torch_fused", "adagrad"]),
        "lr_scheduler_type": st.just("cosine"),
    },
)
BY_ARGUMENTS = st.fixed_dictionaries(
    {
        "adam_beta2": st.just(0.9),
        "optim": st.sampled_from(["sgd", "rmsprop", "adagrad"]),
        "optim_args": st.sampled_from(
            [
                "momentum=0.9",
                "momentum = 0.5, nesterov=true",
                "eps=0.01,weight_decay=0.5",
                "alpha=0.9,momentum=0.1",
                "x=1",
            ]
        ),
        "weight_decay": NUMBERS,
    }
)


@pytest.fixture(scope="module")
def trainer() -> Iterator[Oracle]:
    with Oracle("transformers", "tests.config.dialects.oracle_transformers", "training") as oracle:
        yield oracle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arguments")


@settings(max_examples=examples(60))
@given(words=WORDS | BY_ARGUMENTS, as_json=st.booleans())
def test_as_trainer(trainer: Oracle, folder: Path, words: dict[str, Any], as_json: bool) -> None:
    path = folder / ("args.json" if as_json else "args.yaml")
    path.write_text(json.dumps(words) if as_json else yaml.safe_dump(words), encoding="utf-8")
    theirs = trainer.ask(path=str(path))
    report = pgaudit.audit(Net(), path)
    assert report.constructor == "transformers"
    for ours, group in zip(report.groups, theirs["groups"], strict=True):
        assert exact(ours.lr) == group["lr"]
        assert exact(ours.weight_decay) == group["weight_decay"]
    groups = [[each.name for each in report.params if each.group == index] for index in range(len(report.groups))]
    assert [sorted(each) for each in groups] == [sorted(each["names"]) for each in theirs["groups"]]
    for key, value in report.optimizer.arguments.items():
        if key not in ("lr", "weight_decay"):
            assert word(value) == theirs["defaults"][key], key


def test_each_word_keeps_its_place(tmp_path: Path) -> None:
    text = """\
        model_name_or_path: meta/some
        learning_rate: 2.0e-05
        weight_decay: 1e-1
        adam_beta2: 0.95
        lr_scheduler_type: cosine
        warmup_steps: 10
        max_steps: 100
        """
    config = read(tmp_path, text)
    assert [place(config, "optimizer", key) for key in ("lr", "weight_decay", "betas", "type")] == [
        (2, 1),
        (3, 1),
        (4, 1),
        (2, 1),
    ]
    assert [(each.path, each.text) for each in config.ambiguous] == [(("optimizer", "weight_decay"), "1e-1")]
    assert config.model is None
    assert config.notes == ("the config is read as transformers' TrainingArguments",)
    assert config.schedule is not None
    assert config.schedule.given == {"lr_scheduler_type": "cosine", "warmup_steps": 10, "max_steps": 100}
    assert (config.schedule.library, config.schedule.at) == ("transformers", ("lr_scheduler_type",))


def test_json_has_no_texts_for_numbers(tmp_path: Path) -> None:
    text = '{\n\t"learning_rate": 1e-4,\n\t"num_train_epochs": 3\n}'
    config = read(tmp_path, text, "args.json")
    assert config.optimizer["lr"] == 1e-4
    assert config.ambiguous == ()
    assert place(config, "optimizer", "lr") == (2, 2)


def test_those_of_bitsandbytes_are_named_and_imported_only_when_they_are_asked(tmp_path: Path) -> None:
    config = read(tmp_path, "learning_rate: 0.1\nadam_beta2: 0.9\noptim: paged_adamw_8bit")
    assert config.optimizer["type"] == "bitsandbytes.optim:AdamW"
    assert (config.optimizer["optim_bits"], config.optimizer["is_paged"]) == (8, True)
    with pytest.raises(ConfigError, match="bitsandbytes"):
        pgaudit.audit("resnet18", config)


WAY_IN = "(`pgaudit show train.py:make` audits the optimizer as built)"
REFUSED = {
    "optim: galore_adamw": f"1:1: galore_adamw takes other groups, and no weight decay {WAY_IN}",
    "optim: apollo_adamw_layerwise": f"1:1: apollo_adamw_layerwise takes other groups, and no weight decay {WAY_IN}",
    "optim: adalomo": f"1:1: adalomo takes the model in place of groups {WAY_IN}",
    "optim: adamw_tosch": '1:1: the optimizer "adamw_tosch" is not known here (did you mean "adamw_torch"?)',
    "optim: schedule_free_radam": f'1:1: the optimizer "schedule_free_radam" is not known here {WAY_IN}',
    "loraplus_lr_ratio: 16.0": f"1:1: `loraplus_lr_ratio` makes other groups than Trainer's own {WAY_IN}",
    "deepspeed: {optimizer: {type: Adam}}": f"1:13: DeepSpeed's optimizer takes the place of Trainer's {WAY_IN}",
    "optim: [sgd]": "1:1: `optim` is the name of an optimizer (adamw_torch)",
    "weight_decay:": "1:1: weight_decay is null, and its default only where it is not there (drop it)",
    "optim_args: betas=(0.1,0.2)": '1:1: "0.2)" is no argument and its value (momentum=0.9)',
    "{optim: sgd, optim_args: momentum}": '1:14: "momentum" is no argument and its value (momentum=0.9)',
}


@pytest.mark.parametrize("first", REFUSED)
def test_what_does_not_make_trainers_own_groups_is_refused(tmp_path: Path, first: str) -> None:
    rest = "learning_rate: 0.1\nper_device_train_batch_size: 4"
    text = f"{first[:-1]}, learning_rate: 1, adam_beta1: 0.9}}" if first.startswith("{") else f"{first}\n{rest}"
    assert refused(tmp_path, text) == REFUSED[first]


@pytest.mark.parametrize("text", ["learning_rate: 0.1\noutput_dir: x", "num_train_epochs: 3", "adam_beta1: 0.9"])
def test_ordinary_words_alone_are_no_sign(tmp_path: Path, text: str) -> None:
    assert '"optimizer" is missing' in refused(tmp_path, text)

"""The real HfArgumentParser and Trainer as a process: a path a line, and what optimizer Trainer makes of that file.

Request: ``{"path": ...}``, a YAML or JSON file. The answer is the one of `tests.parity.answers`, with ``class``.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from transformers import HfArgumentParser, TrainingArguments
from transformers.trainer import Trainer

from tests.parity.answers import serve


class Net(nn.Module):
    """As `MODEL` in the test."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 2)


def build(request: dict[str, Any]) -> tuple[torch.optim.Optimizer, nn.Module]:
    """The optimizer of Trainer's own, unchanged methods, on a stand-in for the rest of a Trainer."""
    parser = HfArgumentParser(TrainingArguments)
    read = parser.parse_json_file if request["path"].endswith(".json") else parser.parse_yaml_file
    (args,) = read(request["path"])
    model = Net()
    trainer: Any = SimpleNamespace(
        model=model,
        args=args,
        optimizer=None,
        optimizer_cls_and_kwargs=None,
        get_decay_parameter_names=lambda model: Trainer.get_decay_parameter_names(trainer, model),
        get_optimizer_cls_and_kwargs=Trainer.get_optimizer_cls_and_kwargs,
    )
    return Trainer.create_optimizer(trainer), model


if __name__ == "__main__":
    serve(build)

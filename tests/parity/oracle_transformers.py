"""The real transformers as a process: a JSON request a line on stdin, a JSON answer a line on stdout.

Request::

    {"model": SPEC, "optimizer": {"type": "AdamW", "lr": ..., "weight_decay": ..., ...}}

The optimizer's lr and weight decay become TrainingArguments' ``learning_rate`` and ``weight_decay``; their defaults
hold where they are absent, or null. ``null`` for the optimizer means Trainer's own AdamW, as plain TrainingArguments
lead to it. The answer is the one of `oracle_mmcv`.
"""

from __future__ import annotations

import dataclasses
import json
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from transformers.trainer import Trainer
from transformers.training_args import TrainingArguments

from tests.parity import trees
from tests.parity.answers import serve

DEFAULTS = {
    field.name: field.default
    for field in dataclasses.fields(TrainingArguments)
    if field.default is not dataclasses.MISSING
}


@lru_cache(maxsize=2)
def model_of(spec: str) -> nn.Module:
    """The last models are kept: a test asks several questions of one model."""
    return trees.build(json.loads(spec))


def build(request: dict[str, Any]) -> tuple[torch.optim.Optimizer, nn.Module]:
    """The optimizer of a request."""
    model = model_of(json.dumps(request["model"]))
    given = request["optimizer"] or {}
    words = {"lr": "learning_rate", "weight_decay": "weight_decay"}
    stated = {words[key]: value for key, value in given.items() if key in words and value is not None}
    args = SimpleNamespace(**{**DEFAULTS, "optim": "adamw_torch", **stated})
    cls_and_kwargs = None
    if given:
        rest = {key: value for key, value in given.items() if key not in ("type", *words)}
        cls_and_kwargs = getattr(torch.optim, given["type"]), {"lr": args.learning_rate, **rest}
    return created(model, args, cls_and_kwargs)


def created(model: nn.Module, args: Any, cls_and_kwargs: Any = None) -> tuple[torch.optim.Optimizer, nn.Module]:
    """The optimizer that Trainer's own, unchanged methods make of some arguments."""
    trainer: Any = SimpleNamespace(
        model=model,
        args=args,
        optimizer=None,
        optimizer_cls_and_kwargs=cls_and_kwargs,
        get_decay_parameter_names=lambda model: Trainer.get_decay_parameter_names(trainer, model),
        get_optimizer_cls_and_kwargs=Trainer.get_optimizer_cls_and_kwargs,
    )
    return Trainer.create_optimizer(trainer), model


if __name__ == "__main__":
    serve(build)

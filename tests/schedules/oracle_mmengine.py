"""The real mmengine trains for a few steps, and tells the lrs; see :mod:`tests.schedules.ours` for the requests.

A real Runner builds the optimizer wrapper's schedulers, and its own loop and its own hook step them. What a config says
beside its schedule is as small as the Runner allows.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Mapping
from typing import Any

import mmengine.runner.runner
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch.utils.data import DataLoader

from tests.schedules.ours import Answer, serve

_names = itertools.count()


class Toy(BaseModel):
    """A model of one parameter a group, whose step changes nothing."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.weights = torch.nn.ParameterList(torch.zeros(1) for _ in range(count))

    def forward(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {}

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, Any]:
        return {}


class Record(Hook):
    """Notes the lrs after each iteration and after each epoch, when all other hooks are done."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.by_step: list[list[float]] = []
        self.by_epoch: list[list[float]] = []

    def before_train(self, runner: Any) -> None:
        self.by_step = [self._now(runner)]
        self.by_epoch = [self._now(runner)]

    def after_train_iter(self, runner: Any, *_: Any, **__: Any) -> None:
        self.by_step.append(self._now(runner))

    def after_train_epoch(self, runner: Any, *_: Any, **__: Any) -> None:
        self.by_epoch.append(self._now(runner))
        self.by_step[-1] = self._now(runner)

    @staticmethod
    def _now(runner: Any) -> list[float]:
        return [float(group["lr"]) for group in runner.optim_wrapper.optimizer.param_groups]


class NoVisualizer(Visualizer):
    """Draws nothing, and so needs no matplotlib."""

    def __init__(self, name: str = "none") -> None:
        self._instance_name = name

    def add_config(self, *_: Any, **__: Any) -> None:
        pass


def real(request: Mapping[str, Any]) -> Answer:
    """The lrs after each step and each epoch, as far as the training gets; and what it raises."""
    model, record = Toy(len(request["lrs"])), Record()
    groups = [{"params": [each], "lr": lr} for each, lr in zip(model.weights, request["lrs"], strict=True)]
    optimizer = torch.optim.SGD(groups, lr=0.5, momentum=0.9)
    data: Any = [0] * request["loader"]
    error = None
    with tempfile.TemporaryDirectory() as folder:
        try:
            Runner(
                model,
                folder,
                train_dataloader=DataLoader(data, batch_size=1),
                train_cfg=dict(request["around"]["train_cfg"]),
                optim_wrapper=OptimWrapper(optimizer),
                param_scheduler=request["given"],
                default_hooks=dict.fromkeys(("timer", "logger", "checkpoint", "sampler_seed", "runtime_info")),
                custom_hooks=[record],
                visualizer=NoVisualizer(),
                experiment_name=f"schedule-{next(_names)}",
                log_level="ERROR",
            ).train()
        except Exception as raised:
            error = type(raised).__name__
    for kind in (MMLogger, MessageHub, DefaultScope):  # they are kept for ever, and each new one looks at them all
        kind._instance_dict.clear()
    return {"step": record.by_step, "epoch": record.by_epoch, "error": error}


if __name__ == "__main__":
    time.sleep = lambda _: None  # the loop waits before it begins with the data anew
    mmengine.runner.runner.collect_env = dict  # it asks the machine for its compilers, which takes a second
    serve(real)

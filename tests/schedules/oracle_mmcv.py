"""The real mmcv 1.x trains for a few steps, and tells the lrs; see :mod:`tests.schedules.ours` for the requests.

A real EpochBasedRunner or IterBasedRunner registers the real hook, and calls it.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Mapping
from typing import Any

import torch
from mmcv.runner import EpochBasedRunner, Hook, IterBasedRunner
from torch.utils.data import DataLoader

from tests.schedules.ours import Answer, serve


class Toy(torch.nn.Module):
    """A model of one parameter a group, whose step changes nothing."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.weights = torch.nn.ParameterList(torch.zeros(1) for _ in range(count))

    def train_step(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {}


class Record(Hook):
    """Notes the lrs with which each iteration and each epoch begins, and those at the end of the run."""

    def __init__(self) -> None:
        self.step: list[list[float]] = []
        self.epoch: list[list[float]] = []

    def before_train_iter(self, runner: Any) -> None:
        self.step.append(self._now(runner))

    def before_train_epoch(self, runner: Any) -> None:
        self.epoch.append(self._now(runner))

    def after_run(self, runner: Any) -> None:
        self.step.append(self._now(runner))
        self.epoch.append(self._now(runner))

    @staticmethod
    def _now(runner: Any) -> list[float]:
        return [float(group["lr"]) for group in runner.optimizer.param_groups]


def real(request: Mapping[str, Any]) -> Answer:
    """The lrs of each step and each epoch, as far as the training gets; and what it raises."""
    model, record = Toy(len(request["lrs"])), Record()
    groups = [{"params": [each], "lr": lr} for each, lr in zip(model.weights, request["lrs"], strict=True)]
    optimizer = torch.optim.SGD(groups, lr=0.5, momentum=0.9)
    length = dict(request["around"]["runner"])
    kind = {"EpochBasedRunner": EpochBasedRunner, "IterBasedRunner": IterBasedRunner}[length.pop("type")]
    data: Any = [0] * request["loader"]
    error = None
    try:
        runner = kind(model, optimizer=optimizer, logger=logging.getLogger("quiet"), **length)
        runner.register_training_hooks(copy.deepcopy(request["given"]))
        runner.register_hook(record, priority="LOWEST")
        runner.run([DataLoader(data, batch_size=1)], [("train", 1)])
    except Exception as raised:
        error = type(raised).__name__
    return {"step": record.step, "epoch": record.epoch, "error": error}


if __name__ == "__main__":
    logging.getLogger("quiet").setLevel(logging.CRITICAL)
    time.sleep = lambda _: None  # the runners wait between epochs
    serve(real)

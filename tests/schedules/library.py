"""Runs apart from the tests, with transformers, accelerate and Lightning on its path: what they make of lrs over time,
and what pgaudit says of it.

A line of JSON has the name of one of the functions below, and its arguments.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from pgaudit.built.audit import audit_objects
from pgaudit.core.schedule import OptimizerSchedule, Schedule, ScheduleRequest
from pgaudit.schedules.base import CannotFollow, ScheduleError
from tests.schedules.groups import asked, lrs_at, optimizer_of, stepped

Given = dict[str, Any]


def said(found: OptimizerSchedule, steps: Sequence[int]) -> Given:
    """What pgaudit says, as JSON."""
    return {
        "title": found.title,
        "lrs": [lrs_at(found, step) for step in steps],
        "points": found.turning_points,
        "ends": found.ends,
        "warms_up": found.warms_up,
        "run": found.run,
        "notes": found.notes,
    }


def ours(schedule: Schedule, groups: list[Given], steps: Sequence[int], lr: float) -> Given:
    """What pgaudit says of a schedule, or how it refuses it."""
    try:
        return said(asked(schedule, groups, steps, lr), steps)
    except ScheduleError as error:
        (finding,) = error.findings
        return {
            "refused": finding.message,
            "hint": finding.hint,
            "below": error.below,
            "undetermined": isinstance(error, CannotFollow),
        }


def _real(make: Callable[[Any], Any], groups: list[Given], steps: Sequence[int], lr: float) -> Given:
    """What the real library makes of the same groups, or what it raises."""
    optimizer = optimizer_of(groups, lr)
    try:
        scheduler = make(optimizer)
    except Exception as error:
        return {"raised": f"{type(error).__name__}: {error}"}
    lrs = stepped(optimizer, lambda _: scheduler.step(), steps)
    return {"lrs": [lrs[step] for step in steps]}


def types() -> Given:
    """The names of all schedules."""
    from transformers.trainer_utils import SchedulerType

    return {"types": [each.value for each in SchedulerType]}


def by_name(given: Given, groups: list[Given], steps: list[int], lr: float) -> Given:
    """``get_scheduler``, and a schedule in a config of ours."""
    from transformers.optimization import get_scheduler

    lengths = {key: given.get(key) for key in ("num_warmup_steps", "num_training_steps")}
    rest = {key: value for key, value in given.items() if key not in ("type", *lengths)}

    def make(optimizer: Any) -> Any:
        return get_scheduler(given["type"], optimizer, **lengths, scheduler_specific_kwargs=rest)

    return _both(make, given, groups, steps, lr)


def by_arguments(given: Given, groups: list[Given], steps: list[int], lr: float) -> Given:
    """``Trainer.create_scheduler`` under real ``TrainingArguments``, and their words in a config."""
    from types import SimpleNamespace

    from transformers import Trainer, TrainingArguments

    def make(optimizer: Any) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            args = TrainingArguments(folder, use_cpu=True, report_to=[], **given)
        trainer: Any = SimpleNamespace(args=args, optimizer=optimizer, lr_scheduler=None)
        return Trainer.create_scheduler(trainer, num_training_steps=args.max_steps)

    return _both(make, given, groups, steps, lr)


def _both(make: Callable[[Any], Any], given: Given, groups: list[Given], steps: list[int], lr: float) -> Given:
    found = ours(Schedule("transformers", given), groups, steps, lr)
    real = _real(make, groups, steps, lr)
    at = re.search(r" at step (\d+)$", found.get("refused", ""))
    if at and "lrs" in real:  # one of its turning points, at which nobody may have asked
        step = int(at[1])
        further = _real(make, groups, [*range(step + 1)], lr)["lrs"]
        real = {"raised": "at that step"} if further[step] is None and further[step - 1] is not None else real
    return {"real": real, "ours": found}


def of_schedule(given: Given, run: int | None = None, epoch_steps: int | None = None, steps: Any = ()) -> Given:
    """What pgaudit says of a schedule."""
    return ours(Schedule("transformers", given, run, epoch_steps), [{"lr": 0.1}], steps, 0.1)


# Live schedulers.


def _groups_of(model: nn.Module) -> list[Given]:
    return [{"params": [tensor], "lr": 0.01 * 2**index} for index, tensor in enumerate(model.parameters())]


def live(given: Given, made: int, steps: list[int], around: str = "") -> Given:
    """A live scheduler of transformers', after some steps; accelerate may be around it."""
    from transformers.optimization import get_scheduler

    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    optimizer: Any = torch.optim.AdamW(_groups_of(model), lr=0.1)
    scheduler = get_scheduler(given["type"], optimizer, 3, 20, given.get("specific"))
    inner, real = scheduler, scheduler
    audited: Any = model
    if around:
        from accelerate import Accelerator

        audited, optimizer, scheduler = Accelerator(cpu=True).prepare(model, optimizer, scheduler)
        real = scheduler if around == "wrapped" else inner
    for _ in range(made):
        optimizer.step()
        scheduler.step()
    before = _state(optimizer, inner)
    report = audit_objects(audited, optimizer, real, ScheduleRequest(tuple(steps)))
    assert _state(optimizer, inner) == before
    assert report.over_time is not None
    (found,) = report.over_time.optimizers
    assert found is not None
    if given["type"] in ("reduce_lr_on_plateau", "greedy"):
        return {"ours": said(found, steps)}
    lrs: list[Any] = [None for step in steps if step < made]
    for step in steps[len(lrs) :]:
        while inner.last_epoch < step:
            optimizer.step()
            scheduler.step()
        lrs.append([group["lr"] for group in optimizer.param_groups])
    return {"real": {"lrs": lrs}, "ours": said(found, steps)}


def _state(optimizer: Any, scheduler: Any) -> str:
    groups = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    state = {key: value for key, value in scheduler.state_dict().items() if key != "lr_lambdas"}
    return repr((groups, state, {**vars(scheduler), "optimizer": id(scheduler.optimizer)}))


def layerwise() -> Given:
    """A GaLore optimizer for each layer, with the scheduler that stands for all of theirs."""
    from transformers.optimization import get_scheduler
    from transformers.trainer_pt_utils import LayerWiseDummyOptimizer

    tensor = nn.Parameter(torch.zeros(2))
    dummy = LayerWiseDummyOptimizer({tensor: torch.optim.SGD([tensor], lr=0.1)}, lr=0.1)
    scheduler = get_scheduler("linear", dummy, 3, 20)
    report = audit_objects(None, scheduler.optimizer, scheduler, ScheduleRequest((0, 5)))
    assert report.over_time is not None
    (found,) = report.over_time.optimizers
    assert found is not None
    return said(found, (0, 5))


def lightning(form: str) -> Given:
    """A module whose ``configure_optimizers()`` returns a scheduler, in one of Lightning's forms."""
    import pytorch_lightning as pl

    class Lit(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(2, 2)

        def configure_optimizers(self) -> Any:
            one = torch.optim.SGD(self.net.parameters(), lr=0.1)
            decay = torch.optim.lr_scheduler.StepLR(one, 2)
            return {
                "lists": ([one], [decay]),
                "dict": {"optimizer": one, "lr_scheduler": decay},
                "config": {"optimizer": one, "lr_scheduler": {"scheduler": decay, "interval": "step"}},
                "configs": ([one], [{"scheduler": decay, "interval": "step", "frequency": 1}]),
            }[form]

    report = audit_objects(None, Lit(), None, ScheduleRequest((0, 2, 4)))
    assert report.over_time is not None
    (found,) = report.over_time.optimizers
    assert found is not None
    return said(found, (0, 2, 4))


def trainer(arguments: Given, run: int | None = None) -> Given:
    """A Trainer that has not begun, and the scheduler that it would make."""
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    from pgaudit.core.errors import UsageError

    config = BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=8,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        args = TrainingArguments(folder, learning_rate=0.01, use_cpu=True, report_to=[], **arguments)
        made = Trainer(BertForSequenceClassification(config), args)
        try:
            report = audit_objects(None, made, None, ScheduleRequest((0, 2, 7), run=run))
        except UsageError as error:
            return {"refused": error.findings[0].message, "hint": error.findings[0].hint}
        untouched = made.lr_scheduler is None and all(
            "initial_lr" not in group for group in made.optimizer.param_groups
        )
        scheduler: Any = made.create_scheduler(run or args.max_steps)
    lrs = []
    for step in range(8):
        if step in (0, 2, 7):
            lrs.append(made.optimizer.param_groups[0]["lr"])
        scheduler.step()
    first = report.lrs_at(next(iter(report)))
    return {"ours": list(first.values()), "real": lrs, "untouched": untouched, "lr": next(iter(report)).lr}


FUNCTIONS = {
    each.__name__: each for each in (types, by_name, by_arguments, of_schedule, live, layerwise, lightning, trainer)
}


def main() -> None:
    """Answers until stdin ends."""
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints
    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            found = FUNCTIONS[request.pop("function")](**request)
        except Exception:
            found = {"broken": traceback.format_exc()}
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main()

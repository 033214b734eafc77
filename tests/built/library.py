"""Runs apart from the tests, with the real libraries on its path: builds what they build, and audits it.

A line of JSON asks for one of the functions below by its name; the answer has pgaudit's claims and torch's own.
"""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import torch
from torch import nn, optim

import pgaudit
from tests.built.cases import Net, claims_of, grouped, told

Scenario = Callable[[], dict[str, Any]]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__] = function
    return function


def answer(model: nn.Module, given: Any, optimizers: list[Any], *, audited: Any = None, **more: Any) -> dict[str, Any]:
    """What pgaudit says of something given, and what torch's own optimizers hold of a model."""
    report = pgaudit.audit(audited, given, **more)
    return {**told(report), "truth": claims_of(model, optimizers)}


def _group_of_one() -> None:
    if not torch.distributed.is_initialized():
        file = tempfile.mktemp(prefix="pgaudit-gloo-")
        torch.distributed.init_process_group("gloo", init_method=f"file://{file}", rank=0, world_size=1)


# Lightning: each form that configure_optimizers() may return.


def _lightning(form: str) -> dict[str, Any]:
    import pytorch_lightning as pl

    held: list[Any] = []

    class Lit(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = Net()

        def configure_optimizers(self) -> Any:
            one = grouped(self.net)
            decay = optim.lr_scheduler.StepLR(one, 2)
            if form in ("several", "several with schedulers"):
                one = optim.SGD(self.net.conv.parameters(), lr=0.1)
                two = optim.AdamW(self.net.fc.parameters(), lr=0.2)
                held.extend([one, two])
                return [one, two] if form == "several" else ([one, two], [optim.lr_scheduler.StepLR(two, 2)])
            held.append(one)
            return {
                "one": one,
                "dict": {"optimizer": one},
                "dict with scheduler": {"optimizer": one, "lr_scheduler": decay},
                "dict with config": {"optimizer": one, "lr_scheduler": {"scheduler": decay, "interval": "step"}},
                "dicts": ({"optimizer": one, "lr_scheduler": {"scheduler": decay, "frequency": 1}},),
            }[form]

    lit = Lit()
    report = pgaudit.audit(None, lit)
    return {**told(report), "truth": claims_of(lit, held)}


for _form in ("one", "several", "several with schedulers", "dict", "dict with scheduler", "dict with config", "dicts"):
    SCENARIOS[f"lightning {_form}"] = lambda form=_form: _lightning(form)  # type: ignore[misc]


@scenario
def transformers_trainer() -> dict[str, Any]:
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    config = BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=8,
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    with tempfile.TemporaryDirectory() as folder:
        args = TrainingArguments(folder, weight_decay=0.1, learning_rate=0.01, use_cpu=True, report_to=[])
        trainer = Trainer(model, args)
        report = pgaudit.audit(None, trainer)
        return {**told(report), "truth": claims_of(model, [trainer.optimizer])}


# Wrappers around optimizers.


@scenario
def accelerate_prepare() -> dict[str, Any]:
    from accelerate import Accelerator

    model = Net()
    inner = grouped(model)
    scheduler = optim.lr_scheduler.StepLR(inner, 2)
    prepared, wrapped, schedule = Accelerator(cpu=True).prepare(model, inner, scheduler)
    return answer(prepared, (prepared, wrapped, schedule), [inner])


@scenario
def zero_redundancy() -> dict[str, Any]:
    from torch.distributed.optim import ZeroRedundancyOptimizer

    _group_of_one()
    model = Net()
    groups = grouped(model).param_groups
    zero = ZeroRedundancyOptimizer(groups, optimizer_class=optim.AdamW, lr=0.01, weight_decay=0.1)
    return answer(model, zero, [zero], audited=model)


@scenario
def timm_lookahead() -> dict[str, Any]:
    from timm.optim.lookahead import Lookahead

    model = Net()
    inner = grouped(model)
    return answer(model, Lookahead(inner), [inner], audited=model)


@scenario
def grad_scaler() -> dict[str, Any]:
    model = Net()
    inner = grouped(model)
    return answer(model, (model, inner, torch.amp.GradScaler("cpu", enabled=False)), [inner])


# Wrappers around models.


@scenario
def compiled() -> dict[str, Any]:
    model = Net()
    inner = grouped(model)
    wrapped = torch.compile(model, backend="eager")
    return answer(wrapped, inner, [inner], audited=wrapped)  # type: ignore[arg-type]


@scenario
def data_parallel() -> dict[str, Any]:
    model = nn.DataParallel(Net())
    inner = grouped(model)
    return answer(model, inner, [inner], audited=model)


@scenario
def ddp() -> dict[str, Any]:
    _group_of_one()
    model = nn.parallel.DistributedDataParallel(Net())
    inner = grouped(model)
    return answer(model, inner, [inner], audited=model)


def _fsdp1(use_orig_params: bool) -> dict[str, Any]:
    from torch.distributed.fsdp import FullyShardedDataParallel

    _group_of_one()
    model = FullyShardedDataParallel(Net(), use_orig_params=use_orig_params, device_id=torch.device("cpu"))
    inner = optim.SGD(model.parameters(), lr=0.01, weight_decay=0.1)
    return answer(model, inner, [inner], audited=model)


@scenario
def fsdp1() -> dict[str, Any]:
    return _fsdp1(use_orig_params=True)


@scenario
def fsdp1_flat() -> dict[str, Any]:
    return _fsdp1(use_orig_params=False)


@scenario
def fsdp2() -> dict[str, Any]:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    _group_of_one()
    model = Net()
    mesh = init_device_mesh("cpu", (1,))
    fully_shard(model.conv, mesh=mesh)
    fully_shard(model, mesh=mesh)
    inner = grouped(model)
    return answer(model, inner, [inner], audited=model)


@scenario
def checkpoint_wrapper() -> dict[str, Any]:
    from torch.distributed.algorithms._checkpoint import checkpoint_wrapper as library

    model = Net()
    model.conv = library.checkpoint_wrapper(model.conv)  # type: ignore[assignment]
    inner = grouped(model)
    return answer(model, inner, [inner], audited=model)


@scenario
def parametrized() -> dict[str, Any]:
    model = Net()
    nn.utils.parametrizations.orthogonal(model.fc)
    inner = grouped(model)
    return answer(model, inner, [inner], audited=model)


@scenario
def peft_lora() -> dict[str, Any]:
    from peft import LoraConfig, get_peft_model

    model = get_peft_model(Net(), LoraConfig(r=2, target_modules=["fc"]))
    inner = optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1)
    return answer(model, inner, [inner], audited=model)


@scenario
def peft_lora_plus() -> dict[str, Any]:
    from peft import LoraConfig, get_peft_model
    from peft.optimizers import create_loraplus_optimizer

    model = get_peft_model(Net(), LoraConfig(r=2, target_modules=["fc"]))
    inner = create_loraplus_optimizer(model=model, optimizer_cls=optim.AdamW, lr=0.01, loraplus_lr_ratio=16.0)
    return answer(model, inner, [inner], audited=model)


@scenario
def a_group_for_each_parameter() -> dict[str, Any]:
    """As detectron2 makes them before it merges equal ones (``solver/build.py``)."""
    model = Net()
    groups = [
        {
            "params": [tensor],
            "lr": 0.02 if name.endswith("bias") else 0.01,
            "weight_decay": 0.0 if "bn" in name else 1e-4,
        }
        for name, tensor in model.named_parameters()
    ]
    inner = optim.SGD(groups, lr=0.01, momentum=0.9)
    return answer(model, inner, [inner], audited=model)


@scenario
def module_that_is_no_wrapper() -> dict[str, Any]:
    model = nn.Module()
    model.module = Net()
    inner = grouped(model)
    return answer(model, inner, [inner], audited=model)


# mmengine, in a folder of its own.


@scenario
def mmengine_wrapper() -> dict[str, Any]:
    from mmengine.optim import OptimWrapper

    model = Net()
    inner = grouped(model)
    return answer(model, OptimWrapper(inner), [inner], audited=model)


@scenario
def mmengine_wrappers() -> dict[str, Any]:
    from mmengine.optim import OptimWrapper, OptimWrapperDict

    model = Net()
    one, two = optim.SGD(model.conv.parameters(), lr=0.1), optim.SGD(model.fc.parameters(), lr=0.2)
    both = OptimWrapperDict(g=OptimWrapper(one), d=OptimWrapper(two))
    return answer(model, both, [one, two], audited=model)


def main() -> None:
    """Answers questions until there are no more."""
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        with redirect_stdout(sys.stderr):
            try:
                found = SCENARIOS[json.loads(line)["scenario"]]()
            except Exception:
                found = {"raised": traceback.format_exc()}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

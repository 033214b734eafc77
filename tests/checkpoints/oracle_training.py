"""Writes checkpoints with the real Lightning, accelerate and transformers, in a process of its own.

A line of JSON, ``{"write": NAME, "folder": ...}``, is answered by a line of what the objects in memory hold.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tests.checkpoints.made import model, number


def held(optimizer: Any, net: nn.Module) -> dict[str, Any]:
    """Groups, and of each tensor its name, shape and steps, as the objects in memory have them."""
    names = {id(param): name for name, param in net.named_parameters()}
    return {
        "groups": [
            {
                "values": {
                    key: _json(number(each)) for key, each in group.items() if key not in ("params", "param_names")
                },
                "names": [names[id(param)] for param in group["params"]],
                "shapes": [list(param.shape) for param in group["params"]],
                "steps": [_steps(optimizer.state.get(param)) for param in group["params"]],
            }
            for group in optimizer.param_groups
        ]
    }


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _steps(state: Any) -> float | None:
    return float(state["step"]) if state and "step" in state else None


def data() -> DataLoader:
    return DataLoader(TensorDataset(torch.ones(8, 3), torch.ones(8, 2)), batch_size=2)


def accelerate(folder: Path) -> dict[str, Any]:
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    net = model()
    first = torch.optim.AdamW(net[0].named_parameters(prefix="0"), lr=0.01)
    second = torch.optim.SGD([{"params": [each], "lr": 0.1 / each.ndim} for each in net[1:].parameters()], momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(first, 2)
    net, first, second, loader, schedule = accelerator.prepare(net, first, second, data(), schedule)
    for x, y in loader:
        accelerator.backward((net(x) - y).square().mean())
        for each in (first, second, schedule):
            each.step()
    accelerator.save_state(str(folder / "state"))
    return {
        "optimizers": [held(each.optimizer, net) for each in (first, second)],
        "last_epoch": schedule.scheduler.last_epoch,
    }


def transformers(folder: Path) -> dict[str, Any]:
    from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

    config = LlamaConfig(
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        vocab_size=11,
        num_key_value_heads=2,
    )
    net = LlamaForCausalLM(config)
    tokens = [{"input_ids": torch.arange(5), "labels": torch.arange(5)} for _ in range(8)]
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=3,
        save_steps=3,
        per_device_train_batch_size=2,
        weight_decay=0.1,
        learning_rate=1e-3,
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
        logging_steps=100,
    )
    trainer = Trainer(model=net, args=arguments, train_dataset=tokens)
    trainer.train()
    optimizer = trainer.optimizer
    return {
        "optimizers": [held(getattr(optimizer, "optimizer", optimizer), net)],
        "last_epoch": trainer.lr_scheduler.last_epoch,
        "parameters": {name: list(each.shape) for name, each in net.named_parameters()},
    }


def lightning(folder: Path) -> dict[str, Any]:
    import pytorch_lightning as pl
    from pytorch_lightning.callbacks import BackboneFinetuning

    class Two(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = model(), nn.Linear(2, 2)

        def training_step(self, batch: Any, index: int) -> Any:
            return (self.head(self.backbone(batch[0])) - batch[1]).square().mean()

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.AdamW(filter(lambda p: p.requires_grad, self.parameters()), lr=0.01)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]

    net = Two()
    callback = BackboneFinetuning(unfreeze_backbone_at_epoch=1, backbone_initial_lr=1e-3, verbose=False)
    trainer = pl.Trainer(
        max_epochs=2,
        callbacks=[callback],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
        default_root_dir=str(folder),
    )
    trainer.fit(net, data())
    trainer.save_checkpoint(folder / "last.ckpt")
    return {
        "optimizers": [held(each, net) for each in trainer.optimizers],
        "last_epoch": trainer.lr_scheduler_configs[0].scheduler.last_epoch,
        "parameters": {name: list(each.shape) for name, each in net.named_parameters()},
    }


WRITERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    each.__name__: each for each in (accelerate, transformers, lightning)
}


def main() -> None:
    warnings.simplefilter("ignore")  # theirs, of each other
    logging.disable(logging.WARNING)
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        answer = WRITERS[request["write"]](Path(request["folder"]))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

"""transformers, whose Trainer builds the optimizer. A Trainer wants data and an accelerator; its own, unchanged methods
need but a few of its attributes.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pgaudit.core.config import Config
from pgaudit.verify.base import Real

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from pgaudit.verify.base import Builder


def _load() -> Builder:
    from transformers.trainer import Trainer
    from transformers.training_args import TrainingArguments

    defaults = TrainingArguments.__dataclass_fields__

    def build(model: nn.Module, config: Config, kind: type[Optimizer] | None) -> Optimizer:
        arguments = {key: value for key, value in config.optimizer.items() if key != "type"}
        decay, lr = (_or_default(arguments.pop(key, None), defaults[word]) for key, word in _WORDS)
        trainer: Any = SimpleNamespace(
            model=model,
            optimizer=None,
            args=SimpleNamespace(weight_decay=decay, learning_rate=lr),
            optimizer_cls_and_kwargs=(kind, {"lr": lr, **arguments}),
            get_decay_parameter_names=lambda model: Trainer.get_decay_parameter_names(trainer, model),
        )
        built: Optimizer = Trainer.create_optimizer(trainer)
        return built

    return build


_WORDS = (("weight_decay", "weight_decay"), ("lr", "learning_rate"))


def _or_default(value: Any, field: Any) -> Any:
    return field.default if value is None else value


TRANSFORMERS = Real(("transformers",), "transformers==5.23.0", _load)

"""Whatever holds a model and its optimizers → the model, the optimizers and the schedulers in it.

An optimizer; several, in a list, tuple or mapping by name; ``(model, optimizer[, scheduler])``; an object with
``configure_optimizers()``, in all forms that Lightning 2.6 takes (``lightning/pytorch/core/module.py``); a trainer of
transformers (``Trainer.create_optimizer``, 5.23); an engine or container that has these as attributes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgaudit.core.errors import ModelError
from pgaudit.core.schedule import Schedule
from pgaudit.text import visible

if TYPE_CHECKING:
    from torch import nn

_MODELS = ("model", "module", "network", "net")
_OPTIMIZERS = ("optimizer", "optimizers", "optim", "optim_wrapper", "optim_wrappers")
_SCHEDULERS = ("scheduler", "schedulers", "lr_scheduler", "lr_schedulers")
FORMS = "an optimizer, several, (model, optimizer[, scheduler]), a Lightning module, or a transformers Trainer"


@dataclass
class Contents:
    """What was found."""

    models: list[nn.Module] = field(default_factory=list)
    optimizers: list[tuple[str, Any]] = field(default_factory=list)
    """Each with the key under which a mapping holds it, else an empty one."""
    schedulers: list[Any] = field(default_factory=list)
    schedule: Schedule | None = None
    """What a trainer says of the scheduler that it will make."""
    _seen: dict[int, Any] = field(default_factory=dict, repr=False)
    """By identity, and held here so that an id stays its own."""

    def look_at(self, found: Any, key: str = "") -> None:
        """Adds what an object is, or holds.

        Raises:
            Exception: whatever the user's own ``configure_optimizers()`` raises.
        """
        if found is None or id(found) in self._seen:
            return
        self._seen[id(found)] = found
        if is_scheduler(found):
            self.schedulers.append(found)
        elif is_optimizer(found):
            self._add_optimizer(found, key)
        elif callable(getattr(found, "create_optimizer", None)) and hasattr(found, "model"):
            self._add_trainer(found)
        elif callable(getattr(found, "configure_optimizers", None)):
            self._add_configured(found)
        elif _is_module(found):
            self._add_model(found)
        elif isinstance(found, Mapping):
            for name, value in found.items():
                self.look_at(value, "" if name in (*_OPTIMIZERS, *_SCHEDULERS) else str(name))
        elif isinstance(found, (list, tuple)):
            for value in found:
                self.look_at(value)
        else:
            for value in _members(found):
                self.look_at(value)

    def _add_optimizer(self, found: Any, key: str) -> None:
        inside = getattr(found, "optimizers", None) or getattr(found, "chained_optimizers", None)
        parts = inside.values() if isinstance(inside, Mapping) else inside if isinstance(inside, (list, tuple)) else ()
        parts = [each for each in parts if is_optimizer(each)]
        if not parts or all(apart(found, each) for each in parts):  # else it is a container of several
            self.optimizers.append((key, found))
        if parts:
            self.look_at(inside)
        for auxiliary in held_inside(found):
            if apart(found, auxiliary):
                self.look_at(auxiliary)

    def _add_trainer(self, trainer: Any) -> None:
        self._add_model(trainer.model)
        if getattr(trainer, "optimizer", None) is None:
            trainer.create_optimizer()
        self.look_at(trainer.optimizer)
        self.look_at(getattr(trainer, "lr_scheduler", None))
        if not self.schedulers:
            self.schedule = _schedule_of(getattr(trainer, "args", None))

    def _add_configured(self, found: Any) -> None:
        holder = found if _is_module(found) else next(filter(_is_module, _named(found, _MODELS)), None)
        if holder is not None:
            self._add_model(holder)
        configured = found.configure_optimizers()
        if configured is None:
            kind = visible(type(found).__name__)
            raise ModelError(f"configure_optimizers() of {kind} returns None: it trains without an optimizer")
        self.look_at(configured)

    def _add_model(self, model: Any) -> None:
        self.models.append(model)
        for value in _named(model, ("optimizer", "lr_scheduler")):  # an engine, as DeepSpeed has it
            if is_optimizer(value) or is_scheduler(value):
                self.look_at(value)


_TRAINING = "lr_scheduler_type lr_scheduler_kwargs warmup_steps warmup_ratio max_steps num_train_epochs".split()


def _schedule_of(arguments: Any) -> Schedule | None:
    """What TrainingArguments of transformers say of the lr over time: Trainer makes its scheduler when it begins."""
    given = {key: value for key in _TRAINING if (value := getattr(arguments, key, None)) is not None}
    if "lr_scheduler_type" not in given:
        return None
    given["lr_scheduler_type"] = getattr(given["lr_scheduler_type"], "value", given["lr_scheduler_type"])
    return Schedule("transformers", given)


def is_optimizer(found: Any) -> bool:
    """Whether an object is an optimizer, or a wrapper that passes for one."""
    return hasattr(found, "zero_grad") and hasattr(found, "step") and isinstance(_groups(found), (list, tuple))


def is_scheduler(found: Any) -> bool:
    """Whether an object sets the lr of an optimizer over time: torch's, timm's, mmengine's. What holds a model as well
    is a trainer with a method ``step()``.
    """
    if not (hasattr(found, "optimizer") and hasattr(found, "step")) or hasattr(found, "zero_grad"):
        return False
    from torch.optim.lr_scheduler import LRScheduler

    return isinstance(found, LRScheduler) or not any(map(_is_module, getattr(found, "__dict__", {}).values()))


_INSIDE = ("optimizer", "optim", "base_optimizer", "_base_optimizer", "inner_optimizer", "_optimizer")


def held_inside(optimizer: Any) -> list[Any]:
    """Returns the optimizers that another one holds under one of the usual names.

    ``optimizer`` of accelerate 1.15, mmengine 0.10.7, apex and DeepSpeed; ``optim`` of torch's
    ``ZeroRedundancyOptimizer``; ``base_optimizer`` of SAM; ``_base_optimizer`` of timm's Lookahead.
    """
    held = getattr(optimizer, "__dict__", {})
    return [held[name] for name in _INSIDE if is_optimizer(held.get(name))]


def apart(one: Any, other: Any) -> bool:
    """Whether two optimizers train different tensors, so that the one is no wrapper around the other. Copies of the
    same shapes are master weights.
    """
    ours, theirs = ([tensor for group in tensor_groups(each) for tensor in group["params"]] for each in (one, other))
    if not ours or not theirs or not set(map(id, ours)).isdisjoint(map(id, theirs)):
        return False
    return sorted(tuple(each.shape) for each in ours) != sorted(tuple(each.shape) for each in theirs)


def tensor_groups(optimizer: Any) -> list[Mapping[str, Any]]:
    """Returns the groups that an optimizer has itself.

    mmengine's OptimWrapper (0.10.7, ``optim/optimizer/base.py``) adds one for its logs, with a tensor as ``params``.
    """
    return [group for group in _groups(optimizer) or () if isinstance(group["params"], (list, tuple, set, frozenset))]


def _groups(found: Any) -> Any:
    try:
        return found.param_groups
    except Exception:  # a property of a wrapper that is not set up
        return None


def _is_module(found: Any) -> bool:
    from torch import nn

    return isinstance(found, nn.Module)


def _members(found: Any) -> Iterator[Any]:
    """The parts of an object that is no container."""
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        for each in dataclasses.fields(found):
            yield getattr(found, each.name, None)
    else:
        yield from _named(found, (*_MODELS, *_OPTIMIZERS, *_SCHEDULERS))


def _named(found: Any, names: tuple[str, ...]) -> Iterator[Any]:
    """The attributes of these names that an object has."""
    for name in names:
        try:
            value = getattr(found, name, None)
        except Exception:  # a property that needs what is not there yet
            value = None
        if value is not None:
            yield value

"""audit(): a model, and a policy or what was built → a Report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.schedule import NO_REQUEST, ScheduleRequest
from pgaudit.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch.optim import Optimizer

    from pgaudit.models.cache import Cache
    from pgaudit.models.source import Model
    from pgaudit.pipeline import ConfigSource
    from pgaudit.sources.source import Source

    Optimizers = Optimizer | Sequence[Optimizer] | Mapping[str, Optimizer]


@overload
def audit(
    model: Model,
    config: ConfigSource,
    *,
    model_args: Mapping[str, Any] | None = None,
    constructor: str | None = None,
    cache: Cache | None = None,
    key: str | None = None,
    at: Iterable[int] = (),
) -> Report: ...


@overload
def audit(model: Model, config: Optimizers, *, scheduler: object = None, at: Iterable[int] = ()) -> Report: ...


@overload
def audit(model: Model, config: object, *, scheduler: object = None, at: Iterable[int] = ()) -> Report: ...


def audit(
    model: Model,
    config: object,
    *,
    scheduler: object = None,
    model_args: Mapping[str, Any] | None = None,
    constructor: str | None = None,
    cache: Cache | None = None,
    key: str | None = None,
    at: Iterable[int] = (),
) -> Report:
    """Says which lr and weight decay each parameter of a model gets: by a policy, or in optimizers that were built.

    Args:
        model: a live module (which is not changed), an Inventory, or a reference such as ``resnet50``,
            ``train.py:make_model`` or ``resnet50.inventory.json``; None for the model that the config names, or that
            the optimizers need none to have names.
        config: a policy: a path, a mapping of the same shape, or a Config. Or what was built: an optimizer, several in
            a list or in a mapping by name, a wrapper around one, a Lightning module, a transformers Trainer; the path
            of a checkpoint; or code that builds optimizers, as ``train.py:make``.
        scheduler: what is attached to the optimizers.
        model_args: keyword arguments for the model's factory; they take precedence over the config's.
        constructor: takes the place of the one that the config names.
        cache: where saved inventories of timm's models are kept; None for nowhere.
        key: which of several optimizers in a checkpoint.
        at: after how many steps of the schedule (or epochs, if it counts those) the lr is wanted, too; see
            :meth:`pgaudit.Report.lrs_at`.

    Raises:
        ConfigError: the config is wrong, the real library would refuse it, or a checkpoint cannot be read.
        ModelError: the model cannot be built or has no parameters, or the code that a reference names fails.
        UsageError: there is neither a config nor an optimizer, or an argument is not for what is given.

    >>> from torch import nn, optim
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))
    >>> audit(model, optim.SGD(model.parameters(), lr=0.1))["0.weight"].lr
    0.1
    >>> policy = {"optimizer": {"type": "SGD", "lr": 0.1}, "paramwise_cfg": {"custom_keys": {"0": {"lr_mult": 0.5}}}}
    >>> audit(model, policy)["0.weight"]
    <ParamAssignment 0.weight: lr 0.05 by custom_keys.0, weight_decay 0.0 by optimizer_default, group 0>
    """
    request = _request(at)
    source = policy_or_path(config, named=model is not None, constructor=constructor, key=key)
    if source is not None:
        if scheduler is not None:
            raise UsageError("scheduler= is for optimizers that are built", "drop scheduler=")
        from pgaudit.sources.source import report_of

        return report_of(source, model, model_args=model_args, cache=cache, request=request)
    if wrong := [
        name for name, value in {"model_args": model_args, "constructor": constructor, "key": key}.items() if value
    ]:
        raise UsageError(f"{wrong[0]}= is not for optimizers that are built", f"drop {wrong[0]}=")
    from pgaudit.built.audit import audit_objects

    if _is_optimizer(model):
        raise UsageError("the model comes first, and then what it trains with", "pgaudit.audit(model, optimizer)")
    return audit_objects(model, config, scheduler, request)


def _request(at: Iterable[int]) -> ScheduleRequest:
    steps = list(at)
    if any(type(step) is not int or step < 0 for step in steps):
        raise UsageError("at= takes steps, which are whole numbers from 0 on", "for example at=(0, 100)")
    return ScheduleRequest(tuple(sorted(set(steps)))) if steps else NO_REQUEST


def policy_or_path(
    config: object, *, named: bool = False, constructor: str | None = None, key: str | None = None
) -> Source | None:
    """Returns what the second argument of :func:`audit` holds, as far as it is read without a model: a policy, or what
    a path leads to; None for objects that were built.

    Args:
        config: a path, a mapping, a Config, or anything else.
        named: whether a model is named beside it.
        constructor: takes the place of the one that a config names.
        key: which of several optimizers in a checkpoint.

    Raises:
        ConfigError: it is damaged, or no valid config.
        UsageError: an option is not for it.
    """
    if isinstance(config, (str, os.PathLike)):
        from pgaudit.sources.source import read_source

        return read_source(os.fspath(config), "the model" if named else None, constructor=constructor, key=key)
    if isinstance(config, Config) or (isinstance(config, Mapping) and not _holds_optimizer(config)):
        from pgaudit.config import load_config

        return load_config(config, constructor=constructor)
    return None


def _holds_optimizer(config: Mapping[Any, Any]) -> bool:
    """Whether a mapping is one from names to optimizers: a config holds plain values."""
    return any(map(_is_optimizer, (each for value in config.values() for each in _parts(value))))


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, (list, tuple)) else (value,)


def _is_optimizer(found: object) -> bool:
    if found is None or isinstance(found, (str, bytes, int, float, Mapping)):
        return False  # nothing is loaded for a plain config
    from pgaudit.built.contents import is_optimizer

    return is_optimizer(found)

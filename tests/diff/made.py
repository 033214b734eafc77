"""Reports made by hand, as no audit would have to give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.core.assignment import Assignment, ModelInfo, OptimizerInfo, ParamAssignment, RecordedParameter
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.report import Report

DEFAULT = Provenance("default")


def param(
    name: str,
    lr: float | None = 0.1,
    weight_decay: float | None = 0.0,
    lr_rule: Provenance | None = DEFAULT,
    weight_decay_rule: Provenance | None = DEFAULT,
    *,
    extra: Mapping[str, Any] | None = None,
    optimizer: int | None = 0,
    group: int | None = 0,
    **known: Any,
) -> ParamAssignment:
    """Returns a parameter in an optimizer, or in none."""
    facts = {"shape": (2,), "numel": 2, "dtype": "float32", "module_type": "M", "trainable": True, **known}
    setting = Setting.of(lr, weight_decay, lr_rule, weight_decay_rule, extra or {})
    if optimizer is None:
        setting, group = Setting.left_out(lr_rule) if lr_rule else NOT_OPTIMIZED, None
    return ParamAssignment(RecordedParameter(name, **facts), setting, group, optimizer)


def report(
    *params: ParamAssignment,
    optimizers: tuple[Mapping[str, Any], ...] = ({"type": "SGD"},),
    model: str | None = None,
    source: str | None = None,
    **more: Any,
) -> Report:
    """Returns a report about parameters, whose base settings are what they show."""
    called = [dict(each) for each in optimizers]
    infos = tuple(OptimizerInfo(each.pop("type", None), each) for each in called)
    assignment = Assignment("report", ModelInfo(model, source), infos, params)
    return Report(assignment, **{"constructor": "mmcv", **more}).with_bases()

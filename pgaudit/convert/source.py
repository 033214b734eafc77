"""What is converted: what every parameter of a model trains with, and which tensors the parameters are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgaudit.constructors import constructor_named
from pgaudit.constructors.native.rules import OF_SCHEDULERS
from pgaudit.core.assignment import OptimizerInfo
from pgaudit.core.config import Config
from pgaudit.core.location import location_order
from pgaudit.core.setting import Setting
from pgaudit.pipeline import audit_with_tensors
from pgaudit.report import Report
from pgaudit.serialize import portable_location
from pgaudit.text import visible

if TYPE_CHECKING:
    from pgaudit.models.source import ModelSource
    from pgaudit.optimizers.calls import OptimizerCall


@dataclass(frozen=True)
class ConversionSource:
    """A report of one optimizer, with what a report does not hold: its class, and the identity of the tensors."""

    report: Report
    """Its optimizer's type is the name of the class, as any config may have it."""
    call: OptimizerCall
    """The optimizer's class and its arguments."""
    tensors: Sequence[object]
    """What stands for each parameter, however the model is looked at."""

    @property
    def optimizer(self) -> OptimizerInfo:
        """The optimizer."""
        return self.report.optimizer

    @cached_property
    def values(self) -> tuple[dict[str, Any] | None, ...]:
        """What each parameter trains with, as :func:`values_read` has it; None for those in no group."""
        params = self.report.params
        settings = {id(each.setting): each.setting for each in params if each.in_optimizer}
        read = {key: values_read(setting, self.optimizer) for key, setting in settings.items()}
        return tuple(read[id(each.setting)] if each.in_optimizer else None for each in params)

    @property
    def unread(self) -> frozenset[str]:
        """The keys in groups that nobody reads."""
        return frozenset(key for each in self.report.params for key in _unread(each.setting, self.optimizer))

    def written(self, key: str, value: object) -> Any:
        """Returns a value of :attr:`values` as the source has it, such as a list in place of a tuple."""
        held = (each.setting.extra for each in reversed(self.report.params))
        return next(extra[key] for extra in held if key in extra and canonical(extra[key]) == value)


def source_of(subject: ModelSource, config: Config) -> ConversionSource:
    """Audits a model under a config.

    Raises:
        ConfigError: the config cannot be built for this model, or wraps its optimizer.
    """
    report, tensors, call = audit_with_tensors(subject, config)
    for finding in report.findings:
        if finding.code == "PG009":
            raise config.error(f"the config cannot be built: {finding.message}", hint=finding.hint)
    spec = constructor_named(config.constructor).optimizer(config)
    if call.wrapper is not None:
        wrapper = call.wrapper.rpartition(":")[2]
        raise config.error(f"{wrapper} around an optimizer cannot be written elsewhere", *spec.section)
    if spec.factory is not None:  # its names mean nothing to others
        optimizer = replace(report.optimizer, type=call.name.rpartition(":")[2])
        report = replace(report, assignment=replace(report.assignment, optimizers=(optimizer,)))
    return ConversionSource(report, call, tensors)


def values_read(setting: Setting, optimizer: OptimizerInfo) -> dict[str, Any]:
    """Returns what a setting trains with, in canonical form: lr, weight decay, and of all else in the group what the
    optimizer's class or a scheduler reads and the optimizer's own value is another.
    """
    own, unread = own_values(optimizer), _unread(setting, optimizer)
    extra = {key: canonical(value) for key, value in sorted(setting.extra.items()) if key not in unread}
    changed = {key: value for key, value in extra.items() if key not in own or own[key] != value}
    return {"lr": setting.lr, "weight_decay": setting.weight_decay, **changed}


def _unread(setting: Setting, optimizer: OptimizerInfo) -> frozenset[str]:
    """The keys that neither the class nor any scheduler reads; a class whose defaults are unknown may read all."""
    others = setting.extra.keys() - OF_SCHEDULERS
    return frozenset(others & setting.inert | (others - optimizer.defaults.keys() if optimizer.defaults else set()))


def own_values(optimizer: OptimizerInfo) -> dict[str, object]:
    """Returns the optimizer's arguments, given or by default, in canonical form; without lr and weight decay, which are
    compared by parameter.
    """
    arguments = {**optimizer.defaults, **optimizer.arguments}
    return {key: canonical(value) for key, value in arguments.items() if key not in ("lr", "weight_decay")}


def canonical(value: Any) -> object:
    """Returns a value in a form in which what is the same to an optimizer is equal: numbers as floats, lists as
    tuples.
    """
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, (list, tuple)):
        return tuple(canonical(item) for item in value)
    return value if isinstance(value, str) else repr(value)


_NO_EFFECT = ("PG001", "PG002", "PG005", "PG011", "PG014")
"""A key that matches nothing, one that always loses, an option without effect, and options that are never read."""


def without_effect(report: Report) -> tuple[str, ...]:
    """Returns what has no effect of its own on this model, each key and option with its place and the reason, in the
    order of the config: only effects are translated. What the config asks to ignore is named as well.
    """
    found = [each for each in (*report.findings, *report.ignored) if each.code in _NO_EFFECT]
    lines = []
    for each in sorted(found, key=lambda each: location_order(each.location)):
        at = portable_location(each.location)
        lines.append(f"{visible(at)}: {visible(each.message)}" if at else visible(each.message))
    return tuple(dict.fromkeys(lines))

"""What is converted: what every tensor of a model trains with, and the optimizer's class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgaudit.constructors import constructor_named
from pgaudit.core.assignment import Assignment, OptimizerInfo
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

Values = Mapping[str, Any]
"""What a parameter trains with: see :func:`values_of`."""


@dataclass(frozen=True)
class ConversionSource:
    """A report of one optimizer, with what a report does not hold: its class, and the identity of the tensors."""

    report: Report
    """Its optimizer's type is the name of the class, as any config may have it."""
    call: OptimizerCall
    """The optimizer's class and its arguments."""
    tensors: Sequence[object]
    """What stands for each parameter, however the model is looked at."""
    model: ModelSource
    """On which the result is proved."""
    other_bases: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """The lr and the weight decay that may take the place of the optimizer's own base values; none for a config."""
    notes: tuple[str, ...] = ()
    """What its reader should know."""

    @property
    def optimizer(self) -> OptimizerInfo:
        """The optimizer."""
        return self.report.optimizer

    def by_tensor(self, counted: frozenset[str] = frozenset()) -> dict[int, Values | None]:
        """Returns what each tensor trains with, by its id; see :func:`values_of`."""
        return dict(zip(map(id, self.tensors), values_of(self.report.assignment, counted), strict=True))

    @property
    def unread(self) -> list[str]:
        """The keys in groups that nobody reads."""
        return sorted({key for each in self.report.params for key in each.setting.extra.keys() & each.setting.inert})

    @cached_property
    def _as_given(self) -> dict[tuple[str, object], Any]:
        settings = {id(each.setting): each.setting for each in reversed(self.report.params)}
        return {(key, canonical(value)): value for each in settings.values() for key, value in each.extra.items()}

    def as_given(self, key: str, value: object) -> Any:
        """Returns one of the values as the source has it, such as a list in place of a tuple."""
        return self._as_given[key, value]


def source_of(model: ModelSource, config: Config) -> ConversionSource:
    """Audits a model under a config.

    Raises:
        ConfigError: the config cannot be built for this model, or wraps its optimizer.
    """
    report, tensors, call = audit_with_tensors(model, config)
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
    return ConversionSource(report, call, tensors, model)


def values_of(assignment: Assignment, counted: frozenset[str] = frozenset()) -> list[Values | None]:
    """Returns what each parameter of one optimizer trains with, in canonical form; None for those in no group.

    That is lr, weight decay, and of all else in the group what somebody reads and the optimizer's own value is another.

    Args:
        assignment: of one optimizer.
        counted: keys that count even where nobody reads them.
    """
    (optimizer,) = assignment.optimizers
    own = own_values(optimizer)

    def read(setting: Setting) -> Values:
        extra = {key: canonical(setting.extra[key]) for key in sorted(setting.extra.keys() - (setting.inert - counted))}
        changed = {key: value for key, value in extra.items() if key not in own or own[key] != value}
        return {"lr": setting.lr, "weight_decay": setting.weight_decay, **changed}

    settings = {id(each.setting): each.setting for each in assignment.params if each.in_optimizer}
    found = {key: read(setting) for key, setting in settings.items()}
    return [found[id(each.setting)] if each.in_optimizer else None for each in assignment.params]


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

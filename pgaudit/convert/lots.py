"""What a config really gives each parameter of a model: the thing that every way of writing it must come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgaudit.config import Config
from pgaudit.constructors import OptimizerSpec, constructor_named
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.parameters import Inventory
from pgaudit.pipeline import audit, audit_called
from pgaudit.report import Report
from pgaudit.text import visible

if TYPE_CHECKING:
    from pgaudit.inventory.calls import OptimizerCall
    from pgaudit.subject import Subject

OF_SCHEDULERS = ("initial_lr", "lr_scale")
"""What schedulers look for in a group, though no optimizer's class does."""


@dataclass(frozen=True, slots=True)
class Lot:
    """What a parameter in the optimizer has."""

    lr: float
    weight_decay: float
    extra: tuple[tuple[str, object], ...] = ()
    """What else its group holds that the class, or a scheduler, reads, where it is not what the class has anyway; in
    the form in which equal values are equal.
    """

    def __str__(self) -> str:
        extra = "".join(f", {visible(key)} {visible(value)}" for key, value in self.extra)
        return f"lr {self.lr!r}, weight decay {self.weight_decay!r}{extra}"


@dataclass(frozen=True)
class Built:
    """A model under a config: the lot of every parameter, None for those in no group."""

    report: Report
    config: Config
    spec: OptimizerSpec
    call: OptimizerCall
    tensors: Sequence[object]
    """What stands for each parameter, however the model is looked at."""
    lots: tuple[Lot | None, ...]
    values: Mapping[tuple[str, object], Any] = field(default_factory=dict)
    """The values of :attr:`Lot.extra`, as they were written."""
    unread: frozenset[str] = frozenset()
    """The keys in groups that nobody reads."""

    @property
    def by_tensor(self) -> dict[int, int]:
        """The index of each parameter, by the id of its tensor."""
        return {id(tensor): index for index, tensor in enumerate(self.tensors)}

    def names(self, indices: Sequence[int]) -> str:
        """Names some parameters, in few words."""
        found = [visible(self.report.params[index].name) for index in indices[:3]]
        more = len(indices) - len(found)
        return ", ".join(found) + (f" and {more:,} more" if more else "")


def built(subject: Subject, config: Config) -> Built:
    """Audits a model, and returns what each parameter has.

    Raises:
        ConfigError: the config cannot be built for this model.
    """
    report, tensors, call = audit_called(subject, config)
    for finding in report.findings:
        if finding.code == "PG009":
            raise config.error(f"the config cannot be built: {finding.message}", hint=finding.hint)
    spec = constructor_named(report.config.constructor).optimizer(config)
    if call.wrapper is not None:
        raise config.error(
            f"{call.wrapper.rpartition(':')[2]} around an optimizer cannot be written elsewhere", *spec.section
        )
    if spec.factory is not None:  # its names and its own arguments mean nothing to others
        spec = OptimizerSpec(call.about.name.rpartition(":")[2], call.arguments, spec.section, spec.type_key)
    reader = _Reader(report, spec)
    lots = tuple(reader.lot(row) for row in report.params)
    return Built(report, config, spec, call, tensors, lots, reader.values, frozenset(reader.unread))


def lots_of(inventory: Inventory, config: Config) -> tuple[Lot | None, ...]:
    """Audits a model that is known by its inventory alone, and returns what each parameter has.

    Raises:
        ConfigError: the config cannot be built for this model.
    """
    report = audit(inventory, config)
    reader = _Reader(report, constructor_named(report.config.constructor).optimizer(config))
    return tuple(reader.lot(row) for row in report.params)


class _Reader:
    """Tells what the optimizer's class reads from what it does not."""

    def __init__(self, report: Report, spec: OptimizerSpec) -> None:
        self._defaults = {**report.facts.arguments, **spec.arguments}
        known = report.facts.arguments or self._defaults
        self._known = (frozenset(known) - {"lr", "weight_decay", "params"}) | set(OF_SCHEDULERS)
        self._open = not report.facts.arguments
        self.values: dict[tuple[str, object], Any] = {}
        self.unread: set[str] = set()

    def lot(self, row: ParamAssignment) -> Lot | None:
        if row.group is None:
            return None
        extra = []
        for key, value in sorted(row.setting.extra.items()):
            is_inert = key in row.setting.inert and key not in OF_SCHEDULERS  # another scheduler may read it
            if is_inert or (key not in self._known and not self._open):
                self.unread.add(key)
            elif key not in self._defaults or canonical(self._defaults[key]) != canonical(value):
                extra.append((key, canonical(value)))
                self.values[key, canonical(value)] = value
        assert row.lr is not None
        assert row.weight_decay is not None
        return Lot(row.lr, row.weight_decay, tuple(extra))


def canonical(value: Any) -> object:
    """Returns a value in a form in which what is the same to an optimizer is equal: numbers by their bits, lists as
    tuples.
    """
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, (list, tuple)):
        return tuple(canonical(item) for item in value)
    return value if isinstance(value, str) else repr(value)


def same(one: Lot | None, other: Lot | None) -> bool:
    """Whether two lots are equal bit for bit: 0 and -0 are not."""
    if one is None or other is None:
        return one is other
    return _bits(one) == _bits(other)


def _bits(lot: Lot) -> tuple[object, ...]:
    return lot.lr.hex(), lot.weight_decay.hex(), repr(lot.extra)

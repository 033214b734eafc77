"""A schedule: what sets the lr of an optimizer's groups over time; and the lrs that it makes of an assignment's."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pgaudit.core.location import Path
from pgaudit.core.setting import Setting

Unit = Literal["step", "epoch"]
"""What is counted: calls of ``scheduler.step()``, or the epochs that a library's own loop counts."""

SCALES = ("lr_scale", "lr_mult", "lr_multiplier")
"""Keys of groups that are meant for a schedule to multiply by: timm's and BEiT's, detectron2's and YOLO's, DINOv2's."""

WRITTEN_BY_SCHEDULERS = frozenset({"initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr"})
"""Keys that torch's schedulers write into groups (2.15, torch/optim/lr_scheduler.py and swa_utils.py)."""


@dataclass(frozen=True)
class Schedule:
    """What a config or an option says of the lr over time, as plain data in its library's own words."""

    library: str
    """Whose classes it names: see :mod:`pgaudit.schedules.libraries`."""
    given: Any
    """What the library is given: a mapping with a ``type``, or a list of such mappings."""
    run: int | None = None
    """How long the run is, in the schedule's own unit, where anything says it."""
    epoch_steps: int | None = None
    """How many steps an epoch has, where anything says it."""
    at: Path = ()
    """Where it stands in the config; empty for an option."""


@dataclass(frozen=True)
class ScheduleRequest:
    """What a user asks about the lr over time."""

    at: tuple[int, ...] = ()
    """After how many steps or epochs, ascending."""
    schedule: Schedule | None = None
    """In place of the one that the source has."""
    run: int | None = None
    """How long the run is, where the source does not say it."""
    epoch_steps: int | None = None
    tell: Callable[[str], None] | None = field(default=None, compare=False)
    """Is told, before it begins, what will take long."""


NO_REQUEST = ScheduleRequest()


@dataclass(frozen=True)
class OptimizerSchedule:
    """What the schedule of one optimizer makes of the lrs of its groups."""

    title: str
    """Its class or name, with its arguments: ``CosineAnnealingLR T_max 100``."""
    unit: Unit
    steps: tuple[int, ...]
    """What the lrs are known for, ascending: what was asked, and where the schedule turns."""
    turning_points: tuple[int, ...]
    """Its begin, the ends of its phases, and its own end."""
    lrs: Mapping[Hashable, tuple[float | None, ...]]
    """The lrs along ``steps``, by :func:`scheduled_as`; None past its end, and for what only the training knows."""
    by_group: bool = False
    """Whether each group has a lr of its own in the schedule's arguments, so that the key is the group's index."""
    ends: int | None = None
    """After how many steps it has come to its end; None for one without an end."""
    run: int | None = None
    """How long the run is, where anything says it."""
    warms_up: int | None = None
    """How many steps its warm-up takes; None for a schedule without one."""
    unread: tuple[str, ...] = ()
    """The keys of :data:`SCALES` that groups hold and the schedule does not look at."""
    read: tuple[str, ...] = ()
    """Those that it multiplies by."""
    at: Path = ()
    """Where it stands in the config."""
    notes: tuple[str, ...] = ()


def scheduled_as(setting: Setting, group: int | None = None) -> Hashable:
    """Returns what groups have in common to which a schedule gives the same lrs: all that one may look at."""
    return setting.for_schedules if group is None else group


@dataclass(frozen=True)
class LrOverTime:
    """What the schedules of an assignment's optimizers make of its lrs."""

    asked: tuple[int, ...]
    """After how many steps or epochs."""
    optimizers: tuple[OptimizerSchedule | None, ...] = ()
    """By optimizer; None for one without a schedule, which keeps its lrs."""
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def unit(self) -> Unit:
        """What is counted, by the first schedule that there is."""
        return next((each.unit for each in self.optimizers if each is not None), "step")

    def of(self, setting: Setting, optimizer: int | None, group: int | None) -> Mapping[int, float | None]:
        """Returns the lrs of a group's parameters by step: of all steps that are known. Without a schedule, and
        outside every group, those that were asked.
        """
        schedule = None if optimizer is None else self.optimizers[optimizer]
        if schedule is None or group is None:
            return dict.fromkeys(self.asked, setting.lr)
        key = scheduled_as(setting, group if schedule.by_group else None)
        return dict(zip(schedule.steps, schedule.lrs[key], strict=True))

    def asked_of(self, setting: Setting, optimizer: int | None, group: int | None) -> list[float | None]:
        """Returns the lrs of a group's parameters at the steps that were asked."""
        known = self.of(setting, optimizer, group)
        return [known.get(step) for step in self.asked]

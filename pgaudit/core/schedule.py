"""A schedule: what sets the lr of an optimizer's groups over time; and the lrs that it makes of an assignment's."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from pgaudit.core.findings import Finding
from pgaudit.core.location import Path
from pgaudit.core.setting import Setting

Unit = Literal["step", "epoch"]
"""What is counted: calls of ``scheduler.step()``, or the epochs that a library's own loop counts."""

STEP_DIGITS = 15
"""Of a step: more than any run has."""

SCALES = ("lr_scale", "lr_mult", "lr_multiplier")
"""Keys of groups that are meant for a schedule to multiply by: timm's and BEiT's, detectron2's and YOLO's, DINOv2's."""

ALWAYS_THERE = ("torch", "timm")
"""The libraries that pgaudit depends on, whose import is never too much."""

STARTS = frozenset({"initial_lr", "initial_momentum"})
"""Keys of groups from which a schedule begins, torch's and mmengine's (2.15, ``torch/optim/lr_scheduler.py``; 0.10.7,
``optim/scheduler/param_scheduler.py``).
"""
LIMITS = frozenset({"max_lr", "min_lr", "max_momentum", "base_momentum", "swa_lr"})
"""Keys that OneCycleLR, CyclicLR and SWALR write into groups for themselves; whatever stood there is lost."""
SCHEDULER_KEYS = STARTS | LIMITS
"""All keys that schedulers write into groups, to read them again."""
OF_SCHEDULERS = STARTS | {"lr_scale"}
"""What schedulers, torch's and timm's, look for in a group as a policy fills it."""


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
    option: str = "--scheduler"
    """What the option is called, in messages."""
    places: Mapping[str, Path] = field(default_factory=dict)
    """Where its arguments stand that are not below that, but beside it."""
    around: Mapping[str, Any] = field(default_factory=dict)
    """What else of the config its library looks at, in its own words: the training loop, say."""
    of_training: bool = False
    """Whether it stands in another tool's training config, to which the code may add."""
    refused: Finding | None = None
    """What keeps it from being read at all."""

    @property
    def is_own(self) -> bool:
        """Whether it is written in pgaudit's words: a config's ``scheduler:``, or an option."""
        return not self.of_training and self.at[:1] in ((), ("scheduler",))


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
    plot: bool = False
    """Whether the lrs along the whole run are wanted, for a picture."""
    sketch: bool = False
    """Whether they are wanted where that takes no longer than the turning points do."""
    product: bool = False
    """Whether weight decay × lr is wanted."""
    tell: Callable[[str], None] | None = field(default=None, compare=False)
    """Is told, before it begins, what will take long."""
    more: tuple[int, ...] = ()
    """Further steps that something needs, which are not shown."""
    checks: bool = False
    """Whether findings are wanted above all, so that a training config's own schedule is followed for their sake,
    though another library has to be imported for it.
    """

    @property
    def steps(self) -> tuple[int, ...]:
        """All steps for which lrs are needed, ascending."""
        return tuple(sorted({*self.at, *self.more}))

    def needing(self, steps: Iterable[int]) -> ScheduleRequest:
        """Returns the request with further steps that something needs."""
        return replace(self, more=tuple(sorted({*self.more, *steps})))

    def or_else(self, other: ScheduleRequest) -> ScheduleRequest:
        """Returns the request with what another one says of which this one says nothing."""
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(other, **{name: value for name, value in own.items() if value not in (None, (), False)})

    @property
    def asks(self) -> bool:
        """Whether anything is asked, so that a schedule that cannot be followed is an error."""
        return bool(self.steps) or self.schedule is not None

    def concerns(self, schedule: Schedule) -> bool:
        """Whether it is worth the import of a schedule's library to follow it."""
        lengths = self.run is not None or self.epoch_steps is not None
        return self.asks or self.checks or lengths or schedule.is_own or schedule.library in ALWAYS_THERE


NO_REQUEST = ScheduleRequest()


@dataclass(frozen=True)
class OptimizerSchedule:
    """What the schedule of one optimizer makes of the lrs of its groups."""

    title: str
    """Its class or name, with its arguments: ``CosineAnnealingLR T_max 100``."""
    unit: Unit
    steps: tuple[int, ...]
    """What the lrs are known for, ascending: what was asked, where the schedule turns, and some between and past that,
    for the findings.
    """
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
    curve_steps: tuple[int, ...] = ()
    """Along the run, evenly and where the schedule turns, if a picture is wanted."""
    curves: Mapping[Hashable, tuple[float | None, ...]] = field(default_factory=dict)
    """The lrs along ``curve_steps``."""
    read: tuple[str, ...] = ()
    """Those that it multiplies by."""
    at: Path = ()
    """Where it stands in the config."""
    cycles_momentum: bool = False
    """Whether it sets the momentum of groups, too."""
    stopped: str | None = None
    """What it raises past its end, where it was asked for an lr there."""
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its class or name alone."""
        return self.title.partition(" ")[0]

    @property
    def length(self) -> int | None:
        """How long there is something to say: the run, or else the schedule to its own end; None for no end."""
        return self.ends if self.run is None else self.run

    def key(self, setting: Setting, group: int | None) -> Hashable:
        """Returns under which key the lrs of a group stand."""
        return scheduled_as(setting, group if self.by_group else None)


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
    request: ScheduleRequest = field(default=NO_REQUEST, compare=False)
    """What was said beside the source: its lrs depend on that, too."""

    @property
    def unit(self) -> Unit:
        """What is counted, by the first schedule that there is."""
        return next((each.unit for each in self.optimizers if each is not None), "step")

    def of(self, setting: Setting, optimizer: int | None, group: int | None) -> Mapping[int, float | None]:
        """Returns the lrs of a group's parameters by step: of all steps that are known. Without a schedule, and
        outside every group, those that were asked.
        """
        schedule = None if optimizer is None else self.optimizers[optimizer]
        if schedule is None or (group is None and schedule.by_group):
            return dict.fromkeys(self.asked, setting.lr)
        nothing = (None,) * len(schedule.steps)  # a group without an lr has none at any step
        return dict(zip(schedule.steps, schedule.lrs.get(schedule.key(setting, group), nothing), strict=True))

    def asked_of(self, setting: Setting, optimizer: int | None, group: int | None) -> list[float | None]:
        """Returns the lrs of a group's parameters at the steps that were asked."""
        known = self.of(setting, optimizer, group)
        return [known.get(step) for step in self.asked]

    def after(self, step: int, setting: Setting, optimizer: int | None, group: int | None) -> float | None:
        """Returns the lr of a group's parameters after so many steps or epochs: the lr itself without a schedule.

        Raises:
            KeyError: nobody asked for the step.
        """
        schedule = None if optimizer is None else self.optimizers[optimizer]
        return setting.lr if schedule is None else self.of(setting, optimizer, group)[step]

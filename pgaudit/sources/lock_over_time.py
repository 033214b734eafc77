"""What a lock says of the lrs over time ↔ LrOverTime: some lines of its head, and a part of each line below."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgaudit.config.schedules import own_schedule
from pgaudit.core.schedule import LrOverTime, OptimizerSchedule, Schedule, ScheduleRequest, Unit, scheduled_as
from pgaudit.core.setting import Setting
from pgaudit.serialize import plain
from pgaudit.text import one_line

HEAD = ("schedule", "at")
"""The lines that each lock with lrs over time has at its top."""
OPTIONS = ("scheduler", "steps", "epoch_steps")
"""Those of options, each only where it was given."""
LRS = r"[0-9]{1,15} [^\s,]+(?:, [0-9]{1,15} [^\s,]+)*"
"""The lrs of a line, as a regular expression."""
_AT = re.compile(r"([0-9]{1,15}(?:, [0-9]{1,15})*) (step|epoch)s")
_NONE = "-"


def head_lines(over_time: LrOverTime) -> Iterator[str]:
    """Yields which schedules there are, the steps, and the options on which the lrs depend."""
    for schedule in over_time.optimizers:
        yield f"schedule: {json.dumps(schedule and schedule.title)}"
    yield f"at: {', '.join(map(str, over_time.asked))} {over_time.unit}s"
    given = over_time.request
    if given.schedule is not None:
        yield f"scheduler: {json.dumps(plain(_spelled_out(given.schedule)))}"
    if given.run is not None:
        yield f"steps: {given.run}"
    if given.epoch_steps is not None:
        yield f"epoch_steps: {given.epoch_steps}"


def _spelled_out(schedule: Schedule) -> Any:
    """A schedule as a config has it, so that it means the same under any constructor."""
    given = schedule.given
    return {**given, "type": f"{schedule.library}:{given['type']}"} if isinstance(given, Mapping) else given


def in_line(lrs: Mapping[int, float | None]) -> str:
    """Returns the lrs of a line: ``0 0.1, 1000 1e-05``."""
    return ", ".join(f"{step} {_NONE if lr is None else repr(float(lr))}" for step, lr in lrs.items())


@dataclass
class LrsRead:
    """The lrs over time of a lock that is being read."""

    steps: tuple[int, ...]
    unit: Unit
    titles: tuple[str | None, ...]
    """Of the schedules, by optimizer; None for one without a schedule."""
    request: ScheduleRequest
    """What had been said beside the source."""
    _lrs: dict[int, dict[Any, tuple[float | None, ...]]] = field(default_factory=dict)
    _known: dict[Any, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def begun(cls, head: Mapping[str, list[str]], constructor: str | None) -> LrsRead:
        """Returns what the head says.

        Args:
            head: the values of its lines, by their keys.
            constructor: decides whose scheduler a name in lower case is.

        Raises:
            ValueError: it cannot be read.
        """
        found = _AT.fullmatch(head["at"][-1])
        if found is None:
            raise ValueError(f"at: {one_line(head['at'][-1], limit=60)}")
        steps = tuple(map(int, found[1].split(", ")))
        titles = tuple(map(json.loads, head["schedule"]))
        if list(steps) != sorted(set(steps)) or not all(title is None or isinstance(title, str) for title in titles):
            raise ValueError("its steps do not ascend, or a schedule has no name")
        unit: Unit = "step" if found[2] == "step" else "epoch"
        run, epoch_steps = (_count(head[key][-1]) if key in head else None for key in ("steps", "epoch_steps"))
        schedule = _schedule(head["scheduler"][-1], constructor) if "scheduler" in head else None
        return cls(steps, unit, titles, ScheduleRequest(steps, schedule, run, epoch_steps))

    def note(self, setting: Setting, optimizer: int, text: str) -> Setting:
        """Takes the lrs of a line, and returns its setting, by which they are found again.

        Raises:
            ValueError: they are not those of the steps in the head.
        """
        pairs = [pair.split(" ") for pair in text.split(", ")]
        if tuple(int(step) for step, _ in pairs) != self.steps:
            raise ValueError(f"not the steps of the head: {text}")
        lrs = tuple(None if lr == _NONE else float(lr) for _, lr in pairs)
        if self.titles[optimizer] is None and set(lrs) != {setting.lr}:
            raise ValueError(f"there is no schedule, and another lr: {text}")
        same = self._known.setdefault((optimizer, scheduled_as(setting)), {})
        setting = replace(setting, over_time=same.setdefault(text, len(same)))
        self._lrs.setdefault(optimizer, {})[scheduled_as(setting)] = lrs
        return setting

    def ended(self) -> LrOverTime:
        """Returns what all lines say."""
        found = tuple(
            None
            if title is None
            else OptimizerSchedule(title, self.unit, self.steps, self.steps, self._lrs.get(at, {}))
            for at, title in enumerate(self.titles)
        )
        return LrOverTime(self.steps, found, request=self.request)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 15 and int(text) > 0):
        raise ValueError(f"no number of steps: {one_line(text, limit=60)}")
    return int(text)


def _schedule(text: str, constructor: str | None) -> Schedule:
    found = own_schedule(json.loads(text), constructor or "torch")
    if found is None:
        raise ValueError(f"no schedule: {one_line(text, limit=60)}")
    return found

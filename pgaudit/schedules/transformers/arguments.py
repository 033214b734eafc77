"""What a config of ours says of a schedule of transformers' → how ``get_scheduler`` is called.

Source of the semantics: transformers 5.23.0, ``optimization.py``.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgaudit.core.findings import meant
from pgaudit.core.schedule import Schedule
from pgaudit.schedules.base import CannotFollow, ScheduleError
from pgaudit.text import format_exception, quoted, visible

if TYPE_CHECKING:
    from torch.optim import Optimizer

_LENGTHS = ("num_warmup_steps", "num_training_steps")
_SPECIFIC = "scheduler_specific_kwargs"


@dataclass(frozen=True)
class Call:
    """A call of ``get_scheduler``."""

    name: str
    """A ``SchedulerType``."""
    stated: Mapping[str, Any]
    """What the config says, and what the run's length fills in, in the config's words."""
    warmup_steps: Any
    training_steps: Any
    specific: Mapping[str, Any] | None
    """``scheduler_specific_kwargs``."""
    at: tuple[str, ...] = ()
    """Where those stand, below the schedule."""
    in_training: bool = False
    """Whether the words are those of ``TrainingArguments``."""

    @property
    def run(self) -> int | None:
        """How long the run is, as far as the call says it."""
        return self.training_steps if isinstance(self.training_steps, int) else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What is stated and read by nobody."""
        unread = [*(self.specific or {})] if self.name in ("constant", "constant_with_warmup") else []
        if self.name in WITHOUT_WARM_UP and self.warmup_steps:
            unread.append("warmup_steps" if self.in_training else "num_warmup_steps")
        words = ", ".join(map(visible, unread))
        return (f"transformers' {self.name} does not look at {words}",) if unread else ()

    def made(self, optimizer: Optimizer) -> Any:
        """Returns the scheduler, on an optimizer.

        Raises:
            ScheduleError: transformers refuses the arguments.
        """
        from transformers.optimization import get_scheduler

        try:
            return get_scheduler(self.name, optimizer, self.warmup_steps, self.training_steps, _plain(self.specific))
        except Exception as error:
            if self.training_steps is None and "num_training_steps" in str(error):
                word = "max_steps" if self.in_training else "num_training_steps"
                message = f"nothing says how long the run is, by which transformers' {self.name} goes"
                raise CannotFollow(message, f"--steps N says it, or {word} in the config") from error
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> ScheduleError:
        message = f"transformers' get_scheduler would raise {format_exception(error)}"
        known = _arguments(self.name)
        stray = next((key for key in self.specific or {} if key not in known), None)
        if stray is not None and isinstance(error, TypeError):
            return ScheduleError(message, meant(str(stray), known), *self.at, stray)
        return ScheduleError(message)


WITHOUT_WARM_UP = ("constant", "reduce_lr_on_plateau", "greedy")
"""Those that do not look at the number of warm-up steps."""


def call_of(schedule: Schedule) -> Call:
    """Returns how transformers is called for a schedule of a config of ours.

    Raises:
        ScheduleError: there is no such schedule, or an argument makes no sense.
    """
    given = dict(schedule.given)
    name = known_name(given.pop("type"), "type")
    for key in ("optimizer", "name"):
        if key in given:
            raise ScheduleError(f"transformers gets its {key} from here", f"remove {quoted(key)}", key)
    if given.get("num_training_steps") is None and name not in _ENDLESS and "num_stable_steps" not in given:
        given.pop("num_training_steps", None)
        if schedule.run is not None:
            given["num_training_steps"] = schedule.run
    nested = given.get(_SPECIFIC)
    if nested is not None and not isinstance(nested, Mapping):
        raise ScheduleError(f"{_SPECIFIC} is a mapping of arguments", None, _SPECIFIC)
    flat = {key: value for key, value in given.items() if key not in (*_LENGTHS, _SPECIFIC)}
    at = (_SPECIFIC,) if nested and not flat else ()
    warm_up, total = map(given.get, _LENGTHS)
    return Call(name, _flat(given), warm_up, total, {**(nested or {}), **flat}, at)


_ENDLESS = ("constant", "constant_with_warmup", "inverse_sqrt", "reduce_lr_on_plateau", "greedy")
"""Those that do not look at the length of the run."""


def known_name(name: Any, key: str) -> str:
    """Returns a name that transformers knows.

    Args:
        name: what the config says.
        key: where it says it.

    Raises:
        ScheduleError: there is no such schedule.
    """
    import transformers
    from transformers.trainer_utils import SchedulerType

    names = [each.value for each in SchedulerType]
    if name in names:
        return str(name)
    message = f"transformers {transformers.__version__} has no schedule {quoted(name)}"
    raise ScheduleError(message, meant(str(name), names) or f"it has {', '.join(names)}", key)


def _arguments(name: str) -> list[str]:
    """What a schedule takes: of a function that hands all on to a class, what the class takes."""
    from torch.optim.lr_scheduler import ReduceLROnPlateau
    from transformers import optimization

    functions = {each.value: function for each, function in optimization.TYPE_TO_SCHEDULER_FUNCTION.items()}
    by_metric = {"reduce_lr_on_plateau": ReduceLROnPlateau, "greedy": getattr(optimization, "GreedyLR", None)}
    taken = inspect.signature(by_metric.get(name) or functions[name]).parameters
    return [each for each in taken if each not in ("optimizer", "last_epoch")]


def _flat(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, without a mapping around some of them."""
    nested = given.get(_SPECIFIC)
    outer = {key: value for key, value in given.items() if key != _SPECIFIC}
    return {**outer, **nested} if isinstance(nested, Mapping) else outer


def _plain(specific: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if specific is None else dict(specific)

"""What a training config says in the words of ``TrainingArguments`` → how ``get_scheduler`` is called.

The call is the one of ``Trainer.create_scheduler``, with the number of warm-up steps by
``TrainingArguments.get_warmup_steps``. Source of the semantics: transformers 5.23.0, ``trainer.py`` and
``training_args.py``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from pgaudit.core.schedule import Schedule
from pgaudit.schedules.base import CannotFollow, ScheduleError
from pgaudit.schedules.transformers.arguments import WITHOUT_WARM_UP, Call, known_name
from pgaudit.text import did_you_mean, format_exception, quoted, visible


def call_of_training(schedule: Schedule) -> Call:
    """Returns how transformers' Trainer calls ``get_scheduler``.

    Raises:
        ScheduleError: there is no such schedule, or an argument makes no sense.
        CannotFollow: the warm-up is a part of the run, and nothing says how long that is.
    """
    import transformers
    from transformers.training_args import TrainingArguments

    given = dict(schedule.given)
    fields = TrainingArguments.__dataclass_fields__
    for key in given:
        if key not in fields and key != "num_training_steps":
            hint = "warmup_steps below 1 is a ratio there" if key == "warmup_ratio" else did_you_mean(key, fields)
            message = f"TrainingArguments of transformers {transformers.__version__} has no argument {quoted(key)}"
            raise ScheduleError(message, hint, key)
    name = known_name(given.get("lr_scheduler_type", fields["lr_scheduler_type"].default), "lr_scheduler_type")
    total = _training_steps(given, schedule)
    specific = _read(given.get("lr_scheduler_kwargs"))
    words = {key: fields[key].default for key in ("warmup_steps", "warmup_ratio") if key in fields}
    stand_in: Any = SimpleNamespace(**{**words, **{key: given[key] for key in words if key in given}})
    try:
        if any(value < 0 for value in vars(stand_in).values()):
            raise ValueError("a warm-up has no negative length")
        if total is None and name not in WITHOUT_WARM_UP and any(value % 1 for value in vars(stand_in).values()):
            message = "nothing says how long the run is, of which the warm-up is a part"
            raise CannotFollow(message, "--steps N says it, or max_steps in the config")
        warm_up = TrainingArguments.get_warmup_steps(stand_in, total or 0)
    except ScheduleError:
        raise
    except Exception as error:
        key = next((key for key in words if key in given), "warmup_steps")
        raise ScheduleError(f"TrainingArguments would raise {format_exception(error)}", None, key) from error
    stated = {key: value for key, value in given.items() if key not in ("lr_scheduler_type", *_TOTALS)}
    if total is not None:
        stated["max_steps"] = total
    return Call(name, stated, warm_up, total, specific, ("lr_scheduler_kwargs",), in_training=True)


_TOTALS = ("max_steps", "num_training_steps", "num_train_epochs", "lr_scheduler_kwargs")


def _training_steps(given: Mapping[str, Any], schedule: Schedule) -> int | None:
    """How many steps Trainer makes: ``set_initial_training_values()`` of transformers' ``trainer.py``."""
    for key in ("max_steps", "num_training_steps"):
        steps = given.get(key)
        if steps is not None and not isinstance(steps, int):
            raise ScheduleError(f"{key} is a number of steps, not {visible(steps)}", None, key)
        if steps is not None and steps > 0:
            return steps
    epochs = given.get("num_train_epochs")
    if schedule.run is None and schedule.epoch_steps is not None and isinstance(epochs, (int, float)):
        return math.ceil(epochs * schedule.epoch_steps)
    return schedule.run


def _read(specific: Any) -> Mapping[str, Any] | None:
    """``lr_scheduler_kwargs``, which may be JSON in a text."""
    if isinstance(specific, str) and specific.startswith("{"):
        from transformers import training_args

        try:  # as TrainingArguments does it
            specific = training_args._convert_str_dict(json.loads(specific))
        except ValueError as error:
            message = f"TrainingArguments would raise {format_exception(error)}"
            raise ScheduleError(message, None, "lr_scheduler_kwargs") from error
    if specific is not None and not isinstance(specific, Mapping):
        raise ScheduleError("lr_scheduler_kwargs is a mapping of arguments", None, "lr_scheduler_kwargs")
    return specific

"""How the lr changes over time, as each layout says it: ``scheduler:`` in a config of ours, ``param_scheduler`` in
mmengine's, ``lr_config`` in mmcv 1.x's, and detectron2's ``SOLVER``.

A training config of one's own may have a ``scheduler`` of another kind. Only what has a ``type`` is taken for one.

Under ``constructor: timm`` and ``transformers`` the words of the library's own training are read, too, where they stand
in its training configs: at the top. ``scheduler`` goes first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.location import Path
from pgaudit.core.schedule import Schedule
from pgaudit.files.yaml_text import read_yaml
from pgaudit.schedules.libraries import library_of


@dataclass(frozen=True)
class TrainingWords:
    """The words by which a library's own training config says how the lr changes."""

    signs: tuple[str, ...]
    """Those of which one must be there: they mean nothing else."""
    others: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.signs, *self.others)


TRAINING = {
    "timm": TrainingWords(
        ("sched",),
        tuple(
            """
            epochs decay_epochs decay_milestones warmup_epochs cooldown_epochs patience_epochs decay_rate min_lr
            warmup_lr warmup_prefix lr_noise lr_noise_pct lr_noise_std seed lr_cycle_mul lr_cycle_decay lr_cycle_limit
            lr_k_decay lr_decay_fn lr_stable_timescale eval_metric sched_on_updates
            """.split()
        ),
    ),
    "transformers": TrainingWords(
        ("lr_scheduler_type", "lr_scheduler_kwargs", "warmup_steps", "warmup_ratio"),
        ("max_steps", "num_training_steps", "num_train_epochs"),
    ),
}
"""By constructor: the arguments of timm's ``train.py``, and those of transformers' ``TrainingArguments``."""


def training_words(top: Collection[Any], constructor: str | None) -> frozenset[str]:
    """Returns the keys at the top of a config that may say how the lr changes, in the words of a library's training.

    Args:
        top: the keys that there are.
        constructor: what takes the place of the one that the config names; without any there are no such words.
    """
    if constructor is None and "constructor" not in top:
        return frozenset()
    return frozenset(
        word for words in TRAINING.values() if any(sign in top for sign in words.signs) for word in words.all
    )


def schedule_of(layout: str, constructor: str, top: Mapping[str, Any], scope: object = None) -> Schedule | None:
    """Returns the schedule of a config; None where it has none.

    Args:
        layout: whose layout the config has.
        constructor: which decides whose scheduler a name in lower case is.
        top: the config's keys that are read.
        scope: mmengine's ``default_scope``, where that is not among them.
    """
    if layout == "pgaudit":
        return own_schedule(top.get("scheduler"), constructor, ("scheduler",)) or training_schedule(constructor, top)
    if layout == "detectron2":
        solver = top.get("SOLVER")
        return Schedule("detectron2", solver, at=("SOLVER",)) if isinstance(solver, Mapping) else None
    key = {"mmengine": "param_scheduler", "mmcv": "lr_config"}.get(layout)
    given = top.get(key) if key is not None else None
    if key is None or not given:
        return None
    if layout == "mmengine":
        around = {"train_cfg": top.get("train_cfg"), "default_scope": top.get("default_scope", scope)}
        return Schedule("mmengine", given, at=(key,), around=around) if _sets_lr(given) else None
    around = {name: top[name] for name in ("runner", "total_epochs", "total_iters") if name in top}
    return Schedule("mmcv", given, at=(key,), around=around)


def own_schedule(given: Any, constructor: str, at: Path = ()) -> Schedule | None:
    """Returns a schedule that is written as in a config of ours; None for what is none.

    Args:
        given: a mapping with a ``type``, or a list of such mappings.
        constructor: the config's.
        at: where it stands in the config; empty for an option.
    """
    first = next(iter(given), None) if isinstance(given, list) else given
    if not isinstance(first, Mapping) or not isinstance(first.get("type"), str):
        return None
    library, own = library_of(first["type"], constructor)
    if isinstance(given, list):
        return Schedule(library, [_of(library, each) for each in given], at=at)
    return Schedule(library, {**given, "type": own}, at=at)


def _of(library: str, entry: Any) -> Any:
    """An entry of a list, with its type as its library calls it."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("type"), str):
        return entry
    return {**entry, "type": entry["type"].removeprefix(f"{library}:")}


def _sets_lr(given: Any) -> bool:
    """Whether one of mmengine's schedulers may set a lr, and not a momentum or another parameter."""
    entries: Iterable[Any] = given if isinstance(given, (list, tuple)) else [given]
    return not all(isinstance(each, Mapping) and _sets_other(each) for each in entries)


def _sets_other(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("type")).endswith("Momentum") or entry.get("param_name", "lr") != "lr"


def training_schedule(library: str, top: Mapping[str, Any]) -> Schedule | None:
    """Returns the schedule that a training config has, in the words of its library; None where it has none.

    Args:
        library: a constructor, which may be none of :data:`TRAINING`.
        top: the keys of the config.
    """
    words = TRAINING.get(library)
    given = {} if words is None else {key: top[key] for key in words.all if top.get(key) is not None}
    sign = next((key for key in given if words is not None and key in words.signs), None)
    return None if sign is None else Schedule(library, given, at=(sign,), places={key: (key,) for key in given})


def schedule_option(text: str, source: object) -> Schedule:
    """Returns what the option ``--scheduler`` says.

    Args:
        text: YAML, as in a config of ours.
        source: what it is about; a config decides whose scheduler a name in lower case is, and how long the run is
            for a schedule of the library that its own one is of.

    Raises:
        UsageError: it is no schedule.
        ConfigError: it is no valid YAML.
    """
    constructor = source.constructor if isinstance(source, Config) else "torch"
    schedule = own_schedule(read_yaml(text.encode(), "--scheduler").value, constructor)
    if schedule is None:
        hint = "--scheduler '{type: CosineAnnealingLR, T_max: 100}'"
        raise UsageError('--scheduler: a schedule is a mapping with a "type", or a list of such', hint)
    its = source.schedule if isinstance(source, Config) else None
    return schedule if its is None or its.library != schedule.library else replace(schedule, around=its.around)

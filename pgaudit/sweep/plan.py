"""Which tasks a sweep has, which of them are left, and the order of its results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pgaudit.sweep.policies import SweepConfig, portable_names
from pgaudit.sweep.records import SweepResult, Task
from pgaudit.sweep.shards import Shard


def tasks_of(models: Sequence[str], policies: Sequence[SweepConfig], shard: Shard) -> list[Task]:
    """Returns a task for each model of a shard."""
    configs = tuple(policy.name for policy in policies)
    tasks = [Task(name, configs, ref) for name, ref in zip(portable_names(models), models, strict=True)]
    return list(shard.of(tasks))


def left(tasks: Sequence[Task], done: Iterable[SweepResult]) -> list[Task]:
    """Returns what is left to do of tasks, some of whose results are there."""
    known = {result.key for result in done}
    open_ = (
        replace(task, configs=tuple(config for config in task.configs if (task.model, config) not in known))
        for task in tasks
    )
    return [task for task in open_ if task.configs]


def in_order(tasks: Sequence[Task], results: Iterable[SweepResult]) -> list[SweepResult]:
    """Returns results in the order of the models, and under each in that of the configs."""
    by_key = {result.key: result for result in results}
    return [by_key[task.model, config] for task in tasks for config in task.configs]

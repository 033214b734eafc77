"""One task, in whichever process it runs: audits a model under its configs, and returns what is to be kept of it."""

from __future__ import annotations

import contextlib
import os
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgaudit import user_code
from pgaudit.core.errors import PgauditError, UsageError
from pgaudit.core.findings import Finding
from pgaudit.models.cache import Cache
from pgaudit.pipeline import audit_many
from pgaudit.report import Report
from pgaudit.sweep.policies import SweepConfig
from pgaudit.sweep.records import SweepResult, Task, counted_findings
from pgaudit.text import format_exception
from pgaudit.user_code.imports import fresh_imports
from pgaudit.version import __version__

_ONE_AT_A_TIME = threading.Lock()
"""A cluster's worker may have threads, but building a model changes what belongs to the whole process."""


@dataclass(frozen=True)
class Work:
    """What all tasks of a sweep have in common. It is sent with each of them."""

    policies: tuple[SweepConfig, ...]
    model_args: Mapping[str, Any] = field(default_factory=dict)
    cache: Cache | None = None
    folder: str = field(default_factory=os.getcwd)
    """From where files are named."""
    version: str = ""
    """Of pgaudit; another one might decide otherwise."""
    no_code: bool = field(default_factory=user_code.forbidden)
    """Whether no code may run but torch's and timm's."""


def perform(work: Work, task: Task) -> tuple[SweepResult, ...]:
    """Audits a model under each of the task's configs; whatever fails is a result, too.

    Args:
        work: what is the same for all tasks.
        task: the model and its configs.

    Raises:
        UsageError: this process has another version of pgaudit.
    """
    if work.version and work.version != __version__:
        raise UsageError(f"a worker has pgaudit {__version__}, but the sweep is of {work.version}")
    policies = [policy for policy in work.policies if policy.name in task.configs]
    configs = [policy.config for policy in policies]
    with _ONE_AT_A_TIME, user_code.forbidding(work.no_code), _silence(), _at(work.folder), fresh_imports():
        audits = audit_many(task.ref or task.model, configs, model_args=work.model_args, cache=work.cache)
        return tuple(_result(task.model, policy.name, found) for policy, found in zip(policies, audits, strict=True))


def _result(model: str, config: str, found: Report | Exception | SystemExit) -> SweepResult:
    if isinstance(found, Report):
        return _of_report(model, config, found)
    trace = "".join(traceback.format_exception(found))
    if isinstance(found, PgauditError):
        return SweepResult(model, config, errors=found.findings, trace=trace)
    error = Finding.error(f"internal error: {format_exception(found)}", hint="--traceback shows where")
    return SweepResult(model, config, errors=(error,), trace=trace)


def _of_report(model: str, config: str, report: Report) -> SweepResult:
    decayed = [row.param.numel or 0 for row in report.params if row.weight_decay]
    inventory = report.inventory
    return SweepResult(
        model,
        config,
        parameters=len(report.params),
        numel=inventory.numel,
        groups=len(report.groups),
        decayed=len(decayed),
        decayed_numel=sum(decayed),
        findings=counted_findings(report.findings),
        source=f"{inventory.source} {inventory.version}" if inventory.version else inventory.source,
    )


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What models print or warn of is about no result."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            yield


@contextlib.contextmanager
def _at(folder: str) -> Iterator[None]:
    """Goes to a folder, where there is one: a cluster's worker may be elsewhere."""
    here = os.getcwd()
    if here == folder or not os.path.isdir(folder):
        yield
        return
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)

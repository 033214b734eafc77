"""What a command is given → a Report: a config with its model, code, a checkpoint, a saved report, or a lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgaudit.config import load_config
from pgaudit.core.built import Checkpoint
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.schedule import NO_REQUEST, ScheduleRequest
from pgaudit.report import Report
from pgaudit.sources import CONFIGS
from pgaudit.text import quoted, visible
from pgaudit.user_code.imports import is_code

if TYPE_CHECKING:
    from pgaudit.config.what_if import WhatIf
    from pgaudit.models.cache import Cache
    from pgaudit.models.source import Model


@dataclass(frozen=True)
class Reference:
    """Code that is, or returns, optimizers: ``file.py:attr`` or ``module:attr``."""

    path: str


Source = Report | Config | Reference | Checkpoint
"""What a command is given, read as far as that goes without a model and without running code."""


@dataclass(frozen=True)
class Side:
    """What was named on one side, read as far as it goes without a model."""

    path: str
    found: Source
    model: str | None = None
    """The model that is named before it."""
    tried: str = ""
    """What takes the place of its own values, as it is typed."""


def read_source(
    path: str | None,
    model: str | None = None,
    *,
    constructor: str | None = None,
    key: str | None = None,
    what_if: WhatIf | None = None,
) -> Source:
    """Reads a file, as far as that goes without a model; nothing heavy is loaded.

    Args:
        path: a config, a reference to code or a checkpoint; or, where no model is named beside it, a saved report or a
            lock. None for a model without a config: torch's own defaults.
        model: the model that is named.
        constructor: takes the place of the one that a config names.
        key: which optimizer of a checkpoint.
        what_if: values that take the place of a config's own.

    Raises:
        ConfigError: it is damaged, or no valid config.
        UsageError: an option is not for what the path names.
    """
    if path is None:
        from pgaudit.config.what_if import NO_CONFIG

        return load_config(NO_CONFIG, constructor=constructor, what_if=what_if)
    source = _read(path, model, constructor, key, what_if)
    _refuse_without_config(source, path, what_if)
    if constructor is not None and not isinstance(source, Config):
        raise UsageError(f"--constructor is for a config, and {quoted(path)} is none", "drop --constructor")
    if key is not None and not isinstance(source, Checkpoint):
        raise UsageError(f"--key is for a checkpoint, and {quoted(path)} is none", "drop --key")
    return source


def _refuse_without_config(source: Source, path: str, what_if: WhatIf | None) -> None:
    if what_if is not None and not isinstance(source, Config):
        message = f"--optimizer, --lr, --weight-decay and --set are for a config, and {quoted(path)} is none"
        alone = f"; a model alone is named as --model {visible(path)}" if isinstance(source, Reference) else ""
        raise UsageError(message, f"drop {visible(what_if.words)}{alone}")


def _read(
    path: str, model: str | None, constructor: str | None, key: str | None, what_if: WhatIf | None = None
) -> Source:
    if path.endswith(CONFIGS):
        return load_config(path, constructor=constructor, what_if=what_if)
    # Only here: the usual run needs no reader of other files.
    if is_code(path):
        return Reference(path)
    from pgaudit.checkpoints import is_checkpoint, read_checkpoint

    if is_checkpoint(path):
        return read_checkpoint(path, key)
    if model is None:
        from pgaudit.sources.files import open_file

        return open_file(path, constructor=constructor, what_if=what_if)
    return load_config(path, constructor=constructor, what_if=what_if)


def open_side(
    path: str,
    model: str | None = None,
    *,
    constructor: str | None = None,
    key: str | None = None,
    what_if: WhatIf | None = None,
) -> Side:
    """Reads what is named on one side; nothing heavy is loaded.

    Args:
        path: see :func:`read_source`.
        model: the model that is named before it.
        constructor: takes the place of the one that a config names; of no effect on anything else.
        key: which optimizer of a checkpoint; of no effect on anything else.
        what_if: values that take the place of a config's own.

    Raises:
        ConfigError: it cannot be read, or is no valid config, report or checkpoint.
        UsageError: what-ifs are not for what the path names.
    """
    found = _read(path, model, constructor, key, what_if)
    _refuse_without_config(found, path, what_if)
    return Side(path, found, model, what_if.words if what_if else "")


def open_trial(
    path: str, model: str | None, what_if: WhatIf | None, *, constructor: str | None = None, key: str | None = None
) -> tuple[Side, Side]:
    """Reads a config as it stands, and with other values than its own; nothing heavy is loaded.

    Args:
        path: the config.
        model: the model that is named before it.
        what_if: values that take the place of its own.
        constructor: takes the place of the one that it names.
        key: refused, as by :func:`read_source`.

    Raises:
        ConfigError: it cannot be read, or is no valid config on one of both sides.
        UsageError: it is no config, or a pipe, which nobody can read twice.
    """
    if Path(path).is_fifo():
        raise UsageError(f"{quoted(path)} is a pipe, which cannot be read twice", "name a file")
    words = [f"--constructor {constructor}"] if constructor else []
    words += [what_if.words] if what_if else []
    after = Side(
        path, read_source(path, model, constructor=constructor, key=key, what_if=what_if), model, " ".join(words)
    )
    with as_written():
        return open_side(path, model), after


@contextmanager
def as_written() -> Iterator[None]:
    """Says of an error in a config that it is about the file, and not about what is tried in place of its values."""
    try:
        yield
    except ConfigError as error:
        told = [replace(each, message=f"as it is written: {each.message}") for each in error.findings]
        raise ConfigError(told) from error


def report_of(
    source: Source,
    model: Model = None,
    *,
    model_args: Mapping[str, Any] | None = None,
    cache: Cache | None = None,
    request: ScheduleRequest = NO_REQUEST,
) -> Report:
    """Returns the report that a source holds, or leads to with its model.

    Raises:
        UsageError: a model is named for what was saved of one, a reference holds a model alone, or a step is asked
            about that a saved report does not hold.
        ConfigError: the real library would refuse the config for this model.
        ModelError: the model cannot be built, or the code that a reference names fails.
    """
    report = _report_of(source, model, model_args, cache, request)
    if not request.product:
        return report
    from pgaudit.sources.products import with_products

    return with_products(report)


def _report_of(
    source: Source,
    model: Model,
    model_args: Mapping[str, Any] | None,
    cache: Cache | None,
    request: ScheduleRequest,
) -> Report:
    if isinstance(source, Report):
        if model is not None or model_args:
            message = f"{quoted(source.path)} says all that it knows of its model, and takes no arguments for it"
            raise UsageError(message, "name the config in its place")
        return narrowed(source, request)
    # Only here: a mistake in the config is told before the constructors are loaded.
    if isinstance(source, Config):
        from pgaudit.pipeline import audit

        return audit(model, source, model_args=model_args, cache=cache, request=request)
    from pgaudit.built.audit import audit_reference, report_of_checkpoint

    if isinstance(source, Checkpoint):
        if model is None and model_args:
            raise UsageError("--model-arg is for a model, and none is named", "--model MODEL names it")
        return report_of_checkpoint(source, model, model_args=model_args, cache=cache, request=request)
    return audit_reference(source.path, model, model_args=model_args, cache=cache, request=request)


def narrowed(saved: Report, request: ScheduleRequest) -> Report:
    """Returns a saved report with the steps that are asked, of those that it holds; all where none is asked.

    Raises:
        UsageError: it does not hold them, or something else is asked of its schedule.
    """
    path, over_time = quoted(saved.path), saved.over_time
    said = NO_REQUEST if over_time is None else over_time.request
    if _of_schedule(request) not in (NO_REQUEST, _of_schedule(said)):
        raise UsageError(f"{path} holds lrs, and no schedule that could be followed", "name the config in its place")
    missing = [str(step) for step in request.at if step not in saved.at]
    if missing:
        known = f"at {', '.join(map(str, saved.at))} alone" if saved.at else "of no step"
        hint = f"write it with --at {','.join(map(str, request.at))}"
        raise UsageError(f"{path} holds the lr {known}, and not at {', '.join(missing)}", hint)
    if not request.at or over_time is None:
        return saved
    return replace(saved, over_time=replace(over_time, asked=request.at))


def _of_schedule(request: ScheduleRequest) -> ScheduleRequest:
    """What is asked of the schedule itself, and not of lrs that may be known."""
    return replace(request, at=(), more=(), product=False, checks=False, sketch=False)

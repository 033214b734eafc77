"""``pgaudit lock``: writes down what each parameter's lr and weight decay have been agreed to be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command
from pgaudit.cli.shared.common import audited, complain, note, parse_model_args, references, the_cache, write
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.cli.shared.schedule import TimeOptions
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.schedule import NO_REQUEST
from pgaudit.files.inputs import noted_inputs
from pgaudit.text import visible
from pgaudit.user_code.imports import is_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgaudit.report import Report


@click.command(
    cls=Command,
    examples=(
        "pgaudit lock resnet50 config.yaml -o config.lock",
        "pgaudit lock config.yaml -o config.lock --update",
    ),
)
@shared.model_as_in_show
@shared.source
@shared.at
@shared.scheduler
@shared.run
@shared.epoch_steps
@shared.output
@click.option("--update", is_flag=True, help="Rewrite FILE although settings have moved, and say how many.")
@shared.model_option
@shared.key
@shared.model_args
@shared.constructor
@shared.no_cache
@shared.no_code
@shared.traceback
def lock(
    model: str | None,
    config: str | None,
    at: str | None,
    scheduler: str | None,
    run: int | None,
    epoch_steps: int | None,
    output: Path | None,
    update: bool,
    named: str | None,
    key: str | None,
    model_args: tuple[str, ...],
    constructor: str | None,
    no_cache: bool,
) -> None:
    """Write every parameter's settings and rules as a text that is easy to review and to compare."""
    if update and output is None:
        raise UsageError("--update rewrites a file, and none is named", "pgaudit lock MODEL CONFIG -o FILE --update")
    model_ref, config_path = references(model, config, command="lock", model=named)
    keep_inputs([output], [config_path], [model_ref])
    arguments = parse_model_args(model_args)
    before = _existing(output, update=update) if output is not None and is_file(str(output)) else None
    # What is agreed stays agreed: a lock keeps its steps, and the options on which their lrs depend.
    agreed = before.over_time.request if before is not None and before.over_time is not None else NO_REQUEST
    if scheduler is not None and at is None and not agreed.at:
        raise UsageError("--scheduler is for the lrs over time, and no step is named", "for example --at 0,1000")
    time = TimeOptions(at, scheduler, run, epoch_steps, agreed)
    report = audited(model_ref, config_path, arguments, constructor, the_cache(unwanted=no_cache), key, time)
    from pgaudit.sources.lock import written

    note(report.notes)
    if before is not None and output is not None:
        _compared(output, before, report, update=update)
    write(written(report), output)


def _existing(output: Path, *, update: bool) -> Report | None:
    """Returns what an existing lock agrees on; None for a damaged one that is to be replaced."""
    from pgaudit.files.reading import read_file
    from pgaudit.sources.lock import MAX_BYTES, is_lock
    from pgaudit.sources.lock_reading import NewerLock, read_lock

    with noted_inputs():  # what is written anew is no input
        data = read_file(str(output), "lock", most=MAX_BYTES)
    try:
        return read_lock(str(output), data)
    except NewerLock:
        raise
    except ConfigError:
        if update and (is_lock(str(output), data) or b"\npgaudit lock, format" in data):
            return None  # what is damaged is replaced; what is something else is not
        raise


def _compared(output: Path, before: Report, report: Report, *, update: bool) -> None:
    """Says how an existing lock will change; refuses to change it unasked."""
    words = ", ".join(_changes(before, report))
    if not words:
        return
    if not update:
        hint = f"pgaudit diff {visible(output)} CONFIG shows what; --update rewrites it"
        raise UsageError(f"{visible(output)} exists, and agrees on other settings: {words}", hint)
    complain(f"{visible(output)}: {words}")


def _changes(before: Report, report: Report) -> Iterator[str]:
    """What a training would notice, in the words of a table's last line."""
    from pgaudit.diff import compare
    from pgaudit.render.diff.view import counts_line

    found = compare(before, report)
    if found.differs:
        yield counts_line(found)
    if before.at != report.at:
        yield f"lrs at {_listed(report.at)} in place of {_listed(before.at)}"


def _listed(steps: Sequence[int]) -> str:
    return ", ".join(map(str, steps)) or "no step"

"""``pgaudit lock``: writes down what each parameter's lr and weight decay have been agreed to be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command
from pgaudit.cli.shared.common import audited, complain, note, parse_model_args, references, the_cache, write
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.files.inputs import noted_inputs
from pgaudit.text import visible
from pgaudit.user_code.imports import is_file

if TYPE_CHECKING:
    from pgaudit.report import Report


@click.command(cls=Command)
@shared.model_as_in_show
@shared.source
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
    report = audited(model_ref, config_path, arguments, constructor, the_cache(unwanted=no_cache), key)
    from pgaudit.sources.lock import written

    note(report.notes)
    if output is not None and is_file(str(output)):
        _compared(output, report, update=update)
    write(written(report), output)


def _compared(output: Path, report: Report, *, update: bool) -> None:
    """Says how an existing lock will change; refuses to change it unasked."""
    from pgaudit.diff import compare
    from pgaudit.files.reading import read_file
    from pgaudit.render.diff.view import counts_line
    from pgaudit.sources.lock import MAX_BYTES, is_lock
    from pgaudit.sources.lock_reading import NewerLock, read_lock

    with noted_inputs():  # what is written anew is no input
        data = read_file(str(output), "lock", most=MAX_BYTES)
    try:
        before = read_lock(str(output), data)
    except NewerLock:
        raise
    except ConfigError:
        if update and (is_lock(str(output), data) or b"\npgaudit lock, format" in data):
            return  # what is damaged is replaced; what is something else is not
        raise
    found = compare(before, report)
    if not found.differs:
        return
    if not update:
        hint = f"pgaudit diff {visible(output)} CONFIG shows what; --update rewrites it"
        raise UsageError(f"{visible(output)} exists, and agrees on other settings: {counts_line(found)}", hint)
    complain(f"{visible(output)}: {counts_line(found)}")

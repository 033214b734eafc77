"""``pgaudit explore``: all parameters in a terminal, why each has its values, and what other multipliers do."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from pgaudit.cli.shared import completion, what_if
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command
from pgaudit.cli.shared.common import (
    model_and_source,
    note,
    parse_model_args,
    spinner,
    stdout_reserved,
    the_cache,
)
from pgaudit.cli.shared.schedule import TimeOptions
from pgaudit.core.errors import OnlyAModel, UsageError
from pgaudit.memory import gc_frozen

if TYPE_CHECKING:
    from pgaudit.config.what_if import WhatIf
    from pgaudit.explore.session import Session
    from pgaudit.models.cache import Cache


@click.command(
    cls=Command,
    examples=(
        "pgaudit explore resnet50 config.yaml",
        "pgaudit explore config.yaml --filter 'layer4 bias'",
        "pgaudit explore config.yaml --lr 0.01        # begins with what that moves",
        "pgaudit explore train.py:make",
    ),
)
@shared.model
@shared.source
@click.option(
    "--filter",
    "-f",
    "words",
    metavar="WORDS",
    default="",
    show_default=False,
    shell_complete=completion.parameters,
    help="What the filter begins with: words of a name; a star stands for anything.",
)
@what_if.options
@shared.at
@shared.scheduler
@shared.run
@shared.epoch_steps
@shared.model_option
@shared.key
@shared.model_args
@shared.constructor
@shared.no_cache
@shared.no_code
@shared.traceback
def explore(
    model: str | None,
    config: str | None,
    words: str,
    at: str | None,
    scheduler: str | None,
    run: int | None,
    epoch_steps: int | None,
    named: str | None,
    key: str | None,
    model_args: tuple[str, ...],
    constructor: str | None,
    no_cache: bool,
) -> None:
    """Look around in a terminal: filter, sort, see why, try other multipliers, and write them into the config.

    Takes what `show` takes. Nothing is written before its diff was shown and agreed to.
    """
    model_ref, config_path = model_and_source(model, config, named, command="explore")
    _refuse_elsewhere()
    arguments, cache = parse_model_args(model_args), the_cache(unwanted=no_cache)
    time, trial = TimeOptions(at, scheduler, run, epoch_steps), what_if.tried()
    try:
        session = _opened(model_ref, config_path, arguments, constructor, cache, key, time, trial)
    except OnlyAModel:
        session = _opened(config_path, None, arguments, constructor, cache, key, time, trial)
    from pgaudit.explore.app import Explorer
    from pgaudit.render.style import marks_for
    from pgaudit.render.terminal import TableOptions

    note([*session.now.report.notes, *what_if.remarks(session.now.report, trial)])
    with gc_frozen():
        Explorer(session, TableOptions(marks=marks_for(sys.stdout.encoding)), words=words, light=_is_light()).run()
    if session.now.edits:
        note([f"not written: {session.now.report.tried}"])


def _refuse_elsewhere() -> None:
    """Raises UsageError where there is no textual, or no terminal."""
    if find_spec("textual") is None:
        raise UsageError("explore needs textual, which is not installed", "pip install 'pgaudit[tui]'")
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        raise UsageError("explore needs a terminal to draw on and to read keys from", "pgaudit show prints the same")


def _is_light() -> bool:
    """Whether the terminal says that its ground is light, as rxvt, konsole and others do."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


def _opened(
    model: str | None,
    path: str | None,
    arguments: Mapping[str, Any],
    constructor: str | None,
    cache: Cache | None,
    key: str | None,
    time: TimeOptions,
    trial: WhatIf | None,
) -> Session:
    """Reads a source and what it says of its model; of a config, so that it can be edited."""
    from pgaudit.core.config import Config
    from pgaudit.sources.source import as_written, read_source, report_of

    with stdout_reserved():
        source = read_source(path, model, constructor=constructor, key=key, what_if=trial)
        if trial is not None:
            with as_written():
                source = read_source(path, model, constructor=constructor, key=key)
    request = time.request(source, lambda message: note([message]))
    with stdout_reserved(), spinner(f"building {model or getattr(source, 'model', None) or path or 'the model'}"):
        from pgaudit.explore.session import Policy, Session

        if not isinstance(source, Config):
            return Session(report_of(source, model, model_args=arguments, cache=cache, request=request))
        from pgaudit.models.source import model_source

        policy = Policy.opened(source, model_source(model, source, arguments, cache), request, constructor)
        session = Session(report_of(policy.config, policy.source, request=request), policy)
        if trial is not None:
            session.begin_with(trial)
        return session

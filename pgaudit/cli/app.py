"""The application, its options for all commands, and main()."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import click
from click.exceptions import Exit, NoSuchOption

from pgaudit import user_code
from pgaudit.cli.shared import shells
from pgaudit.cli.shared.common import ReaderGone, complain, stderr_options
from pgaudit.cli.shared.lazy import LazyGroup
from pgaudit.core.errors import PgauditError
from pgaudit.core.findings import Finding, Hint, meant
from pgaudit.files.inputs import noted_inputs
from pgaudit.render.choices import Colour
from pgaudit.text import format_exception, visible
from pgaudit.version import __version__


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(__version__, "-V", "--version", message="pgaudit %(version)s", help="Print the version and exit.")
@shells.install_option
@shells.show_option
def app() -> None:
    """Shows which learning rate and weight decay each parameter of a PyTorch model really gets, and why."""


ERROR, INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code: 0 clean, 1 findings or a difference, 2 an error, 130
    interrupted.

    A closed pipe is 0. No traceback is printed unless ``--traceback`` asks for it.
    """
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    if arguments[0] == "help":
        arguments = [*arguments[1:], "--help"]
    with_traceback = "--traceback" in arguments
    # The CLI is its own process, so it may tell hub libraries to stay offline; the Python API must not.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    if (answered := shells.answer(app)) is not None:
        return answered
    try:
        with (
            noted_inputs(),
            user_code.forbidding("--no-code" in arguments),
            app.make_context("pgaudit", list(arguments), obj=arguments) as context,
        ):
            app.invoke(context)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (BrokenPipeError, ReaderGone):
        # Whoever read us has seen enough; without this, Python would complain once more when it flushes at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exit as stop:
        return stop.exit_code
    except BaseException as error:  # not even foreign code may end us with a traceback
        if with_traceback:
            complain("\n".join(visible(line) for line in traceback.format_exc().splitlines()))
        _complain_of(_findings(error), arguments)
        return ERROR
    return 0


def _findings(error: BaseException) -> Sequence[Finding]:
    if isinstance(error, PgauditError):
        return error.findings
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "pgaudit"
        return [Finding.error(_wrong_usage(error), hint=_meant(error) or f"{command} --help")]
    if isinstance(error, FileNotFoundError) and not _is_in_a_folder():
        return [Finding.error("the current folder is gone", hint="cd into one that is there")]
    return [Finding.error(f"internal error: {format_exception(error)}", hint="--traceback shows where")]


def _is_in_a_folder() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _wrong_usage(error: click.UsageError) -> str:
    """What is wrong with the command line; unknown options are worded here, because click's versions differ."""
    return f"No such option: {error.option_name}" if isinstance(error, NoSuchOption) else error.format_message()


def _meant(error: click.UsageError) -> Hint | None:
    """What a typo in an option's name, or in one of its words, was probably meant to be."""
    if isinstance(error, NoSuchOption) and error.ctx is not None:
        options = (each for each in error.ctx.command.params if isinstance(each, click.Option))
        return meant(error.option_name, [name for each in options for name in each.opts if name.startswith("--")])
    if isinstance(error, click.BadParameter) and error.param is not None:
        typed = re.match(r"'(.*?)' is not one of", error.message)
        if typed is not None and isinstance(error.param.type, click.Choice):
            return meant(typed[1], error.param.type.choices)
    return None


def _complain_of(findings: Sequence[Finding], arguments: Sequence[str]) -> None:
    """On a terminal, with the line of the file. In a pipe, whoever reads it has the file, and reads ``file:line:column:
    error:`` as compilers say it, with nothing between two errors but hints.
    """
    options = stderr_options(_colour(arguments))
    if options is None:
        said: set[str | None] = set()
        for finding in findings:
            complain(_worded(finding if finding.fix or finding.hint not in said else replace(finding, hint=None)))
            said.add(finding.hint)  # which keys are known, say
        return
    from pgaudit.render.errors import render_errors

    complain(render_errors(findings, options).removesuffix("\n"))


def _colour(arguments: Sequence[str]) -> Colour:
    """What ``--color`` says, as far as it can be told of arguments that may be wrong."""
    words = " ".join(arguments).replace("=", " ").split()
    wanted = words[words.index("--color") + 1 :][:1] if "--color" in words else []
    return next((word for word in get_args(Colour) if [word] == wanted), "auto")


def _worded(finding: Finding) -> str:
    where = f"{visible(finding.location)}: " if finding.location else ""
    hint = f"\n  {visible(finding.hint)}" if finding.hint else ""
    example = "".join(f"\n    {visible(line)}" for line in finding.example)
    return f"{where}error: {visible(finding.message)}{hint}{example}"

"""The application, its options for all commands, and main()."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from pgaudit import user_code
from pgaudit.cli.shared.common import ReaderGone, complain
from pgaudit.cli.shared.completion import OPTIONS, asked_by_a_shell
from pgaudit.cli.shared.lazy import PlainGroup, add_commands
from pgaudit.core.errors import PgauditError
from pgaudit.core.findings import Finding
from pgaudit.files.inputs import noted_inputs
from pgaudit.text import format_exception, visible

app = typer.Typer(
    name="pgaudit",
    cls=PlainGroup,
    help="Shows which learning rate and weight decay each parameter of a PyTorch model really gets, and why.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
add_commands(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        from pgaudit.version import __version__

        typer.echo(f"pgaudit {__version__}")
        raise typer.Exit


@app.callback()
def _everywhere(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


ERROR, INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code: 0 clean, 1 findings or a difference, 2 an error, 130
    interrupted.

    A closed pipe is 0. No traceback is printed unless ``--traceback`` asks for it.
    """
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    with_traceback = "--traceback" in arguments
    # The CLI is its own process, so it may tell hub libraries to stay offline; the Python API must not.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    for_a_shell = asked_by_a_shell() or not {*OPTIONS}.isdisjoint(arguments)
    try:
        with noted_inputs(), user_code.forbidding("--no-code" in arguments):
            code = app(arguments, prog_name="pgaudit", standalone_mode=False, obj=arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (BrokenPipeError, ReaderGone):
        # Whoever read us has seen enough; without this, Python would complain once more when it flushes at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except typer.Exit as stop:
        return stop.exit_code
    except BaseException as error:  # not even foreign code may end us with a traceback
        if for_a_shell and isinstance(error, SystemExit) and isinstance(error.code, int):
            return error.code  # how typer ends when it has answered
        if with_traceback:
            complain("\n".join(visible(line) for line in traceback.format_exc().splitlines()))
        for finding in _findings(error):
            complain(_worded(finding))
        return ERROR
    return code if isinstance(code, int) else 0


def _findings(error: BaseException) -> Sequence[Finding]:
    if isinstance(error, PgauditError):
        return error.findings
    if hasattr(error, "format_message"):  # a usage error of the command line parser
        command = getattr(getattr(error, "ctx", None), "command_path", "pgaudit")
        message = error.format_message().replace("Value error, ", "")  # the validator's own word for it
        return [Finding.error(message, hint=f"{command} --help")]
    return [Finding.error(f"internal error: {format_exception(error)}", hint="--traceback shows where")]


def _worded(finding: Finding) -> str:
    where = f"{visible(finding.location)}: " if finding.location else ""
    hint = f"\n  {visible(finding.hint)}" if finding.hint else ""
    example = "".join(f"\n    {visible(line)}" for line in finding.example)
    return f"{where}error: {visible(finding.message)}{hint}{example}"

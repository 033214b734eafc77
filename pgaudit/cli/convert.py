"""``pgaudit convert``: a policy in another library's words, proved to come to the same."""

from __future__ import annotations

from typing import Annotated

import typer

from pgaudit.cli.shared.common import is_config, note, parse_model_args, spinner, stdout_reserved, the_cache, write
from pgaudit.cli.shared.options import Constructor, ModelArgs, NoCode, Output, Traceback
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.core.errors import UsageError
from pgaudit.text import did_you_mean, quoted, visible

TARGETS = ("rules", "mmcv", "mmengine", "timm", "basecls", "python")
"""As in :data:`pgaudit.convert.TARGETS`, which is too heavy to ask for `--help`."""


def convert(
    config: Annotated[str | None, typer.Argument(metavar="CONFIG", show_default=False, help="A YAML file.")] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="TARGET",
            show_default=False,
            autocompletion=lambda incomplete: [each for each in TARGETS if each.startswith(incomplete)],
            help=f"One of {', '.join(TARGETS)}.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", metavar="MODEL", show_default=False, help="Instead of the config's own `model:`."
        ),
    ] = None,
    ignore_frozen: Annotated[
        bool, typer.Option("--ignore-frozen", help="Frozen parameters may be in the optimizer or not.")
    ] = False,
    output: Output = None,
    model_args: ModelArgs = None,
    constructor: Constructor = None,
    no_code: NoCode = False,
    traceback: Traceback = False,
) -> None:
    """Write a policy in another library's words, so that every parameter of the model gets the same.

    The result is audited as well, and compared bit for bit, before it is written.
    """
    wanted = _target(to)
    if config is None:
        raise UsageError("CONFIG is missing", f"pgaudit convert CONFIG --to {wanted} --model MODEL")
    if model is not None and is_config(model) and not is_config(config):
        right = f"pgaudit convert {visible(model)} --to {wanted} --model {visible(config)}"
        raise UsageError(f"--model is a config, and {quoted(config)} is none", right)
    keep_inputs([output], [config], [model])
    arguments = parse_model_args(model_args or [])
    from pgaudit.config import load_config

    read = load_config(config, constructor=constructor)  # before anything heavy: a typo answers at once
    with stdout_reserved(), spinner(f"building {model or read.model or 'the model'}"):
        from pgaudit.convert import convert as converted
        from pgaudit.models.timm_names import refuse_unknown_model

        refuse_unknown_model(model, read, the_cache(unwanted=False))
        found = converted(model, read, wanted, model_args=arguments, ignore_frozen=ignore_frozen)
    note(found.notes)
    write(found.text, output)


def _target(to: str | None) -> str:
    known = f"--to {', --to '.join(TARGETS)}"
    if to is None:
        raise UsageError("--to is missing", known)
    if to not in TARGETS:
        raise UsageError(f"nothing is written as {quoted(to)}", did_you_mean(to, TARGETS) or known)
    return to

"""``pgaudit convert``: a policy in another library's words, proved to come to the same."""

from __future__ import annotations

from pathlib import Path

import click

from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import is_config, note, parse_model_args, spinner, stdout_reserved, the_cache, write
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.core.errors import UsageError
from pgaudit.text import did_you_mean, quoted, visible

TARGETS = ("rules", "mmcv", "mmengine", "timm", "basecls", "python")
"""As in :data:`pgaudit.convert.TARGETS`, which is too heavy to ask for `--help`."""


@click.command(cls=Command)
@argument("config", type=shared.NAME, help="A YAML file.")
@click.option(
    "--to",
    metavar="TARGET",
    shell_complete=lambda _context, _param, incomplete: [each for each in TARGETS if each.startswith(incomplete)],
    help=f"One of {', '.join(TARGETS)}.",
)
@click.option("--model", "-m", metavar="MODEL", help="Instead of the config's own `model:`.")
@click.option("--ignore-frozen", is_flag=True, help="Frozen parameters may be in the optimizer or not.")
@shared.output
@shared.model_args
@shared.constructor
@shared.no_code
@shared.traceback
def convert(
    config: str | None,
    to: str | None,
    model: str | None,
    ignore_frozen: bool,
    output: Path | None,
    model_args: tuple[str, ...],
    constructor: str | None,
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
    arguments = parse_model_args(model_args)
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

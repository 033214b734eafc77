"""``pgaudit snapshot``: saves what is asked of a model, so that later runs need not build it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.exceptions import Exit

from pgaudit.cli.shared import completion
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import (
    complain,
    is_config,
    note,
    parse_model_args,
    read_config,
    spinner,
    stdout_reserved,
    the_cache,
    write,
    write_file,
)
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.core.errors import UsageError
from pgaudit.core.parameters import INVENTORY_FILES
from pgaudit.files.inputs import noted_inputs
from pgaudit.text import counted, quoted, visible
from pgaudit.user_code.imports import is_file

if TYPE_CHECKING:
    from pgaudit.models.saved.file import Saved

MOVED = 1


@click.command(
    cls=Command,
    examples=(
        "pgaudit snapshot train.py:make_model -o model.json",
        "pgaudit snapshot --check model.json",
    ),
)
@argument(
    "model",
    shell_complete=completion.models,
    help="A timm name, package.module:attribute or file.py:attribute; or a config that names its model.",
)
@click.option(
    "--check",
    type=shared.FILE,
    metavar="FILE",
    help="Build the model that FILE was made from, and list what has moved: exit 1 if anything has.",
)
@shared.output
@shared.model_args
@shared.no_code
@shared.traceback
def snapshot(model: str | None, check: Path | None, output: Path | None, model_args: tuple[str, ...]) -> None:
    """Save all that is asked of a model in a file that can be named in its place.

    Names, shapes and dtypes of its parameters, the classes of its modules, and its hints; no weights.
    """
    arguments = parse_model_args(model_args)
    if check is not None:
        if output is not None:
            raise UsageError("--check writes no file", f"pgaudit snapshot MODEL -o {visible(output)} writes one")
        _check(check, model, arguments)
        return
    if model is None:
        raise UsageError("MODEL is missing", "pgaudit snapshot MODEL -o model.inventory.json")
    keep_inputs([output], models=[model])
    if output is not None:
        _refuse_other_files(output)
    made = _built(model, arguments)
    from pgaudit.models.saved.file import packed, written

    note(made.inventory.notes)
    text = written(made)
    if output is not None and output.suffix == ".gz":
        write_file([packed(text)], output)
    else:
        write(text, output)


def _built(model: str, arguments: dict[str, object]) -> Saved:
    if model.endswith(INVENTORY_FILES):
        raise UsageError(f"{quoted(model)} is a file, and names no model", f"pgaudit snapshot --check {visible(model)}")
    config = read_config(model, None) if is_config(model) else None
    if config is not None and not config.names_model:
        raise UsageError(f"{quoted(model)} names no model", "pgaudit snapshot MODEL; a config may say `model:`")
    with stdout_reserved(), spinner(f"building {model}"):
        from pgaudit.models.timm_names import refuse_unknown_model
        from pgaudit.snapshot import snapshot as made

        named, cache = None if config else model, the_cache(unwanted=False)
        refuse_unknown_model(named, config, cache)
        return made(named, arguments, config=config)


def _refuse_other_files(output: Path) -> None:
    """What is no saved inventory is not written over."""
    if str(output) == "-":
        return
    if not output.exists() and not str(output).endswith(INVENTORY_FILES):
        raise UsageError(f"{visible(output)} would be no name of a saved inventory", "end it in .json or .json.gz")
    if not is_file(str(output)):
        return
    from pgaudit.files.reading import read_file
    from pgaudit.models.saved.file import is_saved

    with noted_inputs():  # what is written anew is no input
        held = read_file(str(output), "inventory", most=4096)
    if held and not is_saved(held):
        raise UsageError(f"{visible(output)} exists, and is no saved inventory", "name another file, or remove it")


def _check(file: Path, model: str | None, arguments: dict[str, object]) -> None:
    from pgaudit.models.source import read_saved

    example = f"pgaudit snapshot {visible(model or 'MODEL')} -o {visible(file)} writes it"
    before = read_saved(str(file), example)
    after = _built(model or _source(before, file), {**before.model_args, **arguments})
    from pgaudit.render.pages.model_changes import render_changes
    from pgaudit.snapshot import compare

    found = compare(before, after)
    note(found.remarks)
    name = visible(after.inventory.ref)
    if not found.changes:
        complain(f"{name} is still the model in {visible(file)}: {counted(len(after.inventory.parameters), 'tensor')}")
        return
    write(render_changes(found), None)
    given = "".join(f" --model-arg {key}={json.dumps(value)}" for key, value in after.model_args.items())
    anew = f"pgaudit snapshot {name}{visible(given)} -o {visible(file)}"
    complain(f"{name} is no longer the model in {visible(file)}\n  {anew} writes it anew")
    raise Exit(MOVED)


def _source(saved: Saved, file: Path) -> str:
    """The model of timm's that a file was made from; what would run other code has to be named."""
    from pgaudit.models.references import is_timm_name

    its = saved.inventory
    if its.source == "timm" and is_timm_name(its.ref):
        return its.ref
    named = its.ref.partition(" (")[0] if its.source != "module" else "MODEL"
    hint = f"pgaudit snapshot {visible(named)} --check {visible(file)}"
    raise UsageError(f"{visible(file)} is of {quoted(its.ref)}, whose code runs only if you name it", hint)

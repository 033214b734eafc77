"""``pgaudit sweep``: many models × many configs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
from click.exceptions import Exit

from pgaudit.cli.shared import completion
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import (
    complain,
    note,
    parse_model_args,
    spinner,
    stdout_reserved,
    table_options,
    the_cache,
    write,
)
from pgaudit.cli.shared.outputs import by_ending, named
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.cli.shared.progress import bar_over
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import Threshold
from pgaudit.render.choices import Colour, SweepFormat, SweepSort
from pgaudit.text import counted, quoted, visible

if TYPE_CHECKING:
    from pgaudit.models.cache import Cache
    from pgaudit.sweep.lines import Identity
    from pgaudit.sweep.policies import SweepConfig
    from pgaudit.sweep.records import SweepResult, Task
    from pgaudit.sweep.store import Store
    from pgaudit.sweep.work import Work


@click.command(
    cls=Command,
    examples=(
        "pgaudit sweep 'resnet*' config.yaml",
        "pgaudit sweep 'vit_*' a.yaml b.yaml --jobs 4",
        "pgaudit sweep 'vit_*' a.yaml b.yaml -o sweep.html",
    ),
)
@argument(
    "glob",
    required=True,
    shell_complete=completion.models,
    help="timm names ('vit_*'), saved inventories ('inv/*.json'), or a MODEL.",
)
@argument("configs", required=True, nargs=-1, metavar="CONFIG", type=shared.NAME, help="YAML, or OpenMMLab's Python.")
@click.option(
    "--output",
    "-o",
    type=shared.FILE,
    metavar="FILE",
    help="Keep results in FILE as they come, as JSON lines; the same command continues there. FILE.html is a page.",
)
@click.option("--restart", is_flag=True, help="Begin FILE anew, and keep it until all is done.")
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts of the models.")
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    metavar="<int range>",
    help="Models at a time; as many as CPUs without it.",
)
@click.option("--backend", metavar="NAME", default="loky", help="Where joblib runs them: loky, dask, ray ...")
@click.option("--scheduler", metavar="ADDRESS", help="The cluster's, for dask or ray.")
@shared.choice(
    "--fail-on", of=Threshold, default="never", help="Findings of this severity or above make the exit code 1."
)
@shared.choice("--format", "fmt", of=SweepFormat, default="table", help="What to write to stdout.")
@shared.choice("--sort", of=SweepSort, default="gravity", help="The order of the table's models.")
@click.option("--all", "every", is_flag=True, help="Show every model, not only the gravest.")
@shared.model_args
@shared.constructor
@shared.no_cache
@shared.width
@shared.color
@shared.no_code
@shared.traceback_of_each
def sweep(
    glob: str,
    configs: tuple[str, ...],
    output: Path | None,
    restart: bool,
    shard: str | None,
    jobs: int | None,
    backend: str,
    scheduler: str | None,
    fail_on: Threshold,
    fmt: SweepFormat,
    sort: SweepSort,
    every: bool,
    model_args: tuple[str, ...],
    constructor: str | None,
    no_cache: bool,
    width: int | None,
    colour: Colour,
    traceback: bool,
) -> None:
    """Audit many models under many configs: what is found in how many of them, and where it is worst.

    Exit 1 only if --fail-on asks for it; 2 if any model could not be audited, though all others are.
    """
    keep_inputs([output], configs, [glob])
    fmt, kept, page = _outputs(fmt, output)
    policies = _read(configs, constructor, restart=restart, output=kept, fmt=fmt)
    arguments = parse_model_args(model_args)
    from pgaudit.sweep.lines import Identity
    from pgaudit.sweep.plan import tasks_of
    from pgaudit.sweep.records import exit_code
    from pgaudit.sweep.shards import shard_of
    from pgaudit.sweep.work import Work
    from pgaudit.version import __version__
    from pgaudit.workers.backends import refuse_unfit

    part = shard_of(shard)
    refuse_unfit(backend, scheduler)
    cache = the_cache(unwanted=no_cache)
    models = _models(glob, cache)
    keep_inputs([output], models=models)
    tasks = tasks_of(models, policies, part)
    by_name = {policy.name: policy for policy in policies}
    identity = Identity(
        __version__,
        arguments,
        {name: policy.constructor for name, policy in by_name.items()},
        {name: policy.digest for name, policy in by_name.items()},
    )
    work = Work(policies, arguments, cache, version=__version__)
    results = _collected(tasks, work, identity, kept, restart, (backend, jobs, scheduler))
    if traceback:
        for result in results:
            complain("\n".join(visible(line) for line in result.trace.splitlines())) if result.trace else None
    _write(results, policies, identity, fmt, sort, every, colour, width, page, _typed(model_args, constructor))
    raise Exit(exit_code(results, fail_on))


def _outputs(fmt: SweepFormat, output: Path | None) -> tuple[SweepFormat, Path | None, Path | None]:
    """Returns the format, the file that keeps results, and the one that is written at the end: a page keeps none."""
    if named(output, ("html",)):
        fmt = by_ending(fmt, output, get_args(SweepFormat))
        return (fmt, None, output) if fmt == "html" else (fmt, output, None)
    return fmt, output, None


def _typed(model_args: Sequence[str], constructor: str | None) -> str:
    words = [word for each in model_args for word in ("--model-arg", each)]
    return visible(shlex.join([*words, *(["--constructor", constructor] if constructor else [])]))


_ENDINGS = {
    "json": (".json",),
    "csv": (".csv",),
    "markdown": (".md", ".markdown"),
}


def _read(
    configs: Sequence[str], constructor: str | None, *, restart: bool, output: Path | None, fmt: SweepFormat
) -> tuple[SweepConfig, ...]:
    """Reads the configs, after what else can be wrong with the command line."""
    if restart and output is None:
        raise UsageError("--restart has no meaning without -o FILE")
    if output is not None and str(output) == "-":
        raise UsageError("-o keeps results in a file", "--format jsonl writes them to stdout")
    if output is not None and (output.suffix in _ENDINGS.get(fmt, ()) or named(output, ("html",))):
        hint = f"--format {fmt} > {visible(output)} writes what you mean"
        raise UsageError(f"-o keeps results as JSON lines, and {quoted(output)} is no name for those", hint)
    for path in configs:
        if path.endswith(".json"):
            raise UsageError(f"{quoted(path)} is a saved inventory, not a config", "quote the GLOB: 'folder/*.json'")
    from pgaudit.sweep.policies import read_policies

    with stdout_reserved():  # a config that is code may print
        return read_policies(configs, constructor)


def _models(glob: str, cache: Cache | None) -> list[str]:
    with stdout_reserved(), spinner(f"looking for {glob}"):
        from pgaudit.sweep.models import models_of

        return models_of(glob, cache)


def _collected(
    tasks: list[Task],
    work: Work,
    identity: Identity,
    output: Path | None,
    restart: bool,
    where: tuple[str, int | None, str | None],
) -> list[SweepResult]:
    """Runs what is left of the tasks, and returns the results of all, in order."""
    from pgaudit.sweep.plan import in_order, left
    from pgaudit.sweep.store import Store

    with ExitStack() as stack:
        store = stack.enter_context(Store(output, identity)) if output else None
        results = store.open(tasks, restart=restart) if store else []
        open_ = left(tasks, results)
        if results:
            note([f"{len(tasks) - len(open_):,} of {counted(len(tasks), 'model')} are in {output} already"])
        try:
            _run(open_, len(tasks), work, where, results, store)
        except KeyboardInterrupt:
            rest = len(left(tasks, results))
            command = "the same command without --restart" if restart else "the same command"
            kept = f"; {command} continues in {output}" if store else ""
            note([f"interrupted with {rest:,} of {counted(len(tasks), 'model')} left{kept}"])
            raise
        ordered = in_order(tasks, results)
        if store:
            store.finish(ordered)
        return ordered


def _run(
    tasks: list[Task],
    total: int,
    work: Work,
    where: tuple[str, int | None, str | None],
    results: list[SweepResult],
    store: Store | None,
) -> None:
    """Runs tasks, and adds to the results and to the store as they come."""
    from pgaudit.sweep.runner import run
    from pgaudit.workers.backends import open_pool

    if not tasks:
        return
    backend, jobs, scheduler = where
    with (
        stdout_reserved(),
        bar_over(total, tasks[0].model, total - len(tasks)) as done,
        open_pool(backend, jobs, scheduler, most=total) as pool,
        closing(run(work, tasks, pool)) as stream,
    ):
        for found in stream:
            results += found
            if store:
                store.add(found)
            done(found[0].model)


def _write(
    results: list[SweepResult],
    policies: tuple[SweepConfig, ...],
    identity: Identity,
    fmt: SweepFormat,
    sort: SweepSort,
    every: bool,
    colour: Colour,
    width: int | None,
    page: Path | None,
    typed: str,
) -> None:
    from pgaudit.render.sweep import View, render_sweep

    options = table_options(None, colour, width)
    view = View(tuple(policy.name for policy in policies), sort, every, typed)
    write(render_sweep(results, identity, fmt, view, options), page)

"""``pgaudit sweep``: many models × many configs."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgaudit.cli.shared.common import (
    complain,
    note,
    parse_model_args,
    screen,
    spinner,
    stdout_reserved,
    the_cache,
    write,
)
from pgaudit.cli.shared.options import Color, Constructor, ModelArgs, NoCache, NoCode, Traceback, Width
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


def sweep(
    glob: Annotated[
        str,
        typer.Argument(
            metavar="GLOB",
            show_default=False,
            help="timm names ('vit_*'), saved inventories ('inv/*.json'), or a MODEL.",
        ),
    ],
    configs: Annotated[
        list[str], typer.Argument(metavar="CONFIG", show_default=False, help="YAML, or OpenMMLab's Python.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            show_default=False,
            help="Keep results in FILE as they come, as JSON lines; the same command continues there.",
        ),
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Begin FILE anew, and keep it until all is done.")] = False,
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="I/N", show_default=False, help="Only the I-th of N parts of the models."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, show_default=False, help="Models at a time; as many as CPUs without it."),
    ] = None,
    backend: Annotated[
        str, typer.Option("--backend", metavar="NAME", help="Where joblib runs them: loky, dask, ray ...")
    ] = "loky",
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", show_default=False, help="The cluster's, for dask or ray."),
    ] = None,
    fail_on: Annotated[
        Threshold, typer.Option("--fail-on", help="Findings of this severity or above make the exit code 1.")
    ] = "never",
    fmt: Annotated[SweepFormat, typer.Option("--format", help="What to write to stdout.")] = "table",
    sort: Annotated[SweepSort, typer.Option("--sort", help="The order of the table's models.")] = "gravity",
    every: Annotated[bool, typer.Option("--all", help="Show every model, not only the gravest.")] = False,
    model_args: ModelArgs = None,
    constructor: Constructor = None,
    no_cache: NoCache = False,
    width: Width = None,
    colour: Color = "auto",
    no_code: NoCode = False,
    traceback: Traceback = False,
) -> None:
    """Audit many models under many configs: what is found in how many of them, and where it is worst.

    Exit 1 only if --fail-on asks for it; 2 if any model could not be audited, though all others are.
    """
    keep_inputs([output], configs, [glob])
    policies = _read(configs, constructor, restart=restart, output=output, fmt=fmt)
    arguments = parse_model_args(model_args or [])
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
    results = _collected(tasks, work, identity, output, restart, (backend, jobs, scheduler))
    if traceback:
        for result in results:
            complain("\n".join(visible(line) for line in result.trace.splitlines())) if result.trace else None
    _write(results, policies, identity, fmt, sort, every, colour, width)
    raise typer.Exit(exit_code(results, fail_on))


_ENDINGS = {
    "json": (".json",),
    "csv": (".csv",),
    "markdown": (".md", ".markdown"),
}


def _read(
    configs: list[str], constructor: str | None, *, restart: bool, output: Path | None, fmt: SweepFormat
) -> tuple[SweepConfig, ...]:
    """Reads the configs, after what else can be wrong with the command line."""
    if restart and output is None:
        raise UsageError("--restart has no meaning without -o FILE")
    if output is not None and str(output) == "-":
        raise UsageError("-o keeps results in a file", "--format jsonl writes them to stdout")
    if output is not None and output.suffix in _ENDINGS.get(fmt, ()):
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
) -> None:
    from pgaudit.render.style import marks_for
    from pgaudit.render.sweep import View, render_sweep
    from pgaudit.render.terminal import TableOptions

    end = screen(None, colour, width)
    options = TableOptions(end.width, end.colour, marks_for(end.encoding))
    view = View(tuple(policy.name for policy in policies), sort, every)
    write(render_sweep(results, identity, fmt, view, options), None)

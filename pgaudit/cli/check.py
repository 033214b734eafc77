"""``pgaudit check``: the gate of a CI job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from click.exceptions import Exit

from pgaudit.cli.shared import choosing, completion, fixing, what_if
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import (
    audited,
    complain,
    note,
    parse_model_args,
    references,
    stdout_reserved,
    table_options,
    the_cache,
    write,
)
from pgaudit.cli.shared.outputs import Wanted, valued_options, wanted
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.cli.shared.progress import bar_over
from pgaudit.cli.shared.schedule import TimeOptions, steps_in
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import Threshold
from pgaudit.files.globbing import matching_files
from pgaudit.render.choices import Colour, GateFormat
from pgaudit.text import counted, quoted, visible

if TYPE_CHECKING:
    from pgaudit.gate import Audit, Outcome


@click.command(
    cls=Command,
    examples=(
        "pgaudit check                                # all that the project file lists",
        "pgaudit check config.yaml --lock config.lock",
        "pgaudit check config.yaml --fix --dry-run    # what would be mended",
        "pgaudit check -o check.html                  # a page to open, or to attach to a job",
    ),
)
@argument(
    "model",
    type=shared.NAME,
    shell_complete=completion.models,
    help="As in `show`; left out, the project is checked.",
)
@shared.source
@click.option("--lock", type=shared.NAME, metavar="FILE", help="Fail on settings that differ from it.")
@click.option("--expect", type=shared.NAME, metavar="FILE", help="Expectations in place of the config's.")
@click.option("--baseline", type=shared.NAME, metavar="FILE", help="Findings that are known; new ones fail.")
@click.option("--write-baseline", type=shared.FILE, metavar="FILE", help="Write all findings as known.")
@shared.choice("--fail-on", of=Threshold, help="Findings of this severity or above fail; error if not given.")
@fixing.options
@click.option(
    "--select",
    metavar="GLOB",
    multiple=True,
    shell_complete=completion.audits,
    help="Only these of the project's audits, or only findings of these codes: PG003; repeatable.",
)
@choosing.ignore
@choosing.severity
@what_if.options
@click.option("--project", type=shared.FILE, metavar="FILE", help="Instead of the nearest project file.")
@click.option("--jobs", "-j", type=click.IntRange(min=1), metavar="<int range>", default=1, help="Audits at a time.")
@click.option("--at", metavar="STEP,...", help="Further steps of the schedule, or epochs, at which findings look.")
@shared.scheduler
@shared.run
@shared.epoch_steps
@shared.choice(
    "--format",
    "formats",
    of=GateFormat,
    multiple=True,
    metavar="FORMAT",
    help=f"{', '.join(get_args(GateFormat))}; repeatable, each with an -o of its own.",
)
@click.option(
    "--output",
    "-o",
    "outputs",
    type=shared.FILE,
    multiple=True,
    metavar="FILE",
    help="Where the --format before it goes, instead of stdout.",
)
@shared.model_option
@shared.key
@shared.model_args
@shared.constructor
@shared.no_cache
@shared.width
@shared.color
@shared.verbose
@shared.no_code
@shared.traceback_of_each
@click.pass_context
def check(
    context: click.Context,
    model: str | None,
    config: str | None,
    lock: str | None,
    expect: str | None,
    baseline: str | None,
    write_baseline: Path | None,
    fail_on: Threshold | None,
    fix: bool,
    unsafe_fixes: bool,
    dry_run: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    severities: tuple[str, ...],
    project: Path | None,
    jobs: int,
    at: str | None,
    scheduler: str | None,
    run: int | None,
    epoch_steps: int | None,
    formats: tuple[GateFormat, ...],
    outputs: tuple[Path, ...],
    named: str | None,
    key: str | None,
    model_args: tuple[str, ...],
    constructor: str | None,
    no_cache: bool,
    width: int | None,
    colour: Colour,
    verbose: bool,
    traceback: bool,
) -> None:
    """Check expectations, lock and findings: exit 1 if anything is not as agreed, 2 if it cannot be checked.

    Without MODEL and CONFIG, checks all that pgaudit.yaml or [tool.pgaudit] lists.
    """
    # One audit needs no choice among names of audits.
    codes = tuple(word for word in select if model is not None or choosing.is_code(word))
    select = tuple(word for word in select if word not in codes)
    choice = choosing.choice_of(codes, ignore, severities)
    wish = fixing.Wish(fix, unsafe_fixes, dry_run)
    fixes = wish.fixes
    trial = what_if.tried(beside={**wish.written, "--write-baseline": write_baseline is not None})
    reports = wanted(context.obj or (), formats, outputs, valued_options(context.command))
    given: dict[str, str | None] = {"lock": lock, "expect": expect, "baseline": baseline}
    steps = () if at is None else steps_in(at)
    time: dict[str, Any] = {"at": steps, "scheduler": scheduler, "steps": run, "epoch_steps": epoch_steps}
    if model is None:
        one: dict[str, object] = {"model-arg": model_args, "constructor": constructor, "write-baseline": write_baseline}
        one |= {option.replace("_", "-"): value for option, value in time.items()}
        _refuse({**given, **one}, "without MODEL and CONFIG: the project file says it")
        audits = _listed(project, select, fail_on)
    else:
        _refuse({"project": project}, "with MODEL and CONFIG")
        model_ref, config_path = references(model, config, command="check", model=named)
        _refuse_project_file(config_path)
        from pgaudit.gate import Audit

        arguments = parse_model_args(model_args)
        files = lock, expect, baseline
        configs = matching_files(config_path)
        if configs is not None:
            _refuse({"lock": lock, "baseline": baseline, "write-baseline": write_baseline}, "with several configs")
            if not configs:
                raise UsageError(f"{quoted(config_path)} matches no file", "quote it, so that no shell looks for it")
        audits = [
            Audit(model_ref, path, "", arguments, constructor, *files, fail_on, key=key, **time)
            for path in configs or [config_path]
        ]
    cache = the_cache(unwanted=no_cache)
    audits = [replace(audit, cache=cache, choice=choice or audit.choice, what_if=trial) for audit in audits]
    read = chain.from_iterable(map(_paths_of, audits))
    keep_inputs([*(each.output for each in reports), write_baseline], read, [audit.model for audit in audits])
    if write_baseline is not None:
        _refuse({**given, "format": formats, "output": outputs, "fix": fixes or ()}, "with --write-baseline")
        _write_baseline(audits[0], write_baseline)
        return
    if fixes:
        fixing.fix_configs(audits, wish, colour)
    outcomes = _run(audits, jobs)
    _account(outcomes, traceback=traceback)
    _write_all(outcomes, reports, colour, width, verbose=verbose)
    if not fixes and trial is None:
        fixing.say_fixable(outcomes)
    from pgaudit.gate.records import exit_code

    raise Exit(exit_code(outcomes))


def _paths_of(audit: Audit) -> list[str | None]:
    return [audit.config, audit.lock, audit.expect, audit.baseline, audit.origin.path if audit.origin else None]


def _refuse(given: Mapping[str, object], why: str) -> None:
    for option, value in given.items():
        if value not in (None, ()):
            raise UsageError(f"--{option} has no meaning {why}")


def _refuse_project_file(config: str) -> None:
    if Path(config).name in ("pgaudit.yaml", "pyproject.toml"):
        raise UsageError(f"{quoted(config)} is a project file, not a config", f"pgaudit check --project {config}")


def _account(outcomes: Sequence[Outcome], *, traceback: bool) -> None:
    """Says on stderr what belongs to no report."""
    for outcome in outcomes:
        title = f"{outcome.audit.title}: " if len(outcomes) > 1 else ""
        note([f"{title}{text}" for text in outcome.notes])
        if traceback and outcome.trace:
            complain("\n".join(visible(line) for line in outcome.trace.splitlines()))


def _listed(project: Path | None, select: Sequence[str], fail_on: Threshold | None) -> list[Audit]:
    from pgaudit.config.project import find_project, load_project
    from pgaudit.gate.many import audits_of, selected

    found = load_project(project) if project is not None else find_project()
    audits = selected(audits_of(found), select)
    return [replace(audit, fail_on=fail_on) for audit in audits] if fail_on else audits


def _write_baseline(audit: Audit, path: Path) -> None:
    from pgaudit.gate import baseline

    at = ",".join(map(str, audit.at)) or None
    time = TimeOptions(at, audit.scheduler, audit.steps, audit.epoch_steps, checks=True)
    report = audited(audit.model, audit.config, audit.model_args, audit.constructor, audit.cache, audit.key, time)
    note(report.notes)
    write(baseline.written(report.findings), path)
    complain(f"{visible(path)}: {counted(len(report.findings), 'finding')} known from now on")


def _run(audits: Sequence[Audit], jobs: int) -> list[Outcome]:
    with stdout_reserved(), bar_over(len(audits), audits[0].title) as done:
        from pgaudit.gate.many import run_all

        return run_all(audits, jobs, lambda audit: done(audit.title))


def _write_all(
    outcomes: Sequence[Outcome], reports: Sequence[Wanted], colour: Colour, width: int | None, *, verbose: bool
) -> None:
    from pgaudit.render.gate import render_gate

    for one in sorted(reports, key=lambda one: one.output is None):  # files first: a pipe may close
        options = table_options(one.output, colour, width, verbose=verbose)
        write(render_gate(outcomes, one.fmt, options), one.output)

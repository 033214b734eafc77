"""``--fix``, ``--unsafe-fixes`` and ``--dry-run``: what findings propose, written into the configs themselves."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from click.exceptions import Exit

from pgaudit.cli.shared.command import F
from pgaudit.cli.shared.common import complain, note, spinner, stdout_reserved, table_options, write
from pgaudit.core.errors import PgauditError, UsageError
from pgaudit.files.atomic_write import rewrite
from pgaudit.render.choices import Colour
from pgaudit.text import quoted, visible

if TYPE_CHECKING:
    from pgaudit.fix import Fixed
    from pgaudit.gate import Audit, Outcome

_OPTIONS = (
    click.option("--fix", is_flag=True, help="Write the fixes that are proved safe into the config, then go on."),
    click.option("--unsafe-fixes", is_flag=True, help="With --fix: those that nothing proves, too."),
    click.option("--dry-run", "--diff", "dry_run", is_flag=True, help="Show what --fix would change, and stop."),
)


def options(command: F) -> F:
    """Declares the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Wish:
    """The options as they were typed."""

    fix: bool
    unsafe: bool
    dry_run: bool

    @property
    def written(self) -> dict[str, bool]:
        """The options that read a config's text, or write into it, and whether each is given."""
        return {"--fix": self.fix, "--dry-run": self.dry_run}

    @property
    def fixes(self) -> bool:
        """Whether fixes are wanted, to be written or to be seen.

        Raises:
            UsageError: some are named, and none is wanted.
        """
        if self.unsafe and not (self.fix or self.dry_run):
            raise UsageError("--unsafe-fixes widens --fix", "--fix --unsafe-fixes")
        return self.fix or self.dry_run


def fix_configs(audits: Sequence[Audit], wish: Wish, colour: Colour) -> None:
    """Fixes the configs of some audits, and says on stderr what was changed.

    Raises:
        Exit: after a dry run: 1 if it would change something, 0 if not.
        PgauditError: after a dry run: what would still keep a config from being audited.
        UsageError: a file cannot be written, or has changed meanwhile.
    """
    results = _fixed(audits, unsafe=wish.unsafe)
    for each in results:
        note([f"{finding.location} is not fixed: --fix changes {each.path} alone" for finding in each.elsewhere])
    if wish.dry_run:
        from pgaudit.render.patch import render_patch

        options = table_options(None, colour, None)
        write("".join(render_patch(each, colour=options.colour) for each in results), None)
        _say_counts(results, "fixable with --fix --unsafe-fixes" if wish.unsafe else "fixable with --fix")
        stopping = [finding for each in results for finding in each.left if finding.stops]
        if stopping:
            raise PgauditError(stopping)
        raise Exit(int(any(each.applied for each in results)))
    for each in results:
        _put(each)
    _say_counts(results, "fixed")


def say_fixable(outcomes: Sequence[Outcome]) -> None:
    """Says on stderr how many of the findings that fail could be fixed."""
    failing = {
        os.path.realpath(each.audit.config)
        for each in outcomes
        if any(one.is_fixable_in(each.audit.config) and each.fails(one) for one in each.findings)
    }
    if audits := [each.audit for each in outcomes if os.path.realpath(each.audit.config) in failing]:
        _say_counts(_fixed(audits, unsafe=False), "fixable with --fix")


def _fixed(audits: Sequence[Audit], *, unsafe: bool) -> list[Fixed]:
    from pgaudit.files.reading import read_file
    from pgaudit.fix import fixed
    from pgaudit.fix.judge import by_config, is_fixable, judge_of

    results = []
    for path, its in by_config(audits).items():
        if is_fixable(path):
            with stdout_reserved(), spinner(f"trying fixes of {path}"):
                results.append(fixed(path, read_file(path), judge_of(its), unsafe=unsafe))
        else:
            note([f"{path} is not fixed: --fix changes files of YAML alone"])
    return results


def _put(of: Fixed) -> None:
    if not of.applied:
        return
    rewrite(of.path, of.before, of.after)
    for finding in of.applied:
        assert finding.fix is not None
        words = quoted(finding.fix.old), _arrow(), quoted(finding.fix.new)
        complain(f"{visible(finding.location)}: fixed: {' '.join(words)}")


def _arrow() -> str:
    from pgaudit.render.style import marks_for

    return marks_for(getattr(sys.stderr, "encoding", None)).arrow


def _say_counts(results: Sequence[Fixed], done: str) -> None:
    applied = sum(len(each.applied) for each in results)
    unproved = applied - sum(each.safe for each in results)
    more = sum(len(each.unsafe) for each in results)
    words = [f"{applied} {done}"] if applied else []
    words += [f"{unproved} of them unproved"] if unproved else []
    words += [f"{more} {'more' if applied else 'fixable'} with --unsafe-fixes"] if more else []
    complain(", ".join(words or ["nothing to fix"]))

"""Runs several audits, one after another or in several processes. One that breaks hides no other."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import fields, replace
from itertools import chain

from pgaudit.config.project import Listed, Project
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.files.inputs import note_input, noted_inputs
from pgaudit.gate.records import Audit, Outcome
from pgaudit.gate.run import run
from pgaudit.names import Names
from pgaudit.text import did_you_mean, format_exception, visible
from pgaudit.user_code.imports import fresh_imports
from pgaudit.workers.processes import local_pool
from pgaudit.workers.run import WHY_DIED
from pgaudit.workers.run import run as run_tasks


def audits_of(project: Project) -> list[Audit]:
    """Returns the audits that a project file lists."""
    names = [field.name for field in fields(Listed)]
    return [Audit(**{name: getattr(listed, name) for name in names}) for listed in project.audits]


def selected(audits: Sequence[Audit], globs: Sequence[str]) -> list[Audit]:
    """Returns the audits whose name, model or config a glob matches; all without globs.

    Raises:
        UsageError: a glob matches none.
    """
    if not globs:
        return list(audits)
    for glob in globs:
        if not any(_matches(audit, glob) for audit in audits):
            words = [word for audit in audits for word in _words(audit)]
            hint = did_you_mean(glob, words) or f"there is {visible(audits[0].title)}"
            raise UsageError(f"--select {visible(glob)} matches no audit", hint)
    return [audit for audit in audits if any(_matches(audit, glob) for glob in globs)]


def _words(audit: Audit) -> list[str]:
    """What a glob may match; paths as they stand in the project file, too."""
    words = [audit.name, audit.model, audit.config, audit.title]
    if audit.origin:
        folder = os.path.dirname(audit.origin.path) or "."
        words += [os.path.relpath(path, folder) for path in (audit.config, audit.model or "") if path]
    return list(dict.fromkeys(word for word in words if word))


def _matches(audit: Audit, glob: str) -> bool:
    return bool(Names(_words(audit)).matching(glob))


def run_all(audits: Sequence[Audit], jobs: int = 1, done: Callable[[Audit], None] = lambda _: None) -> list[Outcome]:
    """Runs all audits and returns their outcomes in the same order; ``done`` is called as each ends."""
    outcomes: dict[int, Outcome] = {}
    with closing(run_tasks(guarded, audits, local_pool(min(jobs, len(audits))))) as found:
        for number, outcome in found:
            outcomes[number] = _died(audits[number]) if outcome is None else outcome
            done(audits[number])
    ordered = [outcomes[number] for number in range(len(audits))]
    for file in chain.from_iterable(outcome.read for outcome in ordered):
        note_input(file)
    return ordered


def _died(audit: Audit) -> Outcome:
    at = audit.origin.location("model") if audit.origin else Location(audit.config)
    return Outcome(audit, (Finding.error("the process that checked it has died", at, WHY_DIED),))


def guarded(audit: Audit, how: Callable[[Audit], Outcome] | None = None) -> Outcome:
    """Runs one audit, in another way if one is given, and makes an outcome of an internal error, too."""
    with noted_inputs() as read:
        return replace(_guarded(audit, how), read=tuple(read))


def _guarded(audit: Audit, how: Callable[[Audit], Outcome] | None) -> Outcome:
    try:
        with fresh_imports():
            return run(audit) if how is None else how(audit)
    except (Exception, SystemExit) as error:  # foreign code may ask to exit
        found = Finding.error(
            f"internal error: {format_exception(error)}", Location(audit.config), "--traceback shows where"
        )
        return Outcome(audit, (found,), trace=traceback.format_exc())

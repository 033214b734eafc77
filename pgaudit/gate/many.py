"""Runs several audits, one after another or in several processes. One that breaks hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from pgaudit.config.project import Project
from pgaudit.errors import Problem, UsageError
from pgaudit.gate.records import Audit, Outcome
from pgaudit.gate.run import run
from pgaudit.text import did_you_mean, said, visible


def audits_of(project: Project) -> list[Audit]:
    """Returns the audits that a project file lists."""
    return [
        Audit(
            listed.model,
            listed.config,
            listed.name,
            listed.model_args,
            listed.constructor,
            listed.lock,
            listed.expect,
            listed.baseline,
            listed.fail_on,
        )
        for listed in project.audits
    ]


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
            raise UsageError(f"--select {visible(glob)} matches no audit", did_you_mean(glob, words))
    return [audit for audit in audits if any(_matches(audit, glob) for glob in globs)]


def _words(audit: Audit) -> list[str]:
    return [word for word in (audit.name, audit.model, audit.config, audit.title) if word]


def _matches(audit: Audit, glob: str) -> bool:
    return any(fnmatchcase(word, glob) for word in _words(audit))


def run_all(audits: Sequence[Audit], jobs: int = 1, done: Callable[[Audit], None] = lambda _: None) -> list[Outcome]:
    """Runs all audits and returns their outcomes in the same order; ``done`` is called after each."""
    outcomes = []
    for audit, outcome in zip(audits, _outcomes(audits, min(jobs, len(audits))), strict=True):
        done(audit)
        outcomes.append(outcome)
    return outcomes


def _outcomes(audits: Sequence[Audit], jobs: int) -> Iterator[Outcome]:
    if jobs <= 1:
        yield from map(guarded, audits)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # A fork of a process in which torch has started its threads may hang.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(guarded, audit) for audit in audits]
        for audit, future in zip(audits, futures, strict=True):
            try:
                yield future.result()
            except Exception as error:  # the process itself is gone
                yield _broken(audit, error)


def guarded(audit: Audit) -> Outcome:
    """Runs one audit, and makes an outcome of an internal error, too."""
    try:
        return run(audit)
    except Exception as error:
        return _broken(audit, error)


def _broken(audit: Audit, error: Exception) -> Outcome:
    return Outcome(audit, problems=(Problem(f"internal error: {said(error)}", audit.config),))

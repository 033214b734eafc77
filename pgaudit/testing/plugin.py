"""The pytest plugin: what a training setup must give each parameter, as a test.

    def test_norms_are_not_decayed(pgaudit):
        pgaudit.assert_param_groups(make_model(), "config.yaml", expect={"params": {"*.bn*": {"weight_decay": 0}}})

    def test_settings_are_as_agreed(pgaudit):
        model, optimizer = make()
        pgaudit.assert_param_groups(model, optimizer, lock=True)

Nothing heavy is imported before something is asserted: every run of pytest loads this module.

PYTEST_DONT_REWRITE: there is no assert statement here, and a session that has loaded this already shall not be warned.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pgaudit.core.findings import Threshold
    from pgaudit.report import Report
    from pgaudit.testing.assertions import Expected, Model, PathLike

__all__ = ["ParamGroups", "assert_param_groups"]

_UPDATE = "--pgaudit-update"
_WRITTEN = "pgaudit wrote"
"""The property by which a test says which lock it wrote: it reaches the terminal from another process, too."""


def assert_param_groups(
    model: Model,
    config: object,
    *,
    expect: Expected = None,
    lock: PathLike | None = None,
    update_lock: bool = False,
    baseline: PathLike | None = None,
    fail_on: Threshold | None = None,
    model_args: Mapping[str, Any] | None = None,
    constructor: str | None = None,
    scheduler: object = None,
    at: Iterable[int] = (),
    steps: int | None = None,
    epoch_steps: int | None = None,
) -> Report:
    """Asserts that every parameter gets the lr and weight decay, by the rules, that were agreed.

    Args:
        model: a live module (which is not changed), an Inventory, or a reference; None for the config's own.
        config: a path, a mapping of the same shape, or a Config; or what was built, as ``pgaudit.audit`` takes it: an
            optimizer, several, a checkpoint's path.
        expect: a mapping of the shape of the config's ``expect:``, or the path of such a file; None for the config's.
        lock: a lock file: what has moved since it was written fails.
        update_lock: whether the lock is written instead.
        baseline: a file of known findings.
        fail_on: the severity from which on findings fail; None for what the expectations say, or else ``never``.
        model_args: keyword arguments for the model's factory.
        constructor: takes the place of the one that the config names.
        scheduler: what sets the lr over time, as ``pgaudit.audit`` takes it: live schedulers that are attached to the
            optimizers, or a schedule as in YAML in place of the config's.
        at: after how many steps of the schedule a lock that is written holds the lrs.
        steps: how long the run is, where nothing else says it.
        epoch_steps: how many steps an epoch has.

    Returns:
        The report, for assertions of your own.

    Raises:
        AssertionError: with each failure, what has moved, and why the first of these parameters get what they get.
        PgauditError: the model or a file cannot be read, or nothing at all is asserted.
    """
    __tracebackhide__ = True
    from pgaudit.testing.assertions import Terms, asserted

    over_time = scheduler, at, steps, epoch_steps
    terms = Terms(expect, lock, baseline, fail_on, model_args or {}, constructor, *over_time, update_lock)
    return asserted(model, config, terms)


class ParamGroups:
    """The fixture ``pgaudit``: :func:`assert_param_groups` for one test, with its files beside the test's own."""

    def __init__(self, node: pytest.Item) -> None:
        self._node = node
        self._locks = 0

    def assert_param_groups(
        self,
        model: Model,
        config: object,
        *,
        expect: Expected = None,
        lock: PathLike | bool | None = None,
        baseline: PathLike | None = None,
        fail_on: Threshold | None = None,
        model_args: Mapping[str, Any] | None = None,
        constructor: str | None = None,
        scheduler: object = None,
        at: Iterable[int] = (),
        steps: int | None = None,
        epoch_steps: int | None = None,
    ) -> Report:
        """Asserts as :func:`assert_param_groups` does.

        The paths of ``expect``, ``lock`` and ``baseline`` are seen from the test's folder; that of a config from the
        current one. With ``lock=True`` the lock is named after the test, below ``__pgaudit__``. Locks are written under
        ``--pgaudit-update`` only; without it, a missing one fails.
        """
        __tracebackhide__ = True
        from pgaudit.testing.assertions import Terms, asserted

        path = self._named_after_test() if lock is True else self._in_test_folder(lock) if lock else None
        terms = Terms(
            self._in_test_folder(expect) if isinstance(expect, (str, os.PathLike)) else expect,
            path,
            self._in_test_folder(baseline) if baseline else None,
            fail_on,
            model_args or {},
            constructor,
            scheduler,
            at,
            steps,
            epoch_steps,
            update=bool(self._node.config.getoption(_UPDATE)),
            remedy=f"pytest {_UPDATE}",
        )
        before = _content(path)
        try:
            return asserted(model, config, terms)
        finally:
            if path and _content(path) != before:
                self._node.user_properties.append((_WRITTEN, path))

    def _in_test_folder(self, path: PathLike) -> str:
        """A path beside the test, as seen from the current folder where that can be said."""
        absolute = os.path.normpath(self._node.path.parent / path)
        try:
            return os.path.relpath(absolute)
        except ValueError:  # another drive
            return absolute

    def _named_after_test(self) -> str:
        """Each call in a test has a lock of its own."""
        self._locks += 1
        name = _file_name(".".join(self._node.nodeid.split("::")[1:]))
        number = f".{self._locks}" if self._locks > 1 else ""
        return self._in_test_folder(Path("__pgaudit__", self._node.path.stem, f"{name}{number}.lock"))


_LONGEST = 120
"""Letters of a file's name, which may be 255 bytes long."""


def _file_name(test: str) -> str:
    """The name of a test as that of a file; what had to be changed leaves a digest, so that no two tests share one."""
    name = re.sub(r"[^\w.,=+\[\]-]+", "_", test, flags=re.ASCII)[:_LONGEST]
    return name if name == test else f"{name}-{hashlib.sha256(test.encode()).hexdigest()[:8]}"


def _content(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path and os.path.isfile(path) else None


@pytest.fixture
def pgaudit(request: pytest.FixtureRequest) -> ParamGroups:
    """Asserts what each parameter gets: `pgaudit.assert_param_groups(model, config, expect=..., lock=True)`."""
    return ParamGroups(request.node)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--pgaudit-update``."""
    group = parser.getgroup("pgaudit")
    group.addoption(_UPDATE, action="store_true", help="write the locks of assert_param_groups anew")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names the locks that were written."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    properties = [pair for report in reports for pair in getattr(report, "user_properties", ())]
    for path in sorted({path for name, path in properties if name == _WRITTEN}):
        terminalreporter.write_line(f"{_WRITTEN} {path}")

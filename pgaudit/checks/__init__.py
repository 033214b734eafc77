"""Checks: what was decided or built → findings. One file a finding code; its docstring is its documentation. A module
has ``check(audited)`` for what a policy leads to, ``check_built(audit)`` for what was built without one, or both.

A new file ``pgNNN.py`` in this folder is found here, and needs to be named nowhere else.
"""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import cast

from pgaudit.checks import pg019
from pgaudit.checks.as_built import BuiltAudit, BuiltCheck
from pgaudit.checks.base import Audited, Check, Kind
from pgaudit.checks.ignore import sorted_out
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import Finding, gravity
from pgaudit.core.location import location_order
from pgaudit.names import Names
from pgaudit.text import quoted

CHECKS: dict[str, Check] = {}
"""The checks of an assignment, by code."""

BUILT_CHECKS: dict[str, BuiltCheck] = {}
"""The checks of what was built, by code."""

DOCUMENTED: dict[str, ModuleType] = {}
"""The module of each code, whose docstring says what a finding means. PG019 is about the other findings; PG037 and
PG038 are about a checkpoint and what it is loaded into, and found by ``pgaudit.resume``.
"""


def register(module: ModuleType) -> None:
    """Adds a module with a ``KIND``, a docstring, and ``check`` or ``check_built`` if an audit runs it."""
    code = module.KIND.code
    DOCUMENTED[code] = module
    if module is not pg019 and hasattr(module, "check"):
        CHECKS[code] = cast("Check", module)
    if hasattr(module, "check_built"):
        BUILT_CHECKS[code] = cast("BuiltCheck", module)


for _module in sorted(module.name for module in iter_modules(__path__) if re.fullmatch(r"pg\d{3}", module.name)):
    register(import_module(f"{__name__}.{_module}"))


def run_checks(audited: Audited) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Returns the findings of all checks, and those that the config ignores; each the gravest first, and then in the
    order of the config, those without a place last.
    """
    found = [finding for check in CHECKS.values() for finding in check.check(audited)]
    ignores = audited.config.ignores
    names = Names(name for each in audited.inventory.parameters for name in each.names if ignores)
    _refuse_no_globs(audited.config, names)
    verdict = sorted_out(found, [ignore for ignore in ignores if ignore.code != pg019.KIND.code], names)
    of_stale = [ignore for ignore in ignores if ignore.code == pg019.KIND.code]
    stale = sorted_out(list(pg019.check(audited, verdict)), of_stale, names)
    kept = [*verdict.kept, *stale.kept, *pg019.check(audited, stale)]
    return _in_order(kept), _in_order([*verdict.ignored, *stale.ignored])


def run_built_checks(audit: BuiltAudit) -> tuple[Finding, ...]:
    """Returns the findings about what was built, the gravest first."""
    found = [finding for check in BUILT_CHECKS.values() for finding in check.check_built(audit)]
    return _in_order(found)


def _refuse_no_globs(config: Config, names: Names) -> None:
    for ignore in config.ignores:
        for text in ignore.params:
            if fault := names.fault(text):
                raise config.error(f"{quoted(text)} is not a glob: {fault}", *ignore.at, "param")


def refuse_unknown_codes(config: Config) -> None:
    """Raises ConfigError for a request to ignore a code that there is not."""
    unknown = [ignore for ignore in config.ignores if ignore.code not in DOCUMENTED]
    if unknown:
        hint = f"known: PG001 to {max(DOCUMENTED)}"
        raise ConfigError(
            [Finding.error(f"there is no finding {each.code}", config.nearest(*each.at), hint) for each in unknown]
        )


def _in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda one: (-gravity(one.severity), location_order(one.location))))


__all__ = [
    "BUILT_CHECKS",
    "CHECKS",
    "DOCUMENTED",
    "Audited",
    "BuiltAudit",
    "BuiltCheck",
    "Check",
    "Finding",
    "Kind",
    "refuse_unknown_codes",
    "register",
    "run_built_checks",
    "run_checks",
]

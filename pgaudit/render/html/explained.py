"""Why parameters get what they get: each account once, with the parameter's name left open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.constructors import constructor_named
from pgaudit.constructors.evaluation import Occurrence, RuleEvaluation
from pgaudit.core.assignment import ParamAssignment
from pgaudit.explanation import Explanation, explanations
from pgaudit.render.html.kinds import Kinds
from pgaudit.render.pages.explain import merged, named, outcome, sums
from pgaudit.render.style import UNICODE
from pgaudit.report import Report
from pgaudit.text import visible

_ROWS = 5_000
"""Parameters of which each is explained: it takes a second."""
_ACCOUNTS = 400
"""Different ones that a page holds."""


@dataclass(frozen=True)
class Explained:
    """The accounts of a report's parameters."""

    entries: Sequence[dict[str, Any]]
    of: Sequence[int]
    """The account of each row; -1 where the page holds none."""
    whole: bool
    """Whether they tell every rule that was tried, and not the arithmetic alone."""


def explained(report: Report, rows: Sequence[ParamAssignment], kinds: Kinds) -> Explained:
    """Returns the accounts of rows: all rules, or, where that would be too much, the arithmetic of each kind."""
    if len(rows) <= _ROWS:
        found = _distinct([_account(report, each) for each in explanations(report, rows)])
        if len(found.entries) <= _ACCOUNTS:
            return found
    if len(kinds.first) > _ACCOUNTS:
        return Explained([], [-1] * len(rows), whole=False)
    entries = [_arithmetic(report, each) for each in explanations(report, kinds.first)]
    return Explained(entries, kinds.of, whole=False)


def _distinct(accounts: Sequence[dict[str, Any]]) -> Explained:
    numbers: dict[str, int] = {}
    of = [numbers.setdefault(json.dumps(account), len(numbers)) for account in accounts]
    return Explained([json.loads(text) for text in numbers], of, whole=True)


def _arithmetic(report: Report, explanation: Explanation) -> dict[str, Any]:
    return {"sums": [line.plain for line in sums(report, explanation, UNICODE)], "met": []}


def _account(report: Report, explanation: Explanation) -> dict[str, Any]:
    met = [] if report.basis is None else [_meeting(report, explanation, each) for each in explanation.occurrences]
    return {**_arithmetic(report, explanation), "met": met}


def _meeting(report: Report, explanation: Explanation, occurrence: Occurrence) -> dict[str, Any]:
    """What was tried under one name, which is named only where it is not the parameter's own."""
    several = len(explanation.occurrences) > 1 or occurrence.name != explanation.row.name
    name = f" as {visible(occurrence.name)}" if several else ""
    library = constructor_named(report.config.constructor).library
    return {
        "title": f"{library} tries, in this order{name}",
        "note": visible(occurrence.note or ""),
        "tried": list(map(_tried, merged(occurrence.evaluations))),
    }


def _tried(tried: RuleEvaluation) -> list[Any]:
    state = "won" if tried.decides else "lost" if tried.matched else "missed"
    mark = {"won": UNICODE.won, "lost": UNICODE.lost, "missed": UNICODE.missed}[state]
    return [state, mark, named(tried.rule), visible(tried.why), *(line.plain for line in outcome(tried, UNICODE))]

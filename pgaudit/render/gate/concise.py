"""Outcomes of the gate → a line each, ``file:line:column: CODE message``, for editors and grep.

What could not be checked comes first, as ``error``; then what fails; then, with its severity in brackets, what fails
nothing. Nothing to say is no line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.gate import Outcome
from pgaudit.render.findings import hinted
from pgaudit.render.gate.words import in_order, title, where
from pgaudit.text import visible


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns all errors, all failures, and all other findings; with several audits each line ends in its audit."""
    return "".join(f"{line}\n" for line in _lines(outcomes))


def _lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    told = [(outcome, finding) for outcome in outcomes for finding in in_order(outcome)]
    for outcome, finding in sorted(told, key=lambda each: (not each[1].stops, not each[0].fails(each[1]))):
        code = finding.name if finding.stops else finding.code
        severity = "" if outcome.fails(finding) else f" [{finding.severity}]"
        end = f" [{visible(title(outcome.audit))}]" if len(outcomes) > 1 else ""
        yield f"{where(outcome, finding)}: {code}{severity} {hinted(finding)}{end}"

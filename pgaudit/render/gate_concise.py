"""Outcomes of the gate → a line each, ``file:line:column: CODE message``, for editors and grep.

What could not be checked comes first, as ``error``; then what fails; then, with its severity in brackets, what fails
nothing. Nothing to say is no line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.gate import Outcome
from pgaudit.render.gate_words import hinted, in_order, title, where
from pgaudit.text import visible


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns all problems, all failures, and all other notices; with several audits each line ends in its audit."""
    return "".join(f"{line}\n" for line in _lines(outcomes))


def _lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ends = [f" [{visible(title(outcome.audit))}]" if len(outcomes) > 1 else "" for outcome in outcomes]
    for outcome, end in zip(outcomes, ends, strict=True):
        for problem in outcome.problems:
            yield f"{where(outcome, problem)}: error {hinted(problem)}{end}"
    for fails in (True, False):
        for outcome, end in zip(outcomes, ends, strict=True):
            for notice in in_order(outcome):
                if notice.fails is fails:
                    code = notice.code if fails else f"{notice.code} [{notice.level}]"
                    yield f"{where(outcome, notice)}: {code} {hinted(notice)}{end}"

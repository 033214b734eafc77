"""Outcomes of the gate → Markdown for the summary of a CI job: a verdict an audit, then what failed and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.core.findings import Finding
from pgaudit.gate import Outcome
from pgaudit.render.findings import folded_names, hinted
from pgaudit.render.gate.words import Verdict, in_order, title, totals, verdict, where
from pgaudit.render.markdown import code, code_block, code_span, escaped, table
from pgaudit.render.style import UNICODE
from pgaudit.text import counted

LIMIT = 1_000_000
"""Bytes of a summary; GitHub refuses one of more than 1 MiB as a whole."""
_NAMES = (100, 10, 0)
"""Folded names under a finding: as many as the limit leaves room for."""

_MARKS: dict[Verdict, str] = {"passed": UNICODE.won, "failed": UNICODE.left_out, "not checked": UNICODE.left_out}


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns a table of verdicts, all failures with their parameters, and the other findings folded away."""
    verdicts = _verdicts(outcomes)
    for most in _NAMES:
        page = _page([*verdicts, *(line for outcome in outcomes for line in _account(outcome, most))])
        if len(page.encode()) <= LIMIT:
            return page
    return _page([*verdicts, "What failed is too long for a summary: see the log.", ""])


def _page(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _verdicts(outcomes: Sequence[Outcome]) -> list[str]:
    lines = [f"## pgaudit check: {', '.join(totals(outcomes))}", ""]
    if outcomes:
        titles = ("", "audit", "tensors", "failures", "other", "ignored")
        lines += [*table(titles, "llrrrr", map(_verdict, outcomes)), ""]
    return lines


def _verdict(outcome: Outcome) -> list[str]:
    word = verdict(outcome)
    numbers = (
        [outcome.parameters, len(outcome.failures), len(outcome.others), outcome.ignored] if not outcome.errors else []
    )
    cells = [f"{_MARKS[word]} {word}", code(title(outcome.audit)), *(f"{number:,}" for number in numbers)]
    return cells + [""] * (6 - len(cells))


def _account(outcome: Outcome, most: int) -> Iterator[str]:
    if not outcome.findings:
        return
    yield from (f"### {code_span(title(outcome.audit))}", "")
    found = in_order(outcome)
    for finding in filter(outcome.fails, found):
        yield from (_line(outcome, finding), "")
        if len(finding.params) > 1 and most:
            yield from _details(
                counted(len(finding.params), "tensor"), [code_block(folded_names(finding.params, most))]
            )
    others = [f"- {_line(outcome, finding)}" for finding in found if not outcome.fails(finding)]
    if others:
        yield from _details(counted(len(others), "other notice"), others)


def _details(summary: str, lines: Sequence[str]) -> list[str]:
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>", ""]


def _line(outcome: Outcome, finding: Finding) -> str:
    severity = f" \\[{finding.severity}\\]" if finding.severity != "error" else ""
    place = code_span(where(outcome, finding))
    return f"**{escaped(finding.title)}**{severity} {place} {escaped(hinted(finding))}"

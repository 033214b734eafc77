"""A failed assertion → its message: what failed, what has moved since the lock, and why that is so."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace

from pgaudit.diff import compare
from pgaudit.explanation import Explanation, explanations
from pgaudit.gate import Outcome
from pgaudit.render.diff.table import render_diff_table
from pgaudit.render.gate import table as gate_table
from pgaudit.render.pages.explain import render_explanations
from pgaudit.render.style import marks_for
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import counted, visible

_EXPLAINED = 3
"""Parameters that are explained: one for each failure, but of those that read alike only the first."""

_DIFF_LINES = 40
"""Lines of the diff that are shown."""

_PREFIX = len("E       ")
"""What pytest puts before each line."""


def render_assertion(report: Report, outcome: Outcome, locked: Report | None) -> str:
    """Returns the message, without colours; its first line stands for it in a list of failed tests.

    Args:
        report: what the parameters get now.
        outcome: what failed.
        locked: what they are to get, where that is what failed.
    """
    width = max(shutil.get_terminal_size().columns - _PREFIX, 40)
    options = TableOptions(width, marks=marks_for(getattr(sys.__stdout__, "encoding", None)))
    audit = outcome.audit
    count = counted(len(outcome.failures), "failure")
    title = f"{visible(report.assignment.model.ref)} under {visible(audit.config)}: {count}"
    parts = [title, gate_table.render([outcome], options)]
    if locked is not None:
        parts.append(_diff(locked, report, options))
    parts += [render_explanations(report, [example], options) for example in _examples(report, outcome)]
    return "\n\n".join(part.strip("\n") for part in parts)


def _diff(locked: Report, report: Report, options: TableOptions) -> str:
    lines = render_diff_table(compare(locked, report), replace(options, fold=True), rules=False).strip().split("\n")
    if len(lines) > _DIFF_LINES:
        hidden = len(lines) - _DIFF_LINES
        # The last line counts everything, and the one before it is empty.
        lines[-hidden - 3 : -2] = [f"  and {counted(hidden + 1, 'line')} more"]
    return "\n".join(lines)


def _examples(report: Report, outcome: Outcome) -> Sequence[Explanation]:
    """The explanation of each failure's first parameter that the model has now; of those that read alike, one."""
    rows = {row.name: row for row in report.params}
    names = (next(filter(rows.__contains__, finding.params), None) for finding in outcome.failures)
    found = explanations(report, [rows[name] for name in dict.fromkeys(names) if name is not None])
    alike: dict[object, Explanation] = {}
    for explanation in found:
        alike.setdefault(explanation.likeness, explanation)
    return [*alike.values()][:_EXPLAINED]

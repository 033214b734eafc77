"""A failed assertion → its message: what failed, what has moved since the lock, and why that is so."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from pgaudit.config.documents import read_file
from pgaudit.diff import compare
from pgaudit.explanation import Explanation, explanations
from pgaudit.gate import Outcome
from pgaudit.render.diff_table import DiffOptions, render_diff_table
from pgaudit.render.explain import render_explanations
from pgaudit.render.gate_table import render_gate_table
from pgaudit.render.rows import TableOptions
from pgaudit.render.style import marks_for
from pgaudit.report import Report
from pgaudit.sources.lock import read_lock
from pgaudit.text import counted, visible

_EXPLAINED = 3
"""Parameters that are explained: one for each failure, but of those that read alike only the first."""

_DIFF_LINES = 40
"""Lines of the diff that are shown."""

_PREFIX = len("E       ")
"""What pytest puts before each line."""


def render_assertion(report: Report, outcome: Outcome) -> str:
    """Returns the message, without colours; its first line stands for it in a list of failed tests."""
    width = max(shutil.get_terminal_size().columns - _PREFIX, 40)
    options = TableOptions(width, marks=marks_for(getattr(sys.__stdout__, "encoding", None)))
    audit = outcome.audit
    count = counted(len(outcome.failures), "failure")
    title = f"{visible(report.assignment.model.ref)} under {visible(audit.config)}: {count}"
    parts = [title, render_gate_table([outcome], options)]
    if audit.lock and any(finding.code == "lock" for finding in outcome.failures):
        parts.append(_diff(report, audit.lock, options))
    parts += [render_explanations(report, [example], options) for example in _examples(report, outcome)]
    return "\n\n".join(part.strip("\n") for part in parts)


def _diff(report: Report, lock: str, options: TableOptions) -> str:
    found = compare(read_lock(lock, read_file(lock, "lock")), report)
    lines = render_diff_table(found, DiffOptions(options.width, marks=options.marks, rules=False)).strip().split("\n")
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

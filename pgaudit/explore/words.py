"""The lines above and below the table."""

from __future__ import annotations

from rich.text import Text

from pgaudit.core.findings import severity_words
from pgaudit.explore.listing import Lens
from pgaudit.explore.session import State
from pgaudit.render.numbers import elements
from pgaudit.render.report.table import optimizer_words
from pgaudit.render.style import Marks
from pgaudit.report import Report
from pgaudit.text import counted, visible


def heading(report: Report, marks: Marks) -> Text:
    """Returns which model and which policy this is about."""
    dot, model = f" {marks.dot} ", report.assignment.model
    size = [] if report.numel is None else [f"{elements(report.numel)} parameters"]
    about = [visible(report.path)] if report.path and report.path != model.ref else []
    optimizers = [dot.join(optimizer_words(report, each, marks)) for each in report.assignment.optimizers]
    named = [report.constructor] if report.constructor else []
    first = visible(model.ref) if model.ref is not None else "a model"
    return Text.assemble(
        (first, "bold"), dot, dot.join([counted(len(report), "tensor"), *size, *about, *named, *optimizers])
    )


def status(now: State, lens: Lens, shown: int, marks: Marks) -> Text:
    """Returns what of it is shown, and how."""
    whole = len(now.report)
    words = [f"{shown:,} of {counted(whole, 'tensor')}" if shown != whole else counted(whole, "tensor")]
    words += [f"in {visible(lens.module)}"] if lens.module else []
    if lens.sort != "model" or lens.backwards:
        words.append(f"by {lens.sort}{', backwards' if lens.backwards else ''}")
    words += severity_words(now.report.findings)
    return Text(f" {marks.dot} ".join(words), "dim")


def moves(now: State) -> str:
    """Returns how many parameters the edits move; nothing without edits."""
    if now.diff is None:
        return ""
    count = len(now.diff.effective)
    return f"{counted(count, 'tensor')} {'moves' if count == 1 else 'move'}"


def nothing_to_edit(now: State) -> str:
    """Returns why no number can be edited."""
    if now.config is not None:
        return "the policy has no number"
    what = {"built": "built in code", "checkpoint": "read from a checkpoint", "lock": "read from a lock"}
    return f"only a config can be edited, and this is {what.get(now.report.assignment.origin, 'a saved report')}"

"""Results of a sweep → text, in each of its formats."""

from __future__ import annotations

from collections.abc import Sequence

from pgaudit.render.choices import SweepFormat
from pgaudit.render.sweep import data
from pgaudit.render.sweep.markdown import render_sweep_markdown
from pgaudit.render.sweep.table import render_sweep_table
from pgaudit.render.sweep.view import View
from pgaudit.render.terminal import TableOptions
from pgaudit.sweep.lines import Identity
from pgaudit.sweep.records import SweepResult

__all__ = ["View", "render_sweep"]


def render_sweep(
    results: Sequence[SweepResult], identity: Identity, fmt: SweepFormat, view: View, options: TableOptions
) -> str:
    """Returns results, which are in the order of models and configs; only tables choose among them."""
    if fmt == "json":
        return data.render_json(results, identity)
    if fmt == "jsonl":
        return data.render_lines(results, identity)
    if fmt == "csv":
        return data.render_csv(results)
    if fmt == "html":
        from pgaudit.render.sweep.html import render_sweep_html  # jinja2 is not for those who want a table

        return render_sweep_html(results, view)
    if fmt == "markdown":
        return render_sweep_markdown(results, view)
    return render_sweep_table(results, view, options)

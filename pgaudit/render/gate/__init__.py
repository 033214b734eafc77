"""Outcomes of the gate → any of its formats; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from pgaudit.gate import Outcome
from pgaudit.render.choices import GateFormat
from pgaudit.render.terminal import TableOptions


def render_gate(outcomes: Sequence[Outcome], fmt: GateFormat, options: TableOptions) -> str:
    """Returns the outcomes in one format."""
    match fmt:
        case GateFormat.TABLE:
            from pgaudit.render.gate.table import render_gate_table

            return render_gate_table(outcomes, options)
        case GateFormat.CONCISE:
            from pgaudit.render.gate import concise

            return concise.render(outcomes)
        case GateFormat.JSON:
            from pgaudit.render.gate import json

            return json.render(outcomes)
        case GateFormat.GITHUB:
            from pgaudit.render.gate import github

            return github.render(outcomes)
        case GateFormat.GITLAB:
            from pgaudit.render.gate import gitlab

            return gitlab.render(outcomes)
        case GateFormat.SARIF:
            from pgaudit.render.gate import sarif

            return sarif.render(outcomes)
        case GateFormat.JUNIT:
            from pgaudit.render.gate import junit

            return junit.render(outcomes)
        case GateFormat.MARKDOWN:
            from pgaudit.render.gate import markdown

            return markdown.render(outcomes)

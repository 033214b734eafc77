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
            from pgaudit.render.gate_table import render_gate_table

            return render_gate_table(outcomes, options)
        case GateFormat.CONCISE:
            from pgaudit.render import gate_concise

            return gate_concise.render(outcomes)
        case GateFormat.JSON:
            from pgaudit.render import gate_json

            return gate_json.render(outcomes)
        case GateFormat.GITHUB:
            from pgaudit.render import gate_github

            return gate_github.render(outcomes)
        case GateFormat.GITLAB:
            from pgaudit.render import gate_gitlab

            return gate_gitlab.render(outcomes)
        case GateFormat.SARIF:
            from pgaudit.render import gate_sarif

            return gate_sarif.render(outcomes)
        case GateFormat.JUNIT:
            from pgaudit.render import gate_junit

            return gate_junit.render(outcomes)
        case GateFormat.MARKDOWN:
            from pgaudit.render import gate_markdown

            return gate_markdown.render(outcomes)

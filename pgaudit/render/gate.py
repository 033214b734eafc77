"""Outcomes of the gate → any of its formats; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from pgaudit.gate import Outcome
from pgaudit.render.choices import GateFormat
from pgaudit.render.rows import TableOptions


def render_gate(outcomes: Sequence[Outcome], fmt: GateFormat, options: TableOptions) -> str:
    """Returns the outcomes in one format."""
    if fmt is GateFormat.TABLE:
        from pgaudit.render.gate_table import render_gate_table

        return render_gate_table(outcomes, options)
    rendered: Callable[[Sequence[Outcome]], str] = import_module(f"pgaudit.render.gate_{fmt.value}").render
    return rendered(outcomes)

"""Outcomes of the gate → any of its formats; each is a module of its name, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from pgaudit.gate import Outcome
from pgaudit.render.choices import GateFormat
from pgaudit.render.terminal import TableOptions


def render_gate(outcomes: Sequence[Outcome], fmt: GateFormat, options: TableOptions) -> str:
    """Returns the outcomes in one format; options are for the table."""
    module = import_module(f"pgaudit.render.gate.{fmt}")
    text: str = module.render(outcomes, options) if fmt == "table" else module.render(outcomes)
    return text

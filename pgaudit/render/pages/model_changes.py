"""What has changed since a model was saved, as a list for people."""

from __future__ import annotations

from pgaudit.models.inventory_pair import InventoryChange
from pgaudit.names import Folded, fold_named
from pgaudit.snapshot import Changes
from pgaudit.text import visible

_MOST = 20
"""Lines."""
_WIDEST = 60
"""Of the names; what is said of a longer one stands after it."""


def render_changes(found: Changes) -> str:
    """Returns a line for each thing that changed; names that repeat over blocks are joined."""
    of_model = [Folded("", (change,)) for change in found.changes if change.name is None]
    named = [
        (change.name, (change.mark, change.what), change.kind, change)
        for change in found.changes
        if change.name is not None
    ]
    lines = [*of_model, *fold_named(named)]
    shown = lines[:_MOST]
    width = max((len(visible(each.name)) for each in shown if len(each.name) <= _WIDEST), default=0)
    text = "".join(_line(each, width) for each in shown)
    more = len(lines) - len(shown)
    return f"{text}and {more:,} more\n" if more else text


def _line(of: Folded[InventoryChange], width: int) -> str:
    change = of.rows[0]
    name = f"{visible(of.name):{width}}  " if of.name else ""
    return f"{change.mark} {name}{visible(change.what)}\n"

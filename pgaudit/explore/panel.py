"""Beside the table: why the parameter under the cursor gets what it gets, or what moves; and the policy's numbers."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text as RichText
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.location import Path
from pgaudit.diff import Diff
from pgaudit.explanation import explanations
from pgaudit.explore.drawn import printed_for
from pgaudit.explore.multipliers import Multiplier
from pgaudit.render.diff.table import render_diff_table
from pgaudit.render.numbers import number
from pgaudit.render.pages.explain import render_explanations
from pgaudit.render.style import BASE
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report


class Why(VerticalScroll, can_focus=True):
    """What `pgaudit explain` says of a parameter, or `pgaudit diff` of the edits."""

    def __init__(self, options: TableOptions, *, id: str) -> None:
        super().__init__(id=id)
        self._options = options
        self._said: tuple[Report, ParamAssignment] | Diff | None = None

    def compose(self) -> ComposeResult:
        """Has one text."""
        yield Static(markup=False)

    def on_resize(self) -> None:
        """Breaks its lines anew."""
        self._write()

    def explain(self, report: Report, row: ParamAssignment | None) -> None:
        """Says why a parameter gets what it gets."""
        self._said = None if row is None else (report, row)
        self._write()

    def changes(self, diff: Diff) -> None:
        """Says what moves."""
        self._said = diff
        self._write()

    @property
    def tells_changes(self) -> bool:
        """Whether it says what moves."""
        return isinstance(self._said, Diff)

    @property
    def text(self) -> str:
        """What it says."""
        return str(self.query_one(Static).render())

    def _write(self) -> None:
        said, text = self._said, RichText("no parameter to show", "dim")
        if isinstance(said, Diff):
            diff = said
            text = printed_for(self, self._options, lambda options: render_diff_table(diff, options))
        elif said is not None:
            report, row = said
            found = explanations(report, [row])
            text = printed_for(self, self._options, lambda options: render_explanations(report, found, options))
        self.query_one(Static).update(text)
        self.scroll_home(animate=False)


class Multipliers(OptionList):
    """The policy's numbers, each with its line; those that were edited say what they were."""

    def __init__(self, *, id: str) -> None:
        super().__init__(markup=False, id=id)
        self._held: Sequence[Multiplier] = ()
        self.border_title = "policy"

    @property
    def chosen(self) -> Multiplier | None:
        """The one that is highlighted."""
        return self._held[self.highlighted] if self._held and self.highlighted is not None else None

    def show(self, held: Sequence[Multiplier], own: dict[Path, Multiplier], arrow: str) -> None:
        """Shows a policy's numbers.

        Args:
            held: as they are.
            own: as the file has them.
            arrow: what stands between two values.
        """
        before, self._held = self.highlighted, held
        self.clear_options()
        self.add_options([Option(_line(each, own.get(each.path), arrow)) for each in held])
        self.highlighted = (before or 0) if held else None


def _line(of: Multiplier, own: Multiplier | None, arrow: str) -> RichText:
    line = RichText.assemble(of.label, " ")
    if own is not None and own.value != of.value:
        line.append(f"{number(own.value)} {arrow} ", BASE)
        line.append(number(of.value), "bold yellow")
    else:
        line.append(number(of.value), "bold")
    at = own.location if own else of.location
    return line.append(f" {at.mark}", BASE) if at is not None and at.line is not None else line

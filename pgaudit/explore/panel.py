"""Beside the table: why the parameter under the cursor gets what it gets, or what moves; and the policy's numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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

Render = Callable[[TableOptions], str]


class Why(VerticalScroll, can_focus=True):
    """What `pgaudit explain` says of a parameter, or `pgaudit diff` of the edits."""

    def __init__(self, options: TableOptions, *, id: str) -> None:
        super().__init__(id=id)
        self._options = options
        self._saying: Render | None = None
        self.tells_changes = False
        """Whether it says what moves."""

    def compose(self) -> ComposeResult:
        """Has one text."""
        yield Static(markup=False)

    def on_resize(self) -> None:
        """Breaks its lines anew."""
        if self._saying is not None:
            self.query_one(Static).update(self.drawn(self._saying))

    def drawn(self, render: Render) -> RichText:
        """Returns what a renderer says in the present width; may be asked in a thread, for it may take a while."""
        return printed_for(self, self._options, render)

    def say(self, render: Render, text: RichText | None = None, *, changes: bool = False) -> None:
        """Shows what a renderer says; ``text``, if that is known already."""
        self._saying, self.tells_changes = render, changes
        self.query_one(Static).update(self.drawn(render) if text is None else text)
        self.scroll_home(animate=False)

    @property
    def text(self) -> str:
        """What it says."""
        return str(self.query_one(Static).render())


def why(report: Report, row: ParamAssignment | None) -> Render:
    """Returns what says why a parameter gets what it gets."""
    if row is None:
        return lambda options: "no parameter to show\n"
    return lambda options: render_explanations(report, explanations(report, [row]), options)


def changes(diff: Diff) -> Render:
    """Returns what says what moves."""
    return lambda options: render_diff_table(diff, options)


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

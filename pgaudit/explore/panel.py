"""Beside the table: why the parameter under the cursor gets what it gets, or what moves; and the policy's numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from rich.text import Text as RichText
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pgaudit.core.assignment import ParamAssignment
from pgaudit.diff import Diff
from pgaudit.explanation import explanations
from pgaudit.explore.drawn import printed_for
from pgaudit.explore.multipliers import Multiplier
from pgaudit.render.diff.table import render_diff_table
from pgaudit.render.findings import findings_lines
from pgaudit.render.numbers import number
from pgaudit.render.pages.explain import render_explanations
from pgaudit.render.style import BASE
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.report import Report

Render = Callable[[TableOptions], str]
About = Literal["why", "changes", "findings"]
"""What the text is about: a parameter, the edits, or what is wrong with the policy."""


class Why(VerticalScroll, can_focus=True):
    """What `pgaudit explain` says of a parameter, `pgaudit diff` of the edits, or `pgaudit show` of what it found."""

    def __init__(
        self,
        options: TableOptions,
        aside: Callable[[Callable[[], RichText], Callable[[RichText], None]], None],
        id: str,
    ) -> None:
        """Draws its text aside, in a thread, for it may take a while."""
        super().__init__(id=id)
        self._options = options
        self._aside = aside
        self._saying: Render | None = None
        self.about: About = "why"

    def compose(self) -> ComposeResult:
        """Has one text."""
        yield Static(markup=False)

    def on_resize(self) -> None:
        """Breaks its lines anew."""
        if self._saying is not None:
            self._draw(self._saying)

    def say(self, render: Render, about: About) -> None:
        """Shows what a renderer says."""
        self._saying, self.about = render, about
        self.scroll_home(animate=False)
        self._draw(render)

    def _draw(self, render: Render) -> None:
        def show(text: RichText) -> None:
            if render is self._saying:
                self.query_one(Static).update(text)

        self._aside(lambda: printed_for(self, self._options, render), show)

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


def findings(report: Report) -> Render:
    """Returns what says what was found."""
    return lambda options: printed(findings_lines(report, replace(options, verbose=True)), options)


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

    def show(self, held: Sequence[Multiplier], own: Sequence[Multiplier], arrow: str) -> None:
        """Shows a policy's numbers.

        Args:
            held: as they are.
            own: as the file has them.
            arrow: what stands between two values.
        """
        before, self._held = self.highlighted, held
        of_file = {each.path: each for each in own}
        self.clear_options()
        self.add_options([Option(_line(each, of_file.get(each.path), arrow)) for each in held])
        self.set_class(not held, "-empty")
        self.go_to((before or 0) if held else None)

    def go_to(self, index: int | None) -> None:
        """Highlights another one, if there is one."""
        if index is not None:
            self.highlighted = index


def _line(of: Multiplier, own: Multiplier | None, arrow: str) -> RichText:
    line = RichText.assemble(of.label, " ")
    if own is not None and own.value != of.value:
        line.append(f"{number(own.value)} {arrow} ", BASE)
        line.append(number(of.value), "bold yellow")
    else:
        line.append(number(of.value), "bold")
    at = own.location if own else of.location
    return line.append(f" {at.mark}", BASE) if at is not None and at.line is not None else line

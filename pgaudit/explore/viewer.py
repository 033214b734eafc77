"""A report on the screen: which of its parameters are looked at, and why each has its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Footer, Input, Static, Tree

from pgaudit.explore.aside import aside
from pgaudit.explore.colours import DARK, LIGHT, add_themes
from pgaudit.explore.listing import SORTS, Lens, Listing
from pgaudit.explore.multipliers import number_of
from pgaudit.explore.panel import About, Multipliers, Render, Why, changes, findings, why
from pgaudit.explore.session import Session, State
from pgaudit.explore.table import ParameterTable
from pgaudit.explore.tree import ModuleTree
from pgaudit.explore.words import heading, moves, nothing_to_edit, status
from pgaudit.render.terminal import TableOptions
from pgaudit.text import visible

_T = TypeVar("_T")
WIDE = 140
"""Cells from which the tree, the table and the explanation stand side by side."""


class Viewer(App[None]):
    """Filter above, tree left, table in the middle, why and the policy's numbers right; below each other on a narrow
    terminal.
    """

    CSS_PATH = Path(__file__).with_name("explore.tcss")
    TITLE = "pgaudit"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("s", "sort", "sort"),
        Binding("r", "reverse", "reverse", show=False),
        Binding("t", "tree", "tree"),
        Binding("m", "policy", "policy"),
        Binding("f", "findings", "findings"),
        Binding("d", "changes", "diff"),
        Binding("l", "light", "light/dark", show=False),
        Binding("escape", "leave", "back", show=False),
    ]

    def __init__(self, session: Session, options: TableOptions, *, words: str = "", light: bool = False) -> None:
        """Begins with a filter's words, if there are any."""
        super().__init__()
        self.session = session
        self.lens = Lens(words)
        add_themes(self)
        self.theme = LIGHT.name if light else DARK.name
        self.options = options
        self._listing = Listing(session.now.report, options)
        self._told: tuple[State, int | None] | None = None

    def compose(self) -> ComposeResult:
        """Puts the parts at their places."""
        report = self.session.now.report
        yield Static(heading(report, self.options.marks), id="title")
        with Horizontal(id="above"):
            yield Static("/", id="slash")
            hint = "words of a name; a star stands for anything"
            yield Input(self.lens.words, placeholder=hint, compact=True, select_on_focus=False, id="filter")
        with Horizontal(id="main"):
            yield ModuleTree([row.name for row in report.params], id="tree")
            yield ParameterTable(self._listing, id="table")
            with Vertical(id="side"):
                yield Why(self.options, partial(self.aside, group="why"), id="why")
                yield Multipliers(id="multipliers")
        yield Static(id="status")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begins in the table."""
        self.table.focus()
        self.show_state()

    @property
    def table(self) -> ParameterTable:
        """The table."""
        return self.query_one(ParameterTable)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Gives the part that has the focus the place that it shares with others on a narrow terminal."""
        for part in ("tree", "multipliers"):
            self.query_one("#main").set_class(event.widget.id == part, f"-{part}")

    # What is shown

    def show_state(self) -> None:
        """Shows the session's present state."""
        now, marks = self.session.now, self.options.marks
        self._listing = Listing(now.report, self.options)
        self.query_one(Multipliers).show(now.multipliers, self.session.first.multipliers, marks.arrow)
        self.query_one("#title", Static).update(heading(now.report, marks))
        self.look(self.lens)
        if now.diff is not None:
            self.tell(changes(now.diff), "changes")

    def look(self, lens: Lens) -> None:
        """Shows what another lens lets through."""
        self.lens = lens
        self.table.show(self._listing, self._listing.chosen(lens), self.session.now.moved)
        self.say()

    def say(self, message: str = "", *, wrong: bool = False) -> None:
        """Says what is looked at, and what has happened."""
        now, marks = self.session.now, self.options.marks
        line = status(now, self.lens, len(self.table.chosen), marks)
        words, style = (visible(message), "bold red" if wrong else "bold") if message else (moves(now), "bold yellow")
        if words:
            line = Text.assemble((words, style), (f" {marks.dot} ", "dim"), line)
        self.query_one("#status", Static).update(line)

    def tell(self, render: Render, about: About) -> None:
        """Says something beside the table until the cursor stands on another parameter."""
        self._told = self.session.now, self.table.index
        self.query_one(Why).say(render, about)

    def explain(self) -> None:
        """Says why the parameter under the cursor has its values, and goes to the number that decided it."""
        now, index = self.session.now, self.table.index
        row = None if index is None else now.report.params[index]
        self.tell(why(now.report, row), "why")
        if row is not None and now.config is not None:
            self.query_one(Multipliers).go_to(number_of(now.config, row.setting))

    @on(ParameterTable.Looked)
    def _looked(self) -> None:
        if self._told != (self.session.now, self.table.index):  # else it is only sorted anew
            self.explain()

    def aside(self, do: Callable[[], _T], then: Callable[[_T], None], *, group: str) -> None:
        """Does something in a thread, and goes on with what came of it, or says what was wrong."""
        aside(self, do, then, partial(self.say, wrong=True), group=group)

    # What keys do

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        if event.value != self.lens.words:
            self.look(replace(self.lens, words=event.value))

    @on(Input.Submitted, "#filter")
    def _entered(self) -> None:
        self.table.focus()

    @on(Tree.NodeSelected)
    def _module(self, event: Tree.NodeSelected[str]) -> None:
        self.look(replace(self.lens, module=event.node.data or ""))

    def action_filter(self) -> None:
        """Goes to the filter."""
        self.query_one("#filter").focus()

    def action_tree(self) -> None:
        """Goes to the tree, or back from it."""
        self._go(self.query_one(ModuleTree))

    def action_policy(self) -> None:
        """Goes to the policy's numbers, or back from them."""
        numbers = self.query_one(Multipliers)
        if numbers.option_count:
            self._go(numbers)
        else:
            self.say(nothing_to_edit(self.session.now))

    def _go(self, part: Widget) -> None:
        (self.table if part.has_focus else part).focus()

    def action_leave(self) -> None:
        """Goes back to the table; from there, takes off the words, and then the module."""
        if not self.table.has_focus:
            if self.query_one("#filter").has_focus:
                self.query_one("#filter", Input).value = ""
            self.table.focus()
        elif self.lens.words:
            self.query_one("#filter", Input).value = ""
        else:
            self.look(replace(self.lens, module=""))

    def action_sort(self) -> None:
        """Sorts by the next column."""
        self.look(replace(self.lens, sort=SORTS[(SORTS.index(self.lens.sort) + 1) % len(SORTS)]))

    def action_reverse(self) -> None:
        """Turns the order round."""
        self.look(replace(self.lens, backwards=not self.lens.backwards))

    def action_changes(self) -> None:
        """Shows what the edits move, or again why a parameter gets what it gets."""
        diff = self.session.now.diff
        self._tell_or_explain(None if diff is None else changes(diff), "changes", "nothing is edited")

    def action_findings(self) -> None:
        """Shows what is wrong with the policy, or again why a parameter gets what it gets."""
        report = self.session.now.report
        self._tell_or_explain(findings(report) if report.findings else None, "findings", "nothing is found")

    def _tell_or_explain(self, render: Render | None, about: About, otherwise: str) -> None:
        if self.query_one(Why).about == about:
            self.explain()
        elif render is not None:
            self.tell(render, about)
        else:
            self.say(otherwise)

    def action_light(self) -> None:
        """Changes between dark and light."""
        self.theme = DARK.name if self.theme == LIGHT.name else LIGHT.name

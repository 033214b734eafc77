"""The explorer's one screen, and what its keys do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import events, on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer, Input, OptionList, Static, Tree

from pgaudit.core.errors import PgauditError
from pgaudit.explore.dialogs import Edit, Review
from pgaudit.explore.listing import SORTS, Lens, Listing
from pgaudit.explore.multipliers import Multiplier, Number, deciding
from pgaudit.explore.panel import Multipliers, Render, Why, changes, why
from pgaudit.explore.session import Session, State
from pgaudit.explore.table import ParameterTable
from pgaudit.explore.tree import ModuleTree
from pgaudit.explore.words import heading, moves, status
from pgaudit.fix import Fixed
from pgaudit.render.terminal import TableOptions
from pgaudit.text import format_exception, visible

_T = TypeVar("_T")
WIDE = 140
"""Cells from which the tree, the table and the explanation stand side by side."""


class Explorer(App[None]):
    """Filter above, tree left, table in the middle, why and the policy's numbers right; below each other on a narrow
    terminal.
    """

    CSS_PATH = "explore.tcss"
    TITLE = "pgaudit"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("s", "sort", "sort"),
        Binding("r", "reverse", "reverse", show=False),
        Binding("t", "go('#tree')", "tree"),
        Binding("m", "go('#multipliers')", "policy"),
        Binding("e", "edit", "edit"),
        Binding("u", "undo", "undo"),
        Binding("d", "changes", "diff"),
        Binding("w", "write", "write"),
        Binding("l", "light", "light/dark", show=False),
        Binding("escape", "leave", "back", show=False),
        Binding("q", "quit", "quit"),
    ]

    def __init__(self, session: Session, options: TableOptions, *, words: str = "", light: bool = False) -> None:
        """Begins with a filter's words, if there are any."""
        super().__init__()
        self.session = session
        self.lens = Lens(words)
        self.theme = "textual-light" if light else "textual-dark"
        self._options = options
        self._listing = Listing(session.now.report, options)
        self._told: tuple[State, int | None] | None = None

    def compose(self) -> ComposeResult:
        """Puts the parts at their places."""
        report = self.session.now.report
        yield Static(heading(report, self._options.marks), id="title")
        with Horizontal(id="above"):
            yield Static("/", id="slash")
            hint = "words of a name; a star stands for anything"
            yield Input(self.lens.words, placeholder=hint, compact=True, select_on_focus=False, id="filter")
        with Horizontal(id="main"):
            yield ModuleTree([row.name for row in report.params], id="tree")
            yield ParameterTable(self._listing, id="table")
            with Vertical(id="side"):
                yield Why(self._options, id="why")
                yield Multipliers(id="multipliers")
        yield Static(id="status")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begins in the table."""
        self.table.focus()
        self._show_state()

    @property
    def table(self) -> ParameterTable:
        """The table."""
        return self.query_one(ParameterTable)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Gives the part that has the focus the place that it shares with others on a narrow terminal."""
        for part in ("tree", "multipliers"):
            self.query_one("#main").set_class(event.widget.id == part, f"-{part}")

    # What is looked at

    def look(self, lens: Lens) -> None:
        """Shows what another lens lets through."""
        self.lens = lens
        self.table.show(self._listing, self._listing.chosen(lens), self.session.now.moved)
        self._say()

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

    @on(ParameterTable.Looked)
    def _looked(self) -> None:
        index, now = self.table.index, self.session.now
        if self._told == (now, index):  # sorted anew, say
            return
        self._told = now, index
        row = None if index is None else now.report.params[index]
        self._explain(self._told, why(now.report, row))
        if row is not None and now.config is not None:
            rules = row.setting.lr_rule, row.setting.weight_decay_rule
            found = [at for rule in rules if (at := deciding(now.config, rule)) is not None]
            changed = [at for rule, at in zip(rules, found, strict=False) if rule and not rule.is_base]
            if found:
                self.query_one(Multipliers).highlighted = (changed or found)[0]

    @work(thread=True, exclusive=True, group="why")
    def _explain(self, told: tuple[State, int | None], render: Render) -> None:
        panel = self.query_one(Why)
        self._safely(lambda: panel.drawn(render), lambda text: panel.say(render, text) if told == self._told else None)

    def action_filter(self) -> None:
        """Goes to the filter."""
        self.query_one("#filter").focus()

    def action_go(self, part: str) -> None:
        """Goes to a part, or back from it."""
        wanted = self.query_one(part)
        (self.table if wanted.has_focus else wanted).focus()

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

    def action_light(self) -> None:
        """Changes between dark and light."""
        self.theme = "textual-light" if self.theme == "textual-dark" else "textual-dark"

    # What is edited

    def action_edit(self) -> None:
        """Asks for another number in the place of the highlighted one."""
        chosen = self.query_one(Multipliers).chosen
        if chosen is None:
            self._say("there is no policy to edit" if self.session.policy is None else "the policy has no number")
            return

        def typed(value: Number | None) -> None:
            if value is not None:
                self._say("deciding anew")
                self._decide(chosen, value)

        self.push_screen(Edit(chosen), typed)

    @on(OptionList.OptionSelected, "#multipliers")
    def _picked(self) -> None:
        self.action_edit()

    @work(thread=True, exclusive=True)
    def _decide(self, of: Multiplier, value: Number) -> None:
        self._safely(lambda: self.session.tried(of.path, value), self._decided)

    def _decided(self, state: State) -> None:
        self.session.make(state)
        self._show_state()
        self._told = state, self.table.index
        if state.diff is not None:
            self.query_one(Why).say(changes(state.diff), changes=True)

    def action_undo(self) -> None:
        """Takes back the last edit."""
        if self.session.undo():
            self._show_state()
        else:
            self._say("nothing to undo")

    def action_changes(self) -> None:
        """Shows what the edits move, or again why a parameter gets what it gets."""
        diff, panel = self.session.now.diff, self.query_one(Why)
        if panel.tells_changes:
            self._told = None
            self._looked()
        elif diff is not None:
            panel.say(changes(diff), changes=True)
        else:
            self._say("nothing is edited")

    def action_write(self) -> None:
        """Shows the config's text with the edits in it."""
        self._patch()

    @work(thread=True, exclusive=True)
    def _patch(self) -> None:
        self._safely(self.session.patch, self._review)

    def _review(self, patch: Fixed) -> None:
        def answered(agreed: bool | None) -> None:
            if agreed:
                self._write(patch)

        self.push_screen(Review(patch), answered)

    @work(thread=True, exclusive=True)
    def _write(self, patch: Fixed) -> None:
        self._safely(lambda: self.session.write(patch), lambda _: self._written(patch))

    def _written(self, patch: Fixed) -> None:
        self._show_state()
        self._say(f"{visible(patch.path)} is written")

    def _safely(self, do: Callable[[], _T], then: Callable[[_T], None]) -> None:
        """Does something in a thread, and goes on with what came of it, or says what was wrong."""
        try:
            found = do()
        except PgauditError as error:
            problem = error.findings[0]
            at = f"{problem.location}: " if problem.location else ""
            self.call_from_thread(self._say, f"{at}{problem.message}", wrong=True)
        except Exception as error:  # the user's own classes may be asked
            self.call_from_thread(self._say, format_exception(error), wrong=True)
        else:
            self.call_from_thread(then, found)

    def _show_state(self) -> None:
        now, policy = self.session.now, self.session.policy
        self._listing = Listing(now.report, self._options)
        own = State(now.report, policy.config).multipliers if policy else []
        self.query_one(Multipliers).show(now.multipliers, {each.path: each for each in own}, self._options.marks.arrow)
        self.query_one("#title", Static).update(heading(now.report, self._options.marks))
        self.look(self.lens)

    def _say(self, message: str = "", *, wrong: bool = False) -> None:
        """Says what is looked at, and what has happened."""
        shown = len(self.table.chosen)
        line = status(self.session.now, self.lens, shown, self._options.marks)
        if message:
            line = Text.assemble((visible(message), "bold red" if wrong else "bold"), ("  ", ""), line)
        elif said := moves(self.session.now):
            line = Text.assemble((said, "bold yellow"), ("  ", ""), line)
        self.query_one("#status", Static).update(line)

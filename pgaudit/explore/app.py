"""The explorer: a report's viewer in which the policy is edited, and written."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import OptionList

from pgaudit.explore.dialogs import Edit, Review
from pgaudit.explore.multipliers import Number
from pgaudit.explore.panel import Multipliers
from pgaudit.explore.session import State
from pgaudit.explore.viewer import Viewer
from pgaudit.explore.words import nothing_to_edit
from pgaudit.fix import Fixed
from pgaudit.text import visible

_T = TypeVar("_T")
_CHANGES = "changes"
"""The group of workers that change the session's state."""


class Explorer(Viewer):
    """What is edited goes through the session, one change after the other; each takes as long as an audit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "edit"),
        Binding("u", "undo", "undo"),
        Binding("w", "write", "write"),
        Binding("q", "quit", "quit"),
    ]

    def action_edit(self) -> None:
        """Asks for another number in the place of the highlighted one."""
        chosen = self.query_one(Multipliers).chosen
        if chosen is None:
            self.say(nothing_to_edit(self.session.now))
            return

        def typed(value: Number | None) -> None:
            if value is not None:
                self._change("deciding anew", lambda: self.session.tried({chosen.path: value}), self._decided)

        if self._is_free():
            self.push_screen(Edit(chosen), typed)

    @on(OptionList.OptionSelected, "#multipliers")
    def _picked(self) -> None:
        self.action_edit()

    def action_undo(self) -> None:
        """Takes back the last edit."""
        if not self._is_free():
            return
        if self.session.undo():
            self.show_state()
        else:
            self.say("nothing to undo")

    def action_write(self) -> None:
        """Shows the config's text with the edits in it, and writes it once that is agreed to."""

        def review(patch: Fixed) -> None:
            def answered(agreed: bool | None) -> None:
                if agreed:
                    self._change("writing", lambda: self.session.write(patch), lambda _: self._written(patch))
                else:
                    self.say("nothing is written")

            self.push_screen(Review(patch), answered)

        self._change("", self.session.patch, review)

    def _decided(self, state: State) -> None:
        self.session.make(state)
        self.show_state()

    def _written(self, patch: Fixed) -> None:
        self.show_state()
        self.say(f"{visible(patch.path)} is written")

    def _change(self, words: str, do: Callable[[], _T], then: Callable[[_T], None]) -> None:
        if self._is_free():
            self.say(words)
            self.aside(do, then, group=_CHANGES)

    def _is_free(self) -> bool:
        """Whether no change is under way, upon which another one would have to build; says so otherwise."""
        is_free = not any(each.group == _CHANGES and not each.is_finished for each in self.workers)
        if not is_free:
            self.say("one moment: the last change is not yet decided")
        return is_free

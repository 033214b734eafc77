"""What stands over the explorer for a moment: a number to type, a diff to agree to."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from pgaudit.core.errors import UsageError
from pgaudit.explore.multipliers import Multiplier, Number, number_in
from pgaudit.fix import Fixed
from pgaudit.render.numbers import number
from pgaudit.render.patch import render_patch


class Edit(ModalScreen[Number | None]):
    """Asks for another number; None where nobody wants one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, of: Multiplier) -> None:
        super().__init__()
        self._of = of

    def compose(self) -> ComposeResult:
        """Asks for it below its name."""
        at = self._of.location
        with Vertical(classes="dialog"):
            yield Static(Text.assemble((self._of.label, "bold"), (f"  {at}" if at else "", "dim")))
            yield Input(number(self._of.value), select_on_focus=True, compact=True)
            yield Static("", markup=False, id="wrong")
            yield Static(Text("Enter tries it, and writes nothing yet · Esc leaves it", "dim"))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(number_in(event.value))
        except UsageError as error:
            self.query_one("#wrong", Static).update(str(error))


class Review(ModalScreen[bool]):
    """Shows what would be written, and asks whether to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "dismiss(True)", "Write"),
        Binding("escape,n,q", "dismiss(False)", "Cancel"),
    ]

    def __init__(self, patch: Fixed) -> None:
        super().__init__()
        self._patch = patch

    def compose(self) -> ComposeResult:
        """Shows the diff above the question."""
        with Vertical(classes="dialog wide"):
            with VerticalScroll():
                yield Static(Text.from_ansi(render_patch(self._patch, colour=True)))
            yield Static(Text("Enter writes it · Esc leaves the file as it is", "dim"))

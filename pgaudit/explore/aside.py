"""What is done in a thread, so that keys never wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.app import App

from pgaudit.core.errors import PgauditError
from pgaudit.text import format_exception

_T = TypeVar("_T")


def aside(
    app: App[None], do: Callable[[], _T], then: Callable[[_T], None], wrong: Callable[[str], None], *, group: str
) -> None:
    """Does something in a thread; then the app goes on with what came of it, or says what was wrong.

    Args:
        app: the app.
        do: what takes a while.
        then: what is done with its outcome, between two keys.
        wrong: what is done with the message of an error.
        group: the name of its kind.
    """

    def run() -> None:
        try:
            found = do()
        except PgauditError as error:
            problem = error.findings[0]
            at = f"{problem.location}: " if problem.location else ""
            app.call_from_thread(wrong, f"{at}{problem.message}")
        except Exception as error:  # the user's own classes may be asked
            app.call_from_thread(wrong, format_exception(error))
        else:
            app.call_from_thread(then, found)

    app.run_worker(run, thread=True, exclusive=True, group=group)

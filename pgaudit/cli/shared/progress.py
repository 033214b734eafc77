"""A bar on stderr, if a person watches it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pgaudit.text import visible


@contextmanager
def bar_over(total: int, first: str, done: int = 0) -> Iterator[Callable[[str], None]]:
    """Shows how many of ``total`` are done, and the time that the rest will take.

    Yields a function to call after each, with what to show beside the bar.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    console = Console(stderr=True, markup=False, emoji=False)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(visible(first), total=total, completed=done)
        yield lambda description: bar.update(task, advance=1, description=visible(description))

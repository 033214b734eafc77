"""Processes that can be interrupted, wherever the tests themselves run."""

from __future__ import annotations

import signal


def heed_interrupts() -> None:
    """As ``preexec_fn``: a process started in the background of a script would inherit that it ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

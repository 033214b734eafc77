"""Two sides → what differs between them."""

from pgaudit.diff.compare import compare
from pgaudit.diff.records import Change, Diff, Entry, Kind, SetupChange, Side

__all__ = ["Change", "Diff", "Entry", "Kind", "SetupChange", "Side", "compare"]

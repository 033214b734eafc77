"""Two reports → what differs between them."""

from pgaudit.diff.compare import compare
from pgaudit.diff.records import Change, ChangeKind, Diff, ValueChange

__all__ = ["Change", "ChangeKind", "Diff", "ValueChange", "compare"]

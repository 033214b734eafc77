"""A finding is ignored that is no longer there, or that has grown.

What: `findings: {ignore: ...}` names a code, a key or parameters for which nothing is found; or its `count` differs
from the parameters (and findings about none) that it covers. If there are more, none of them is ignored.

Why it hurts: what is ignored without need hides the next mistake of its kind.

Example: `ignore: {PG001: "inherited from the swin base"}` after the dead keys were removed.

How to fix it: remove the entry, or narrow it; correct the count once the difference is understood.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.ignore import Verdict
from pgaudit.core.findings import Finding
from pgaudit.text import visible

KIND = Kind("PG019", "stale-ignore", "warning")


def check(audited: Audited, verdict: Verdict, /) -> Iterator[Finding]:
    """Yields a finding for each request to ignore that does not fit what was found."""
    for ignore, amount in verdict.amounts:
        scope = "".join(f" for {', '.join(map(visible, names))}" for names in (ignore.keys, ignore.params) if names)
        hint = None
        if not amount:
            message, hint = f"nothing to ignore: there is no {ignore.code}{scope}", "remove the entry"
        elif ignore.count is not None and amount > ignore.count:
            message = f"{ignore.code}{scope} has grown from {ignore.count} to {amount}: not ignored"
        elif ignore.count is not None and amount < ignore.count:
            message, hint = f"{ignore.code}{scope} has shrunk from {ignore.count} to {amount}", f"count: {amount}"
        else:
            continue
        yield audited.finding(KIND, message, hint, at=ignore.at, key=ignore.code)

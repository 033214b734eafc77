"""How many examples a property test tries: more of them under `make fuzz`."""

from __future__ import annotations

import os


def examples(usual: int) -> int:
    """The usual number, times `PGAUDIT_EXAMPLES`."""
    return usual * int(os.environ.get("PGAUDIT_EXAMPLES", "1"))

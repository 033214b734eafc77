"""How many examples a property test tries: the same few in every run, many new ones under `make fuzz`."""

from __future__ import annotations

import math
import os


def examples(enough: int) -> int:
    """A third of what is enough to find nearly all that such a test can find; all of it times `PGAUDIT_EXAMPLES`, if
    that is set: the examples of a usual run are always the same, and what the further ones find is found once.
    """
    times = os.environ.get("PGAUDIT_EXAMPLES")
    return math.ceil(enough * (float(times) if times else 1 / 3))

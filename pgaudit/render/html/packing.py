"""What a page's script reads: columns, packed into text that no reader of HTML can take for markup."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any


def packed(data: Any) -> str:
    """Returns data as JSON, packed by gzip and written in base64: the same text for the same data, without a ``<``."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("ascii"), 9, mtime=0)).decode("ascii")


def steps(column: Sequence[int]) -> list[int]:
    """Returns numbers as the first one and what is added from one to the next, which packs well: indices that rise by
    one, or stay.
    """
    return [*column[:1], *(after - before for before, after in pairwise(column))]


def ranges(indices: Iterable[int]) -> list[int]:
    """Returns rising indices as the begin and the length of each run, one after the other."""
    found: list[int] = []
    for index in indices:
        if found and index == found[-2] + found[-1]:
            found[-1] += 1
        else:
            found += [index, 1]
    return found

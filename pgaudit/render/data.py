"""What programs read: JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any


def json_text(data: object) -> str:
    """Returns data as JSON, which ends in a line's end.

    Everything that is not ASCII is escaped, so that a name reaches a program unchanged and a terminal harmless.
    """
    return json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def document(**content: Any) -> str:
    """Returns content as JSON, after the version of its schema, which is 1, and of the tool."""
    from pgaudit.version import __version__

    return json_text({"schema_version": 1, "tool": {"name": "pgaudit", "version": __version__}, **content})


def csv_text(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a line of titles and one for each row; an empty field where there is None."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows(rows)
    return out.getvalue()

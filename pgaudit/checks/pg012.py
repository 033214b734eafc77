"""A number that PyYAML reads as text.

What: ``1e-4`` is a number in YAML 1.2 and to a person. PyYAML follows YAML 1.1, where a float needs a dot, and reads a
string.

Why it hurts: training scripts load configs with PyYAML. Some then raise far away from the config; some compare or
multiply text.

Example: ``weight_decay: 1e-4``.

How to fix it: write ``1.0e-4``. pgaudit itself reads the number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding, Fix
from pgaudit.text import visible

KIND = Kind("PG012", "ambiguous-scalar", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each such scalar of the file, once a place."""
    seen = set()
    for scalar in audited.config.ambiguous:
        if scalar.location in seen:
            continue
        seen.add(scalar.location)
        key = next((step for step in reversed(scalar.path) if isinstance(step, str)), "")
        message = f"{visible(key)}: {scalar.text} is a number here and a string to PyYAML, which training scripts use"
        fix = Fix(scalar.text, unambiguous(scalar.text), number=True)
        yield audited.finding(KIND, message, fix, location=scalar.location, key=key)


def unambiguous(text: str) -> str:
    """Returns the same number as YAML 1.1 and 1.2 both read it: with a dot and a signed exponent."""
    mantissa, exponent = re.split("[eE]", text.replace("_", ""))
    if "." not in mantissa:
        mantissa += ".0"
    if mantissa.lstrip("+-").startswith("."):
        mantissa = mantissa.replace(".", "0.")
    return f"{mantissa}e{exponent if exponent[0] in '+-' else f'+{exponent}'}"

"""Random chains of YAML configs. Each number stands but once in all files, and each key on a line of its own, so that
the line of a value is known without knowing how it got into the config.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import strategies as st

from tests.parity.random_models import chance

KEYS = ("SOLVER", "MODEL", "A")
FILES = ("config.yaml", "base.yaml", "old/base.yaml", "old/older/base.yaml")


@st.composite
def chains(draw: st.DrawFn) -> dict[str, str]:
    """The text of each file; the first is the config, and names the others by paths from where it lies."""
    numbers = count(1000)
    return {name: "".join(_file(draw, name, numbers)) for name in FILES[: draw(st.integers(2, len(FILES)))]}


def _file(draw: st.DrawFn, name: str, numbers: Any) -> list[str]:
    lines = _lines(draw, numbers, depth=2, indent="")
    later = FILES[FILES.index(name) + 1 :]
    others = FILES if chance(draw, 6) else later  # at times one that is not there, or that leads back
    if others and chance(draw, 90):
        bases = [_seen_from(name, each) for each in draw(st.lists(st.sampled_from(others), max_size=3))]
        is_one = len(bases) == 1 and draw(st.booleans())
        lines.insert(draw(st.sampled_from((0, len(lines)))), f"_BASE_: {bases[0] if is_one else bases}\n")
    return lines or ["{}\n"]


def _seen_from(user: str, name: str) -> str:
    return "../" * user.count("/") + name


def _lines(draw: st.DrawFn, numbers: Any, depth: int, indent: str) -> list[str]:
    lines = []
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=3)):
        kind = draw(st.integers(0, 5))
        if depth and kind < 4:
            below = _lines(draw, numbers, depth - 1, indent + "  ")
            lines += [f"{indent}{key}:\n", *below] if below else [f"{indent}{key}: {{}}\n"]
        elif kind == 4:
            lines.append(f"{indent}{key}: [{next(numbers)}, {{A: {next(numbers)}}}]\n")
        else:
            lines.append(f"{indent}{key}: {next(numbers)}\n")
    return lines

"""What a config says about a constructor before the constructor itself is asked: names, layouts, and what may stand
where.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgaudit.config.layouts import OPTIMIZER_LAYOUTS, Layout
from pgaudit.config.validation import Invalid


def _nothing(layout: Layout) -> list[Invalid]:
    return []


@dataclass(frozen=True)
class Grammar:
    """How one constructor's configs are written."""

    name: str
    """What ``constructor:`` says."""
    title: str
    """What it stands for, in one line: the library and the function or class."""
    aliases: tuple[str, ...] = ()
    """The library's own names, which a config may use as well."""
    layouts: frozenset[str] = OPTIMIZER_LAYOUTS
    """The layouts that it reads: see :func:`pgaudit.config.layouts.recognise`."""
    errors: Callable[[Layout], list[Invalid]] = _nothing
    """Returns what is wrong with the sections that it reads, beyond what holds for every constructor."""
    scales_lr: bool = False
    """Whether it multiplies the lr by ``world_size``."""

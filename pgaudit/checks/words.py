"""Many parameters in few words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pgaudit.text import counted, visible

if TYPE_CHECKING:
    from pgaudit.checks.base import Audited

_SHOWN = 3


def which(audited: Audited, indices: Sequence[int]) -> str:
    """Returns an end of a sentence: ``: fc.weight, fc.bias``, and for more than two ``, such as bn1.weight``."""
    names = [visible(audited.inventory.parameters[index].name) for index in indices[:2]]
    return f": {', '.join(names)}" if len(indices) <= 2 else f", such as {names[0]}"


def listed(words: Iterable[str], *, most: int = _SHOWN) -> str:
    """Returns the first few of some words, and how many more there are."""
    shown = [visible(word) for word in words]
    if len(shown) <= most + 1:
        return ", ".join(shown)
    return f"{', '.join(shown[:most])} and {len(shown) - most} more"


def amount(audited: Audited, indices: Sequence[int]) -> str:
    """Returns ``48 tensors (65 % of the model)``; the share is of parameters."""
    numel = sum(audited.inventory.parameters[index].numel for index in indices)
    return f"{counted(len(indices), 'tensor')} ({percent(numel, audited.inventory.numel)} of the model)"


def constructor(audited: Audited) -> str:
    """Returns the constructor as a sentence names it: one is called `rules`."""
    return f"the constructor `{audited.constructor.name}`"


def percent(part: int, whole: int) -> str:
    """Returns ``65 %``; never 0 for something, never 100 for less than all."""
    if not part or not whole:
        return "0 %"
    share = 100 * part / whole
    if share < 1:
        return "under 1 %"
    return "100 %" if part == whole else f"{min(round(share), 99)} %"

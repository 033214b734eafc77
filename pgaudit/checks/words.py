"""Many parameters in few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgaudit.names import fold_named
from pgaudit.text import counted, visible

if TYPE_CHECKING:
    from pgaudit.checks.as_built import BuiltAudit
    from pgaudit.checks.base import Audited
    from pgaudit.core.assignment import ParamAssignment

_SHOWN = 3
_PLURALS = {"bias": "biases", "token or embedding": "tokens or embeddings", "LoRA matrix": "LoRA matrices"}


def which(audited: Audited, indices: Sequence[int]) -> str:
    """Returns an end of a sentence: ``: fc.weight, fc.bias``, and for more than two ``, such as bn1.weight``."""
    return such_as([audited.inventory.parameters[index].name for index in indices])


def which_rows(rows: Sequence[ParamAssignment]) -> str:
    """Returns the same end of a sentence for parameters of something built."""
    return such_as([row.name for row in rows])


def such_as(names: Sequence[str]) -> str:
    """Returns the same end of a sentence for names."""
    shown = [visible(name) for name in names[:2]]
    return f": {', '.join(shown)}" if len(names) <= 2 else f", such as {shown[0]}"


def are(count: int, noun: str) -> str:
    """Returns ``1 frozen tensor is`` or ``2 frozen tensors are``."""
    return f"{counted(count, noun)} {'is' if count == 1 else 'are'}"


def kinds(counts: Mapping[str, int], one: Mapping[str, str] = MappingProxyType({})) -> str:
    """Returns ``50 biases, 2 norm tensors and 1 other vector``, for how many there are of each kind.

    Args:
        counts: by kind, at least one.
        one: what stands for a single one of a kind, where that is not ``1 kind``.
    """
    *others, last = (_of_kind(number, kind, one) for kind, number in counts.items())
    return f"{', '.join(others)} and {last}" if others else last


def _of_kind(number: int, kind: str, one: Mapping[str, str]) -> str:
    return one.get(kind, f"1 {kind}") if number == 1 else f"{number:,} {_PLURALS.get(kind, kind + 's')}"


def listed(words: Iterable[str], *, most: int = _SHOWN) -> str:
    """Returns the first few of some words, and how many more there are."""
    shown = [visible(word) for word in words]
    if len(shown) <= most + 1:
        return ", ".join(shown)
    return f"{', '.join(shown[:most])} and {len(shown) - most} more"


def folded(names: Iterable[str], *, most: int = _SHOWN) -> str:
    """Returns the same of names of parameters, those that repeat over blocks as one."""
    return listed((each.name for each in fold_named((name, None, None, name) for name in names)), most=most)


def amount(audited: Audited, indices: Sequence[int]) -> str:
    """Returns ``48 tensors (65 % of the model)``; the share is of parameters."""
    numel = sum(audited.inventory.parameters[index].numel for index in indices)
    return f"{counted(len(indices), 'tensor')} ({percent(numel, audited.inventory.numel)} of the model)"


def amount_of(audit: BuiltAudit, rows: Sequence[ParamAssignment]) -> str:
    """Returns the same of something built; without a share where sizes are not known."""
    sizes, whole = [row.param.numel for row in rows], audit.assignment.numel
    if whole is None or audit.inventory is None:
        return counted(len(rows), "tensor")
    return f"{counted(len(rows), 'tensor')} ({percent(sum(size or 0 for size in sizes), whole)} of the model)"


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

"""One tensor that is in several groups, or several times in one.

What: one tensor has several names, under different parents, and the constructor puts it into a group for each of them.
torch then refuses the whole optimizer: "some parameters appear in more than one parameter group". Within one group
torch only warns, and builds it. In an optimizer that was built both are found.

Why it hurts: training does not start; and once it is silenced, the first name decides, so a key written for the second
does nothing. What stands in a group twice makes each step twice, and is decayed twice.

Example: an output layer that shares the embedding's weight, under any non-empty ``paramwise_cfg``. Groups that are made
module by module, as torchvision, YOLO and mmyolo make them, meet a shared layer several times.

How to fix it: ``bypass_duplicate: true``, where the constructor reads it. It does not help a frozen parameter, which
the constructor appends without asking. Otherwise untie the tensor; in code, keep a set of what has been sorted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.constructors import Conflict
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.findings import Finding
from pgaudit.core.location import Path
from pgaudit.core.setting import Setting
from pgaudit.text import visible

KIND = Kind("PG009", "duplicate-parameter", "error")
_REFUSED = "torch refuses it in more than one group"


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each parameter that would be in more than one group."""
    for conflict in audited.assignment.conflicts:
        parameter = audited.inventory.parameters[conflict.index]
        hint = "bypass_duplicate: true takes the tensor once, under its first name"
        if "bypass_duplicate" not in audited.constructor.options:
            hint = "untie it: no option of this constructor helps"
        elif not parameter.trainable:
            hint = "bypass_duplicate does not help a frozen parameter; untie it or leave paramwise_cfg empty"
        yield audited.finding(KIND, _message(conflict), hint, at=_place(audited), indices=[conflict.index])


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for each group that holds tensors several times, and one for what is in several groups."""
    places: dict[tuple[int, str], list[int]] = defaultdict(list)
    for member in audit.members:
        places[member.optimizer, member.row.name].append(member.group)
    rows = {row.name: row for row in audit.assignment.params}
    again: dict[tuple[int, tuple[int, ...]], list[ParamAssignment]] = defaultdict(list)
    for (at, name), groups in places.items():
        if len(groups) > 1:
            again[at, tuple(dict.fromkeys(groups))].append(rows[name])
    for (at, distinct), those in again.items():
        where = audit.group_name(at, *distinct)
        how = f"several times in {where}, where torch only warns" if len(distinct) == 1 else f"in {where}; {_REFUSED}"
        message = f"{words.are(len(those), 'tensor')} {how}{words.which_rows(those)}"
        hint = "each step counts once for each time: add each tensor once"
        yield audit.finding(KIND, message, hint, key="duplicates", rows=those)


def _place(audited: Audited) -> Path:
    bypass = ("paramwise_cfg", "bypass_duplicate")
    return bypass if audited.config.location(*bypass) else bypass[:1]


def _message(conflict: Conflict) -> str:
    (first, setting), *others = conflict.occurrences
    if all(_values(other) == _values(setting) for _, other in others):
        names = ", ".join(visible(name) for name, _ in others)
        met = f"{visible(first)} is also {names}"
    else:
        met = ", ".join(
            f"{visible(name)} (lr {_number(s.lr)}, decay {_number(s.weight_decay)})" for name, s in conflict.occurrences
        )
        met = f"one tensor under several names: {met}"
    return f"{met}; {_REFUSED}"


def _values(setting: Setting) -> tuple[float | None, float | None]:
    return setting.lr, setting.weight_decay


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"

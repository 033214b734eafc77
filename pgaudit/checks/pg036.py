"""Tensors in a checkpoint that their optimizer never stepped, or stepped less often than others.

What: the checkpoint holds a state for some tensors of an optimizer, and none for others; or some have made fewer steps
than others of their group. An optimizer keeps nothing of a tensor before its first gradient. What the model says is
frozen is not counted, and neither is a group of SGD without momentum, which never keeps anything, nor LBFGS, which
keeps all in one place.

Why it hurts: the tensors were in the optimizer and did not train, or not all the time: a branch that the loss does not
reach, a part that was frozen or unfrozen on the way, an expert that no token chose.

Example: unused branches, with which DDP stops unless ``find_unused_parameters`` is set; a backbone that Lightning froze
again when the run was resumed (issue 21901).

How to fix it: look whether the loss depends on them (``p.grad is None`` after ``backward()``). What is meant to rest is
better left out of the optimizer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit, Member
from pgaudit.checks.base import Kind
from pgaudit.core.findings import Finding
from pgaudit.text import counted

KIND = Kind("PG036", "never-stepped", "warning")


_ALIKE = "; nothing proves which parameters of their shapes they are"
_OF_THE_WHOLE = frozenset({"func_evals", "old_dirs"})
"""What LBFGS keeps of all tensors together, under the first one (torch 2.15, ``torch/optim/lbfgs.py``)."""


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for what has no state in each optimizer, and one for what has fewer steps than its group."""
    if audit.assignment.origin != "checkpoint":
        return
    for at in range(len(audit.optimizers)):
        members = [each for each in audit.members if each.optimizer == at]
        if any(not _OF_THE_WHOLE.isdisjoint(dict(each.tensor.state)) for each in members):
            continue
        trained = [each for each in members if not each.frozen]
        yield from _without_state(audit, trained)
        yield from _behind(audit, trained)


def _without_state(audit: BuiltAudit, members: Sequence[Member]) -> Iterator[Finding]:
    none = [each for each in members if each.tensor.has_state is False and not _keeps_nothing(audit, each)]
    if none and any(each.tensor.has_state for each in members):
        have = "has" if len(none) == 1 else "have"
        said = f"{counted(len(none), 'tensor')} {have} no state, and so never made a step"
        yield _finding(audit, said, "frozen, or the loss never reached them", "state", none)


def _keeps_nothing(audit: BuiltAudit, member: Member) -> bool:
    """Whether a tensor is in a group of SGD without momentum."""
    return bool(audit.optimizers[member.optimizer].groups[member.group].values.get("momentum", 1) == 0)


def _behind(audit: BuiltAudit, members: Sequence[Member]) -> Iterator[Finding]:
    groups: dict[int, list[tuple[Member, float]]] = defaultdict(list)
    for member in members:
        if member.tensor.steps is not None:
            groups[member.group].append((member, member.tensor.steps))
    most = {index: max(steps for _, steps in those) for index, those in groups.items()}
    behind = [(one, made, most[index]) for index, those in groups.items() for one, made in those if made < most[index]]
    if behind:
        fewer, others = _range(made for _, made, _ in behind), _range(made for _, _, made in behind)
        have, group = ("has", "its group") if len(behind) == 1 else ("have", "their groups")
        said = f"{counted(len(behind), 'tensor')} {have} made {fewer}, and others of {group} {others}"
        hint = "frozen for a while, or the loss did not always reach them"
        yield _finding(audit, said, hint, "steps", [member for member, _, _ in behind])


def _finding(audit: BuiltAudit, said: str, hint: str, key: str, members: Sequence[Member]) -> Finding:
    """A finding about some tensors; those of which nothing proves the name are told by their places."""
    rows = [each.row for each in members if not each.tensor.alike]
    message = said + words.such_as([each.name for each in members])
    return audit.finding(KIND, message, hint + (_ALIKE if len(rows) < len(members) else ""), key=key, rows=rows)


def _range(steps: Iterable[float]) -> str:
    """Returns ``1 step``, or ``1 to 4 steps``."""
    found = sorted(steps)
    if found[0] == found[-1]:
        return f"{found[0]:,g} {'step' if found[0] == 1 else 'steps'}"
    return f"{found[0]:,g} to {found[-1]:,g} steps"

"""Frozen tensors in a group of an optimizer that was built.

What: tensors that do not require a gradient are in a group. One finding names all of them, and the groups that hold
nothing else. For what a policy leads to, PG010 says it.

Why it hurts: as long as they stay frozen, torch passes over them, and a group for them alone does nothing: whoever made
it thought that they train. Once they are unfrozen, they train with what the group holds, which may be meant.

Example: a group of its own, with an lr of its own, for a backbone that is frozen. The groups of sentence-transformers,
fairseq2 and transformers' GaLore take frozen tensors, too. Lightning's BaseFinetuning resumes with an unfrozen backbone
frozen again, and keeps it in its group (issue 21901).

How to fix it: hand over ``[p for p in model.parameters() if p.requires_grad]``; or unfreeze what was to train.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit, Member
from pgaudit.checks.base import Kind
from pgaudit.core.findings import Finding

KIND = Kind("PG035", "frozen-claimed", "warning")


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields one finding for all frozen tensors in groups."""
    rows = [row for row in audit.assignment.params if row.name in audit.frozen]
    if not rows:
        return
    where = "the optimizer" if len(audit.optimizers) == 1 else "the optimizers"
    message = f"{words.are(len(rows), 'frozen tensor')} in {where}{words.which_rows(rows)}"
    if alone := list(_of_frozen_alone(audit)):
        message += f"; {words.listed(alone)} {'holds' if len(alone) == 1 else 'hold'} nothing else"
    hint = "once unfrozen, they train with what their group holds"
    yield audit.finding(KIND, message, hint, key="frozen", rows=rows)


def _of_frozen_alone(audit: BuiltAudit) -> Iterator[str]:
    """The groups in which all tensors are frozen."""
    members: dict[tuple[int, int], list[Member]] = defaultdict(list)
    for member in audit.members:
        members[member.optimizer, member.group].append(member)
    for (at, index), those in members.items():
        if all(member.frozen and not member.tensor.alike for member in those):
            yield audit.group_name(at, index)

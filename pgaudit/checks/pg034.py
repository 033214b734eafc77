"""Optimizers that do not cover the model: a trainable tensor in none of several, or in two; or not one of its tensors.

What: the model trains with several optimizers, and a tensor that requires a gradient is in none of them, or in two. Of
one optimizer alone, PG010 says what is missing, unless that is all: it is then an optimizer of another copy of the
model. That two optimizers hold one tensor is said where the tensor itself, or the model, tells that it is one.

Why it hurts: what is in none never trains, and nothing says so. What is in two is moved twice a step, by two lrs, two
weight decays and two momenta.

Example: AdamW for the heads and SGD for the backbone, and the neck between them forgotten; an embedding that is tied to
the head, in Muon's groups and in AdamW's; a model that is copied once its optimizer is built. Published: mace issue
525, mmf issue 104, HVPNeT issue 5, yolov7.

How to fix it: sort each parameter once, by one condition and its opposite, and ask
``pgaudit.assert_covered(model, optimizers)``.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Kind
from pgaudit.checks.pg010 import never_optimized, why_missing
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.findings import Finding
from pgaudit.text import visible

KIND = Kind("PG034", "optimizer-coverage", "error")


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for what is in none, and one for each two optimizers that share tensors."""
    count = len(audit.optimizers)
    if audit.trains_nothing:
        yield _of_another(audit)
        return
    if count < 2:
        return
    if missing := audit.missing:
        names = [row.name for row in missing]
        message = never_optimized(names, f"none of the {count} optimizers")
        yield audit.finding(KIND, message, why_missing(audit, missing), key="missing", rows=missing)
    shared: dict[tuple[int, ...], list[ParamAssignment]] = {}
    for row in audit.assignment.params:
        holders = {at for at, _ in row.also_in} | ({row.optimizer} if row.optimizer is not None else set())
        if len(holders) > 1:
            shared.setdefault(tuple(sorted(holders)), []).append(row)
    for among, rows in shared.items():
        *first, last = map(audit.optimizer_name, among)
        are, moves = words.are(len(rows), "tensor"), "moves it" if len(rows) == 1 else "moves them"
        message = f"{are} in {', '.join(first)} and in {last}: each {moves}{words.which_rows(rows)}"
        yield audit.finding(KIND, message, "leave each parameter to one optimizer", key="shared", rows=rows)


def _of_another(audit: BuiltAudit) -> Finding:
    """What is said where no optimizer holds any tensor of the model."""
    where = "the optimizer" if len(audit.optimizers) == 1 else f"any of the {len(audit.optimizers)} optimizers"
    message = f"no tensor of {visible(audit.model)} is in {where}, and none of them ever trains"
    hint = "build the optimizer from this model, after it is copied, wrapped or loaded"
    return audit.finding(KIND, message, hint, key="missing", rows=audit.missing)

"""How BaseCls' ``solver`` is written."""

from __future__ import annotations

from pgaudit.config.documents import Complaint
from pgaudit.config.grammars.base import Grammar
from pgaudit.config.layouts import Layout


def _complaints(layout: Layout) -> list[Complaint]:
    from pgaudit.config.complaints import complaints
    from pgaudit.config.policy import read_policy

    found: list[Complaint] = complaints("Solver", layout.solver, layout.sections["solver"])
    if isinstance(layout.solver, dict) and "weight_decay" in layout.solver:
        faults = read_policy(layout.solver["weight_decay"])[1]
        found += [(("solver", "weight_decay", *fault.at), fault.message, fault.hint) for fault in faults]
    return found


BASECLS = Grammar(
    "basecls", "BaseCls get_param_groups", layouts=frozenset({"basecls"}), complaints=_complaints, scales_lr=True
)

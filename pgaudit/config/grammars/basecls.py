"""How BaseCls' ``solver`` is written."""

from __future__ import annotations

from pgaudit.config.grammars.base import Grammar
from pgaudit.config.layouts import Layout
from pgaudit.config.validation import Invalid, schema_errors


def _errors(layout: Layout) -> list[Invalid]:
    from pgaudit.config.policy import read_policy

    found: list[Invalid] = schema_errors("Solver", layout.solver, layout.sections["solver"])
    if isinstance(layout.solver, dict) and "weight_decay" in layout.solver:
        _, wrong = read_policy(layout.solver["weight_decay"])
        found += [each._replace(at=("solver", "weight_decay", *each.at)) for each in wrong]
    return found


BASECLS = Grammar("basecls", "BaseCls get_param_groups", layouts=frozenset({"basecls"}), errors=_errors, scales_lr=True)

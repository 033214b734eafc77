"""What is wrong with the parts of a config: with the constructor's name, and with the sections that it reads."""

from __future__ import annotations

from pgaudit.config.documents import Complaint
from pgaudit.config.grammars import BUILT_IN, Grammar, grammar_named, unknown_constructor
from pgaudit.config.layouts import SOLVERS, Layout
from pgaudit.errors import UsageError
from pgaudit.text import quoted


def constructor_complaints(name: object, layout: Layout) -> list[Complaint]:
    """Returns what is wrong with the constructor's name."""
    at = layout.sections["constructor"]
    if not isinstance(name, str):
        return [(at, "the constructor is a name", None)]
    try:
        return [] if grammar_named(name) else [(at, *unknown_constructor(name))]
    except UsageError as error:  # of a plug-in
        return [(at, problem.message, problem.hint) for problem in error.problems]


def section_complaints(layout: Layout, grammar: Grammar | None) -> list[Complaint]:
    """Returns what is wrong with the parts that the constructor reads.

    A name that is none is probably a typo of the layout's own constructor.
    """
    grammar = grammar or BUILT_IN[layout.default]
    if layout.name not in grammar.layouts:
        return [_misplaced(layout, grammar)]
    found = [] if layout.name in SOLVERS else _optimizer_complaints(layout)
    return found + grammar.complaints(layout)


def _misplaced(layout: Layout, grammar: Grammar) -> Complaint:
    if layout.name in SOLVERS:
        message = f"{quoted(grammar.name)} does not read a `{SOLVERS[layout.name].section}:`"
        return layout.sections["constructor"], message, f"constructor: {layout.name}"
    solver = next(SOLVERS[name] for name in SOLVERS if name in grammar.layouts)
    library = grammar.title.partition(" ")[0]
    return (solver.section,), f"{library} reads `{solver.section}:`, and this config has none", solver.example


def _optimizer_complaints(layout: Layout) -> list[Complaint]:
    from pgaudit.config.complaints import complaints

    if layout.optimizer is None:
        return [(layout.sections["optimizer"], '"optimizer" is missing', "optimizer: {type: SGD, lr: 0.1}")]
    return complaints("Optimizer", layout.optimizer, layout.sections["optimizer"])

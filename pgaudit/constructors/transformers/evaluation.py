"""Trainer's rules as things to ask, and how they are tried for one parameter, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgaudit.constructors.evaluation import Computation, Decided, Occurrence, RuleEvaluation, Spans
from pgaudit.constructors.patterns import Pattern
from pgaudit.constructors.transformers.rules import (
    NAME_RULES,
    NORM_RULE,
    UNLISTED_RULE,
    TransformersRules,
    layer_norm_of,
)
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import Provenance
from pgaudit.models.walk.families import LAYER_NORM, NORM_LIKE, NORMS
from pgaudit.text import visible

PRINCIPLE = "either is enough"

_DECAY: frozenset[Decided] = frozenset({"weight_decay"})
_STATES = frozenset({"weight_decay"})
_DUPLICATE = Provenance("duplicate")


def _norm_spans(visit: Visit) -> Spans | None:
    return None if layer_norm_of(visit) is None else ()


def _about_norms(visit: Visit) -> str:
    norm, kind = layer_norm_of(visit), visible(visit.module.short)
    if norm is not None:
        return "in a LayerNorm" if norm.name == LAYER_NORM else f"in a {visible(norm.short)}, which is a LayerNorm"
    if not visit.parents:
        return "of the root, whose class is not asked"
    if visit.module.families.isdisjoint({NORM_LIKE, *NORMS}):
        return f"{kind} is no LayerNorm"
    return f"{kind} is a norm, but no LayerNorm"


def _by_name(rule: Provenance, pattern: re.Pattern[str]) -> Pattern:
    def find(visit: Visit) -> Spans | None:
        found = tuple(match.span() for match in pattern.finditer(_lowered(visit)))
        return found or None

    def says(visit: Visit) -> str:
        return "found in the name" if find(visit) else "not found in the name"

    return Pattern(rule, (), _STATES, find, says, _lowered, regex=True)


def _lowered(visit: Visit) -> str:
    return visit.name.lower()


PATTERNS = (
    Pattern(NORM_RULE, (), _STATES, _norm_spans, _about_norms),
    *(_by_name(rule, pattern) for rule, pattern in NAME_RULES),
)
"""In the order of evaluation. No config can change them."""


def occurrences(inventory: Inventory, rules: TransformersRules, index: int) -> Iterator[Occurrence]:
    """Yields each occurrence with a trainable parameter; all but the first are passed over."""
    first: str | None = None
    for visit in inventory.visits_of.get(index, ()):
        if first is None:
            yield Occurrence(visit.name, (*_tried(visit, rules), *_base(visit, rules)))
        else:
            yield Occurrence(visit.name, (RuleEvaluation(_DUPLICATE, True, f"listed before, as {first}"),))
        first = first or visit.name


def _tried(visit: Visit, rules: TransformersRules) -> Iterator[RuleEvaluation]:
    met = rules.met(visit)
    if met:
        return _asked(met[0])
    why = "Trainer decays what get_parameter_names() lists; that goes by modules, and has no such name"
    return iter([RuleEvaluation(UNLISTED_RULE, True, why, (Computation("weight_decay", 0.0),), _DECAY)])


def _asked(visit: Visit) -> Iterator[RuleEvaluation]:
    won: Provenance | None = None
    exempt = (Computation("weight_decay", 0.0),)
    for pattern in PATTERNS:
        spans, why = pattern.find(visit), pattern.says(visit)
        text = pattern.searched(visit) if pattern.searched else None
        if spans is None:
            yield RuleEvaluation(pattern.rule, False, why, text=text)
        elif won is None:
            won = pattern.rule
            yield RuleEvaluation(pattern.rule, True, why, exempt, _DECAY, text=text, spans=spans)
        else:
            yield RuleEvaluation(pattern.rule, True, why, exempt, frozenset(), won, PRINCIPLE, text, spans)


def _base(visit: Visit, rules: TransformersRules) -> Iterator[RuleEvaluation]:
    """The lr, which is one for all, and the weight decay of group 0."""
    base = rules.decayed
    assert base.lr_rule is not None
    assert base.weight_decay_rule is not None
    yield RuleEvaluation(
        base.lr_rule, True, "one lr for all parameters", (Computation("lr", base.lr),), frozenset({"lr"})
    )
    if rules.decision(visit).group == 0:
        product = Computation("weight_decay", base.weight_decay)
        yield RuleEvaluation(base.weight_decay_rule, True, "no rule matched", (product,), _DECAY)

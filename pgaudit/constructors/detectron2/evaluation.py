"""detectron2's rules as things to ask, and how they are tried for one parameter, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.config import Config
from pgaudit.constructors.detectron2.rules import Detectron2Rules, is_norm, searched
from pgaudit.constructors.evaluation import Computation, Decided, Occurrence, RuleEvaluation, Spans
from pgaudit.constructors.patterns import Pattern
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import Provenance
from pgaudit.models.walk.families import NORM_LIKE, NORMS
from pgaudit.text import quoted, visible

_VALUES: tuple[Decided, ...] = ("lr", "weight_decay")
_DUPLICATE = Provenance("duplicate")


def principle(winner: Provenance, loser: Provenance) -> str:
    """Says why one rule beats another."""
    if winner.option == "duplicate":
        return "the first name of a tied parameter decides"
    if winner.option == "overrides":
        return "an override is written last"
    return "what is said of biases is an override, which is written last"


def patterns_of(config: Config, rules: Detectron2Rules) -> list[Pattern]:
    """Returns the rules in the order in which they write; of two, the later wins."""
    given, found = rules.arguments, []
    norms, function = given.weight_decay_norm, given.lr_factor_func
    if norms.value is not None:
        at = norms.at if norms.given else ()
        found.append(Pattern(norms.rule, at, frozenset({"weight_decay"}), _norm_spans, _about_norms))
    if function.value is not None:
        found.append(Pattern(function.rule, function.at, frozenset({"lr"}), lambda visit: (), _about_calls))
    for leaf in rules.overrides:
        found += _by_name(leaf, rules)
    return found


def _by_name(leaf: str, rules: Detectron2Rules) -> Iterator[Pattern]:
    """The override of one name, or the options that come to one."""

    def find(visit: Visit) -> Spans | None:
        return ((0, len(leaf)),) if visit.own == leaf else None

    def says(visit: Visit) -> str:
        return "its own name" if visit.own == leaf else f"its own name is {quoted(visit.own)}"

    for rule, at, words in rules.of_name(leaf):
        yield Pattern(rule, at, words.intersection(_VALUES), find, says, lambda visit: visit.own)


def _norm_spans(visit: Visit) -> Spans | None:
    return () if is_norm(visit.module) else None


def _about_norms(visit: Visit) -> str:
    kind, families = visible(visit.module.short), visit.module.families
    if is_norm(visit.module):
        return f"{kind} is a norm"
    known = not families.isdisjoint({NORM_LIKE, *NORMS})
    return f"{kind} is a norm, but none that detectron2 knows" if known else f"{kind} is no norm"


def _about_calls(visit: Visit) -> str:
    return f"called with {quoted(searched(visit))}"


def occurrences(inventory: Inventory, config: Config, rules: Detectron2Rules, index: int) -> Iterator[Occurrence]:
    """Yields each occurrence with a trainable parameter; all but the first are passed over."""
    patterns = patterns_of(config, rules)
    first: str | None = None
    for visit in inventory.visits_of.get(index, ()):
        if first is None:
            yield Occurrence(visit.name, (*_asked(visit, patterns, rules), *_base(visit, patterns, rules)))
        else:
            met = RuleEvaluation(_DUPLICATE, True, f"already in a group as {first}")
            yield Occurrence(visit.name, (met, *_passed_over(visit, patterns)))
        first = first or visit.name


def _winners(visit: Visit, patterns: Sequence[Pattern]) -> dict[Decided, Provenance]:
    matched = [pattern for pattern in patterns if pattern.find(visit) is not None]
    return {value: pattern.rule for value in _VALUES for pattern in matched if value in pattern.states}


def _asked(visit: Visit, patterns: Sequence[Pattern], rules: Detectron2Rules) -> Iterator[RuleEvaluation]:
    winners = _winners(visit, patterns)
    for pattern in patterns:
        spans, why = pattern.find(visit), pattern.says(visit)
        text = pattern.searched(visit) if pattern.searched else None
        if spans is None:
            yield RuleEvaluation(pattern.rule, False, why)
            continue
        products = tuple(_product(visit, pattern, value, rules) for value in _VALUES if value in pattern.states)
        decides = frozenset(product.of for product in products if winners[product.of] is pattern.rule)
        if decides:
            yield RuleEvaluation(pattern.rule, True, why, products, decides, text=text, spans=spans)
        elif products:
            won = winners[products[0].of]
            principles = principle(won, pattern.rule)
            yield RuleEvaluation(pattern.rule, True, why, products, decides, won, principles, text, spans)
        else:
            what = ", ".join(map(visible, rules.overrides[visit.own])) or "nothing"
            yield RuleEvaluation(pattern.rule, True, f"its own name; it sets {what}")


def _passed_over(visit: Visit, patterns: Sequence[Pattern]) -> Iterator[RuleEvaluation]:
    """What is about a second name, without what it would give: the config's function is never asked."""
    for pattern in patterns:
        spans = pattern.find(visit)
        if spans is not None and pattern.searched is not None:
            why, text = principle(_DUPLICATE, pattern.rule), pattern.searched(visit)
            yield RuleEvaluation(pattern.rule, True, pattern.says(visit), (), frozenset(), _DUPLICATE, why, text, spans)


def _product(visit: Visit, pattern: Pattern, value: Decided, rules: Detectron2Rules) -> Computation:
    given, base_lr = rules.arguments, rules.arguments.base_lr.value
    if pattern.rule is given.lr_factor_func.rule:
        factor = rules.factor(visit)
        return Computation(value, float(base_lr * factor), base_lr, factor, "base_lr times what the function returns")
    if pattern.rule is given.bias_lr_factor.rule:
        factor = given.bias_lr_factor.value
        return Computation(value, float(base_lr * factor), base_lr, factor)
    if pattern.rule is given.weight_decay_norm.rule:
        return Computation(value, float(given.weight_decay_norm.value))
    return Computation(value, float(rules.overrides[visit.own][value]))


def _base(visit: Visit, patterns: Sequence[Pattern], rules: Detectron2Rules) -> Iterator[RuleEvaluation]:
    """The base values, for what no rule decided."""
    decided, base = _winners(visit, patterns), rules.base
    values: tuple[tuple[Decided, float | None, Provenance | None], ...] = (
        ("lr", base.lr, base.lr_rule),
        ("weight_decay", base.weight_decay, base.weight_decay_rule),
    )
    for value, result, rule in values:
        if value not in decided and rule is not None:
            yield RuleEvaluation(
                rule, True, "no rule speaks about it", (Computation(value, result),), frozenset({value})
            )

"""Rules in order: each hyperparameter has the first that matches, and what is told agrees with what is decided."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import Computation, Decided
from pgaudit.constructors.rule import Gives, Rule, base_value
from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import ModuleType, Visit
from pgaudit.core.setting import Provenance, Setting

MODULE = ModuleType("torch.nn.modules.linear.Linear", ("torch.nn.modules.linear.Linear",), frozenset())
BASE = Setting.of(0.1, 0.2, Provenance("default", "lr"), Provenance("default", "decay"))
VALUES: tuple[Decided, ...] = ("lr", "weight_decay")

RULES = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "ab"]), st.sets(st.sampled_from(VALUES)), st.booleans()), max_size=6
)
"""A part of a name, what the rule gives, and whether it leaves that at the base value."""


def _met(name: str) -> Visit:
    return Visit("", name, 0, MODULE, ())


def _rule(number: int, part: str, values: set[Decided], *, gives_base: bool = False) -> Rule:
    def gives(value: Decided) -> Gives:
        return lambda visit: Computation(value, float(number))

    return Rule(
        Provenance("key", f"{number} {part}"),
        lambda visit, text: part in text,
        lambda visit, text: "found" if part in text else "not found",
        {value: gives(value) for value in sorted(values)},
        spans=lambda text: ((text.index(part), text.index(part) + len(part)),),
        gives_base=gives_base,
    )


def _setting(won: Winners, visit: Visit) -> Setting:
    deciding = {value: won[value] for value in VALUES if value in won and not won[value].gives_base}
    held = {value: rule.gives[value](visit).result for value, rule in deciding.items()}
    lr, decay = (held.get(value, BASE.get(value)) for value in VALUES)
    by = [deciding[value].provenance if value in deciding else BASE.provenance(value) for value in VALUES]
    return Setting.of(lr, decay, by[0], by[1])


def _first(winner: Provenance, loser: Provenance) -> str:
    return f"{winner.key} stands before {loser.key}"


@given(RULES, st.text("abc", max_size=4), st.booleans())
def test_the_first_rule_that_matches_decides_each_value_and_what_is_told_agrees(
    given_rules: list[tuple[str, set[Decided], bool]], name: str, backwards: bool
) -> None:
    rules = [_rule(number, part, values, gives_base=base) for number, (part, values, base) in enumerate(given_rules)]
    order = rules[::-1] if backwards else rules
    chains = RuleChains(rules, BASE, _setting, _first, order=order)
    setting = chains.decide(_met(name))
    assert chains.decide(_met(name)) is setting
    told = list(chains.explain(_met(name)))
    for value in VALUES:
        expected = next((rule for rule in order if value in rule.gives and rule.matches(_met(name), name)), None)
        holds = BASE.provenance(value) if expected is None or expected.gives_base else expected.provenance
        assert setting.provenance(value) == holds
        (deciding,) = [each for each in told if value in each.decides]
        assert deciding.rule == holds
        assert {product.of: product.result for product in deciding.products}[value] == setting.get(value)
    for each in told:
        assert each.matched == (each.rule.key not in {"lr", "decay"} and each.why.startswith("found")) or each.decides
        if each.beaten_by is not None:
            assert each.principle == _first(each.beaten_by, each.rule)
            assert not each.decides


def test_before_any_rule_is_asked_only_those_that_match_are_explained() -> None:
    frozen = Provenance("frozen", "it")
    chains = RuleChains([_rule(1, "a", {"lr"}), _rule(2, "b", {"lr"})], BASE, _setting, _first)
    (told,) = chains.explain(_met("a"), frozen)
    assert (told.rule.key, told.beaten_by, told.principle) == ("1 a", frozen, "it stands before 1 a")


def test_a_base_value_among_the_rules_is_told_there_and_only_where_it_holds() -> None:
    rules = [_rule(1, "a", {"weight_decay"}), base_value(BASE, "weight_decay", "the rest"), _rule(2, "", {"lr"})]
    chains = RuleChains(rules, BASE, _setting, _first)
    assert [each.rule.key for each in chains.explain(_met("a"))] == ["1 a", "2 "]
    assert [(each.rule.key, each.why) for each in chains.explain(_met("b"))][1] == ("decay", "the rest")


def test_a_setting_is_made_once_for_what_it_depends_on() -> None:
    made: list[str] = []

    def setting(won: Winners, visit: Visit) -> Setting:
        made.append(visit.name)
        return BASE

    def called(visit: Visit) -> Provenance:
        return Provenance("glob", visit.name[0])

    rule = Rule(Provenance("glob"), lambda *_: True, lambda *_: "", _lr(), called=called)
    chains = RuleChains([rule], BASE, setting, _first, varies=lambda visit: len(visit.name))
    for name in ("a", "a1", "b", "b1", "a", "b1"):
        chains.decide(_met(name))
    assert made == ["a", "a1", "b", "b1"]
    assert next(iter(chains.explain(_met("b")))).rule == Provenance("glob", "b")


def _lr() -> Mapping[Decided, Gives]:
    return {"lr": lambda visit: Computation("lr", 1.0)}


def test_a_rule_that_loses_may_have_a_value_that_the_library_never_makes() -> None:
    def refuses(visit: Visit) -> Computation:
        raise ConfigError([Finding("config", "config", "error", "too large", None, None, (), None, ())])

    loser = Rule(Provenance("key", "x"), lambda *_: True, lambda *_: "", {"lr": refuses})
    chains = RuleChains([_rule(1, "a", {"lr"}), loser], BASE, _setting, _first)
    assert chains.decide(_met("a")).lr == 1.0
    assert list(chains.explain(_met("a")))[1].products == (Computation("lr", None),)

"""A diff of a thing with itself is empty, the way back is the way there inverted, and nothing gets lost."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings

import pgaudit
from pgaudit.core.assignment import Provenance
from pgaudit.core.location import Location
from pgaudit.diff import Entry, Kind, SetupChange, Side, compare
from pgaudit.diff.reports import from_json, from_report
from tests.budget import examples
from tests.diff.random_sides import SIDES, reports

Pair = tuple[pgaudit.Report, pgaudit.Report]


def _check(a: Side, b: Side) -> None:
    itself = compare(a, a)
    assert (itself.setup, itself.changes, itself.unchanged) == ((), (), len(a.entries))
    assert not itself.differs
    there, back = compare(a, b), compare(b, a)
    # Through repr, since a float that is not a number is not equal to itself.
    assert repr(there.inverted()) == repr(back)
    assert repr(there.inverted().inverted()) == repr(there)
    assert there.differs == back.differs
    both = there.of(Kind.CHANGED, Kind.RESHAPED, Kind.SAME_EFFECT)
    assert len(there.of(Kind.REMOVED)) + len(both) + there.unchanged == len(a.entries)
    assert len(there.of(Kind.ADDED)) + len(both) + there.unchanged == len(b.entries)


@settings(max_examples=examples(300))
@given(SIDES, SIDES)
def test_random_sides(a: Side, b: Side) -> None:
    _check(a, b)


@settings(max_examples=examples(100))
@given(reports())
def test_random_policies(pair: Pair) -> None:
    a, b = map(from_report, pair)
    _check(a, b)
    expected = {
        row.name
        for row in pair[1].params
        if row.name in {each.name for each in pair[0].params}
        and _effect(pair[0], row.name) != _effect(pair[1], row.name)
    }
    changed = {change.entry.name for change in compare(a, b).of(Kind.CHANGED, Kind.RESHAPED)}
    assert {name for name in expected if name in {entry.name for entry in a.entries}} <= changed


def _effect(report: pgaudit.Report, name: str) -> tuple[object, ...]:
    row = next(each for each in report.params if each.name == name)
    return row.lr, row.weight_decay, row.group is None, row.param.trainable


@settings(max_examples=examples(100))
@given(reports())
def test_random_reports_through_json_change_nothing(pair: Pair) -> None:
    a, b = map(from_report, pair)
    read_a, read_b = (from_json(json.loads(json.dumps(report.to_dict()))) for report in pair)
    itself = compare(a, read_a)
    assert (itself.setup, itself.changes) == ((), ())
    plain = compare(a, b)
    for other in (compare(read_a, b), compare(a, read_b), compare(read_a, read_b)):
        assert (other.setup, other.changes, other.unchanged) == (plain.setup, plain.changes, plain.unchanged)
        assert (other.a.lr, other.b.weight_decay) == (plain.a.lr, plain.b.weight_decay)


_PLAIN = Entry("", (), (2,), 2, "M", True, True, 0.1, 0.0, Provenance("default"), Provenance("default"))


def _entry(name: str, lr: float | None = 0.1, rule: str = "default", **more: object) -> Entry:
    return replace(_PLAIN, **{"name": name, "lr": lr, "lr_rule": Provenance(rule), **more})  # type: ignore[arg-type]


def _side(*entries: Entry, **more: object) -> Side:
    return Side(constructor="mmcv", optimizer={"type": "SGD"}, entries=entries, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "kinds", "differs"),
    [
        (_entry("x"), _entry("x", 0.2, "custom_keys"), [Kind.CHANGED], True),
        (_entry("x"), _entry("x", rule="custom_keys"), [Kind.SAME_EFFECT], False),
        (
            _entry("x"),
            _entry("x", lr_rule=Provenance("default", None, Location("a.yaml", 9, 1))),
            [],
            False,
        ),  # a line that moved
        (_entry("x"), _entry("x", trainable=False), [Kind.CHANGED], True),
        (_entry("x"), _entry("x", None, in_optimizer=False), [Kind.CHANGED], True),
        (_entry("x"), _entry("x", shape=(3,)), [Kind.RESHAPED], True),
        (_entry("x"), _entry("x", module_type="Other"), [], False),
        (_entry("x"), _entry("y"), [Kind.REMOVED, Kind.ADDED], True),
        (_entry("x", aliases=("y",)), _entry("y"), [], False),
        (_entry("x", aliases=("y",)), _entry("y", 0.2), [Kind.CHANGED], True),
        (_entry("x", aliases=("z",)), _entry("y", aliases=("z",)), [], False),
    ],
)
def test_what_counts_as_what(before: Entry, after: Entry, kinds: list[Kind], differs: bool) -> None:
    diff = compare(_side(_entry("base"), before), _side(_entry("base"), after))
    assert [change.kind for change in diff.changes] == kinds
    assert diff.differs == differs


def test_an_alias_that_became_a_parameter_of_its_own_is_added() -> None:
    tied = _side(_entry("head", aliases=("twin",)))
    untied = _side(_entry("head"), _entry("twin"))
    assert [(change.kind, change.entry.name) for change in compare(tied, untied).changes] == [(Kind.ADDED, "twin")]


def test_changes_stand_in_the_models_order_with_removed_ones_where_they_were() -> None:
    a = _side(_entry("1"), _entry("old"), _entry("2"), _entry("3"))
    b = _side(_entry("new"), _entry("1", 0.2), _entry("2"), _entry("newer"), _entry("3", 0.2))
    diff = compare(a, b)
    assert [change.entry.name for change in diff.changes] == ["new", "1", "old", "newer", "3"]


def test_the_setup() -> None:
    a = Side(constructor="mmcv", optimizer={"type": "SGD", "lr": 0.1, "momentum": 0.9, "nesterov": None})
    adamw = {"type": "AdamW", "lr": 0.1, "betas": [0.9, 0.99]}
    b = Side(constructor="basecls", optimizer=adamw, entries=(_entry("x", 0.2),))
    assert compare(a, b).setup == (
        SetupChange("constructor", "mmcv", "basecls"),
        SetupChange("optimizer", "SGD", "AdamW"),
        SetupChange("lr", 0.1, 0.2),
        SetupChange("weight_decay", None, 0.0),
        SetupChange("betas", None, [0.9, 0.99]),
        SetupChange("momentum", 0.9, None),
    )


def test_a_base_value_that_one_side_does_not_show_is_no_difference() -> None:
    shown = _side(_entry("x"))
    hidden = _side(_entry("x", rule="custom_keys"))
    assert (shown.lr, hidden.lr) == (0.1, None)
    assert compare(shown, hidden).setup == ()

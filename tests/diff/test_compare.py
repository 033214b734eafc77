"""A diff of a thing with itself is empty, the way back is the way there inverted, and nothing gets lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.location import Location
from pgaudit.core.setting import Provenance
from pgaudit.diff import ChangeKind, Diff, ValueChange, compare
from pgaudit.diff.records import effect, rule_names
from pgaudit.report import Report
from pgaudit.sources.saved_report import from_json
from tests.budget import examples
from tests.diff import made
from tests.diff.random_sides import SIDES, reports

Pair = tuple[Report, Report]


def _check(a: Report, b: Report) -> None:
    itself = compare(a, a)
    assert (itself.setup, itself.changes, itself.unchanged) == ((), (), len(a))
    assert not itself.differs
    there, back = compare(a, b), compare(b, a)
    # Through repr, since a float that is not a number is not equal to itself.
    assert repr(there.inverted()) == repr(back)
    assert repr(there.inverted().inverted()) == repr(there)
    assert there.differs == back.differs
    both = there.of(ChangeKind.CHANGED, ChangeKind.RESHAPED, ChangeKind.SAME_EFFECT)
    assert len(there.of(ChangeKind.REMOVED)) + len(both) + there.unchanged == len(a)
    assert len(there.of(ChangeKind.ADDED)) + len(both) + there.unchanged == len(b)


@settings(max_examples=examples(300))
@given(SIDES, SIDES)
def test_random_sides(a: Report, b: Report) -> None:
    _check(a, b)


@settings(max_examples=examples(100))
@given(reports())
def test_random_policies(pair: Pair) -> None:
    a, b = pair
    _check(a, b)
    expected = {
        row.name
        for row in pair[1].params
        if row.name in pair[0] and _effect(pair[0], row.name) != _effect(pair[1], row.name)
    }
    changed = {change.param.name for change in compare(a, b).of(ChangeKind.CHANGED, ChangeKind.RESHAPED)}
    assert {name for name in expected if name in {param.name for param in a}} <= changed


def _effect(report: Report, name: str) -> tuple[object, ...]:
    row = next(each for each in report.params if each.name == name)
    return row.lr, row.weight_decay, row.group is None, row.param.trainable


@settings(max_examples=examples(100))
@given(reports())
def test_random_reports_through_json_change_nothing(pair: Pair) -> None:
    a, b = pair
    read_a, read_b = (from_json(json.loads(json.dumps(report.to_dict()))) for report in pair)
    itself = compare(a, read_a)
    assert (itself.setup, itself.changes) == ((), ())
    plain = compare(a, b)
    for other in (compare(read_a, b), compare(a, read_b), compare(read_a, read_b)):
        assert (other.setup, _told(other), other.unchanged) == (plain.setup, _told(plain), plain.unchanged)
        assert (other.a.shown_base(), other.b.shown_base()) == (plain.a.shown_base(), plain.b.shown_base())


def _told(diff: Diff) -> list[object]:
    """The changes without the settings, which are equal only where they are one object."""
    return [
        (each.kind, each.place, each.extra, [(of.names, effect(of), rule_names(of)) for of in each.both])
        for each in diff.changes
    ]


def _param(name: str, lr: float | None = 0.1, rule: str = "default", **more: Any) -> ParamAssignment:
    return made.param(name, lr, **{"lr_rule": Provenance(rule), **more})


def _side(*params: ParamAssignment) -> Report:
    return made.report(*params)


@pytest.mark.parametrize(
    ("before", "after", "kinds", "differs"),
    [
        (_param("x"), _param("x", 0.2, "custom_keys"), [ChangeKind.CHANGED], True),
        (_param("x"), _param("x", rule="custom_keys"), [ChangeKind.SAME_EFFECT], False),
        (
            _param("x"),
            _param("x", lr_rule=Provenance("default", None, Location("c.yaml", 9, 1))),
            [],
            False,
        ),  # a line that moved
        (_param("x"), _param("x", trainable=False), [ChangeKind.CHANGED], True),
        (_param("x"), _param("x", None, optimizer=None), [ChangeKind.CHANGED], True),
        (_param("x"), _param("x", shape=(3,)), [ChangeKind.RESHAPED], True),
        (_param("x"), _param("x", module_type="Other"), [], False),
        (_param("x"), _param("y"), [ChangeKind.REMOVED, ChangeKind.ADDED], True),
        (_param("x", aliases=("y",)), _param("y"), [], False),
        (_param("x", aliases=("y",)), _param("y", 0.2), [ChangeKind.CHANGED], True),
        (_param("x", aliases=("z",)), _param("y", aliases=("z",)), [], False),
    ],
)
def test_what_counts_as_what(
    before: ParamAssignment, after: ParamAssignment, kinds: list[ChangeKind], differs: bool
) -> None:
    diff = compare(_side(_param("base"), before), _side(_param("base"), after))
    assert [change.kind for change in diff.changes] == kinds
    assert diff.differs == differs


def test_an_alias_that_became_a_parameter_of_its_own_is_added() -> None:
    tied = _side(_param("head", aliases=("twin",)))
    untied = _side(_param("head"), _param("twin"))
    assert [(change.kind, change.param.name) for change in compare(tied, untied).changes] == [
        (ChangeKind.ADDED, "twin")
    ]


def test_changes_stand_in_the_models_order_with_removed_ones_where_they_were() -> None:
    a = _side(_param("1"), _param("old"), _param("2"), _param("3"))
    b = _side(_param("new"), _param("1", 0.2), _param("2"), _param("newer"), _param("3", 0.2))
    diff = compare(a, b)
    assert [change.param.name for change in diff.changes] == ["new", "1", "old", "newer", "3"]


def test_the_setup() -> None:
    a = made.report(optimizers=({"type": "SGD", "lr": 0.1, "momentum": 0.9, "nesterov": None},))
    adamw = {"type": "AdamW", "lr": 0.1, "betas": [0.9, 0.99]}
    b = made.report(_param("x", 0.2), constructor="basecls", optimizers=(adamw,))
    assert compare(a, b).setup == (
        ValueChange("constructor", "mmcv", "basecls"),
        ValueChange("optimizer", "SGD", "AdamW"),
        ValueChange("lr", 0.1, 0.2),
        ValueChange("weight_decay", None, 0.0),
        ValueChange("betas", None, [0.9, 0.99]),
        ValueChange("momentum", 0.9, None),
    )


def test_a_base_value_that_one_side_does_not_show_is_no_difference() -> None:
    shown = _side(_param("x"))
    hidden = _side(_param("x", rule="custom_keys"))
    assert (shown.shown_base(), hidden.shown_base()) == ((0.1, 0.0), (None, 0.0))
    assert compare(shown, hidden).setup == ()

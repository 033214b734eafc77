"""What a group holds beside lr and weight decay is seen by everything that compares, gates, builds or shows."""

from __future__ import annotations

import csv
import io
import itertools
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit.config.expect import expect_errors, expectations
from pgaudit.core.setting import Provenance, Setting
from pgaudit.diff import ChangeKind, compare
from pgaudit.folds import fold
from pgaudit.gate import Outcome
from pgaudit.gate.expected import unexpected
from pgaudit.gate.locked import lock_findings
from pgaudit.gate.records import Audit
from pgaudit.render.diff.data import render_diff_json, render_diff_markdown
from pgaudit.render.diff.github import render_diff_github
from pgaudit.render.diff.line import DiffLine
from pgaudit.render.diff.table import render_diff_table
from pgaudit.render.report.data import render_csv
from pgaudit.render.report.markdown import render_markdown
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection, select
from pgaudit.render.terminal import TableOptions
from pgaudit.serialize import plain
from pgaudit.sources.lock import written
from pgaudit.sources.lock_reading import read_lock
from pgaudit.sources.saved_report import from_json
from tests.budget import examples
from tests.constructors.handmade import INERT, registered

NAMES = "abcdef"
BASE: dict[str, Any] = {"lr": 0.1, "weight_decay": 0.5, "betas": [0.9, 0.999], "amsgrad": False}
"""What AdamW makes of a group without settings, with the arguments below."""

Groups = dict[str, dict[str, Any]]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 2)
    | st.sampled_from([0.5, float("inf"), "x  y", '"{: ', "\u202e\ud800"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["k", "{"]), inner, max_size=2),
    max_leaves=3,
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "lr": st.sampled_from([0.1, 0.05, 0.0]),
        "weight_decay": st.sampled_from([0.5, 0.0]),
        "lr_scale": st.sampled_from([1.0, 0.5, 2.0]),
        "scheduled": st.booleans(),
        "betas": st.sampled_from([[0.9, 0.999], [0.9, 0.95]]),
        "amsgrad": st.booleans(),
        "lr_mult": st.sampled_from([1, 2]),
        "note": VALUES,
        'odd "key": {': VALUES,
    },
)
GROUPS: st.SearchStrategy[Groups] = st.dictionaries(st.sampled_from(NAMES), SETTINGS, max_size=4)


def audited(groups: Groups, **arguments: Any) -> pgaudit.Report:
    return pgaudit.audit(model(), policy(groups, **arguments))


def model() -> nn.Module:
    return nn.ModuleDict({name: nn.Linear(1, 1, bias=name < "c") for name in NAMES})


def policy(groups: Groups, **arguments: Any) -> dict[str, Any]:
    optimizer = {"type": "AdamW", "lr": 0.1, "weight_decay": 0.5, **arguments}
    return {"constructor": "handmade", "optimizer": optimizer, "paramwise_cfg": {"groups": groups}}


def training(groups: Groups, name: str, base: Mapping[str, Any] = BASE) -> dict[str, Any]:
    """What a training notices about a parameter: the optimizer's arguments as its group has them, and the lr that
    schedules reach.
    """
    held = {**base, **groups.get(name[0], {})}
    scaled, scale = held.pop("scheduled", True), held.pop("lr_scale", 1)
    held["peak"] = held["lr"] * (scale if scaled else 1)
    return {key: value for key, value in held.items() if key not in INERT and value is not None}


def differing(a: Groups, b: Groups) -> set[str]:
    names = [name for name, _ in model().named_parameters()]
    return {name for name in names if training(a, name) != training(b, name)}


def through_json(report: pgaudit.Report) -> Any:
    return json.loads(json.dumps(report.to_dict(), allow_nan=False))


@settings(max_examples=examples(300))
@given(groups=GROUPS)
def test_a_report_and_a_lock_mean_in_a_file_what_they_mean_in_memory(groups: Groups) -> None:
    with registered():
        side = audited(groups)
        saved = from_json(through_json(audited(groups)))
    text = written(side)
    assert text.isascii()
    locked = read_lock("x.lock", text.encode())
    for other in (saved, locked):
        for found in (compare(side, other), compare(other, side)):
            assert not found.setup
            assert not found.changes
    for param in side:
        held = param.setting.unscaled
        assert (locked[param.name].scheduled_lr, locked[param.name].setting.unscaled) == (
            param.scheduled_lr,
            plain(held),
        )
    needed = any(param.scheduled_lr is not None or param.setting.unscaled for param in side)
    assert text.startswith(f"pgaudit lock, format {2 if needed else 1}\n")


@settings(max_examples=examples(300))
@given(a=GROUPS, b=GROUPS)
def test_a_diff_tells_exactly_what_the_training_notices(a: Groups, b: Groups) -> None:
    with registered():
        reports = audited(a), audited(b)
    sides = list(reports)
    found = compare(sides[0], sides[1])
    assert {change.param.name for change in found.of(ChangeKind.CHANGED)} == differing(a, b)
    assert compare(sides[1], sides[0]) == found.inverted()
    # From files, too, in which the class's defaults are not known.
    saved = compare(sides[0], from_json(through_json(reports[1])))
    assert {change.param.name for change in saved.of(ChangeKind.CHANGED)} == differing(a, b)


@settings(max_examples=examples(200))
@given(a=GROUPS, b=GROUPS)
def test_check_fails_exactly_where_something_effective_moved(a: Groups, b: Groups) -> None:
    with registered(), tempfile.TemporaryDirectory() as folder:
        lock = Path(folder, "a.lock")
        lock.write_text(written(audited(a)))
        audit = Audit("model", "c.yaml", lock=str(lock))
        failures = Outcome(audit, tuple(lock_findings(audited(b), audit))).failures
    assert {name for finding in failures for name in finding.params} == differing(a, b)


@settings(max_examples=examples(200))
@given(groups=GROUPS)
def test_what_is_built_holds_what_is_said_in_as_few_groups_as_can_be(groups: Groups) -> None:
    net = model()
    with registered():
        optimizer = pgaudit.build_optimizer(net, policy(groups))
    name_of = {parameter: name for name, parameter in net.named_parameters()}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            wanted = {**BASE, **groups.get(name_of[parameter][0], {})}
            unread = _unread(wanted)
            assert {key: _plain(group[key]) for key in wanted if key not in unread} == {
                key: value for key, value in wanted.items() if key not in unread
            }
            assert all(group[key] == wanted[key] for key in unread if key in group)
    written_settings = {repr(sorted(_merging(groups, name).items())) for name in name_of.values()}
    assert len(optimizer.param_groups) == len(written_settings)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _merging(groups: Groups, name: str) -> dict[str, Any]:
    held = {"lr": 0.1, "weight_decay": 0.5, **groups.get(name[0], {})}
    unread = _unread(held)
    return {key: value for key, value in held.items() if key not in unread}


def _unread(held: dict[str, Any]) -> frozenset[str]:
    """What nobody reads of what a group is to hold, out of which the word about its schedule is taken."""
    return INERT if held.pop("scheduled", True) else INERT | {"lr_scale"}


@settings(max_examples=examples(200))
@given(groups=GROUPS)
def test_changed_folds_and_groups_tell_apart_what_trains_otherwise(groups: Groups) -> None:
    with registered():
        report = audited(groups)
    (changed,) = select(report, Selection(changed=True))
    assert {row.name for row in changed.rows} == differing(groups, {})
    for line in fold(report.params):
        assert len({repr(training(groups, row.name)) for row in line.rows}) == 1
    for section in select(report, Selection(group_by="group")):
        assert len({json.dumps(training(groups, row.name), sort_keys=True) for row in section.rows}) == 1
    (by_lr,) = select(report, Selection(sort="lr"))
    peaks = [training(groups, row.name)["peak"] for row in by_lr.rows]
    assert peaks == sorted(peaks, reverse=True)


@settings(max_examples=examples(100))
@given(groups=GROUPS)
def test_json_and_csv_hold_it_all(groups: Groups) -> None:
    with registered():
        report = audited(groups)
    fields = list(csv.DictReader(io.StringIO(render_csv(report, Selection()))))
    for param, line in zip(through_json(report)["params"], fields, strict=True):
        given_here = dict(groups.get(param["name"][0], {}))
        unread = _unread(given_here)
        scaled = "lr_scale" in given_here and "lr_scale" not in unread
        extra = {key: _finite(value) for key, value in given_here.items() if key not in ("lr", "weight_decay")}
        assert param["extra"] == extra
        assert param.get("scheduled_lr") == (param["lr"] * extra["lr_scale"] if scaled else None)
        assert param.get("inert", []) == sorted(unread & extra.keys())
        assert json.loads(line["extra"] or "{}") == extra
        assert line["scheduled_lr"] == str(param.get("scheduled_lr", ""))
        group = through_json(report)["groups"][param["group"]]
        assert {key: group.get(key) for key in ("extra", "scheduled_lr", "inert")} == {
            key: param.get(key) for key in ("extra", "scheduled_lr", "inert")
        }


def _finite(value: Any) -> Any:
    """JSON has no word for infinity."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return "inf" if value == float("inf") else value


def test_the_base_is_what_a_group_does_not_hold() -> None:
    """Who writes down the optimizer's own value changes nothing; who has it by default moves with it."""
    with registered():
        plain, same = audited({}), audited({"a": {"betas": [0.9, 0.999]}})
        other = audited({"a": {"betas": [0.9, 0.999]}}, betas=[0.8, 0.999])
    assert not compare(plain, same).differs
    found = compare(plain, other)
    assert [change.name for change in found.setup] == ["betas"]
    assert not found.of(ChangeKind.CHANGED)


def test_a_diff_says_what_is_otherwise() -> None:
    with registered():
        before = audited({"a": {"lr_scale": 1.0}, "b": {"amsgrad": True}})
        after = audited({"a": {"lr_scale": 0.5}, "b": {"odd": 2}})
    found = compare(before, after)
    a, b = (change for change in found.of(ChangeKind.CHANGED) if change.param.name.endswith("weight"))
    words = DiffLine("", (a,)).value("peak_lr")
    assert (words.old, words.new) == ("0.1", "0.05")
    assert DiffLine("", (b,)).extra == ["amsgrad True → False", "odd – → 2"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"a.*": {"lr": 0.1, "scheduled_lr": 0.05}}, []),
        ({"b.*": {"scheduled_lr": 0.1}}, []),  # schedules take it as it is
        ({"a.*": {"scheduled_lr": 0.1}}, ["expected scheduled_lr 0.1, got 0.05 by groups.a"]),
    ],
)
def test_a_scheduled_lr_can_be_expected(wanted: dict[str, dict[str, float]], said: list[str]) -> None:
    section = {"params": wanted}
    assert not expect_errors(section, ())
    with registered():
        notices = list(unexpected(audited({"a": {"lr_scale": 0.5}}), expectations(section, (), None, {})))
    assert [notice.message.partition(": ")[2] for notice in notices] == said


SHOWN = """\
parameter          ×    lr     scheduled    decay  decided by
a.{weight,bias}    2    0.1  ▼ 0.05         0.5    "a" · betas (0.9, 0.95)
b.{weight,bias}    2  ▼ 0    ▼ 0          ▼ 0      "b"
"""


def test_a_table_shows_it_in_a_column_and_behind_the_rule() -> None:
    groups: Groups = {
        "a": {"lr_scale": 0.5, "betas": [0.9, 0.95], "amsgrad": False, "lr_mult": 3, "note": "x"},
        "b": {"lr": 0.0, "weight_decay": 0.0},
    }
    with registered():
        report, plain = audited(groups), audited({"b": groups["b"]})
    options = TableOptions(fold=True, groups=True)
    lines = [line.split() for line in "".join(render_table(report, Selection(), options)).splitlines()]
    for line in SHOWN.splitlines():
        assert line.split() in lines
    assert "2 0 0.1 0.05 0.5 2 2 betas (0.9, 0.95)".split() in lines
    assert "scheduled" not in "".join(render_table(plain, Selection(), options))
    for width in (50, 60, 80):
        narrow = "".join(render_table(report, Selection(), replace(options, width=width))).split("\n\n")[1]
        assert max(map(len, narrow.splitlines())) <= width
        assert "betas (0.9, 0.95)" in narrow
    markdown = render_markdown(report, Selection(), folded=True)
    assert "| parameter | × | lr | scheduled lr | weight decay | lr rule | decay rule | beside |" in markdown
    assert '| `a.{weight,bias}` | 2 | 0.1 | **0.05** | 0.5 | "a" | "a" | **betas \\(0.9, 0.95\\)** |' in markdown
    assert "scheduled" not in render_markdown(plain, Selection())


def test_a_diff_is_shown_in_every_format() -> None:
    with registered():
        before = audited({"a": {"lr_scale": 0.5, "odd": [1]}, "c": {}})
        after = audited({"a": {"lr_scale": 0.25, "odd": [2]}, "c": {"note": 1}})
    found = compare(before, after)
    (row,) = [
        line for line in render_diff_table(found, TableOptions(fold=True)).splitlines() if line.startswith("~ a.")
    ]
    assert row.split() == '~ a.{weight,bias} 2 0.1 ▼ 0.05 → 0.025 0.5 "a" · odd (1) → (2)'.split()
    table = render_diff_markdown(found)
    assert '| `~` | `a.{weight,bias}` | 2 | 0.1 | 0.05 → **0.025** | 0.5 | "a" · **odd \\(1\\) → \\(2\\)** |' in table
    said = '~ a.{weight,bias} ×2: scheduled 0.05 → 0.025, odd (1) → (2), "a"'
    assert said in render_diff_github(found).replace("%3A", ":").replace("%2C", ",")
    changes = json.loads(render_diff_json(found))["changes"]
    assert [change["extra"] for change in changes] == [[{"name": "odd", "before": [1], "after": [2]}]] * 2
    assert [change["after"]["scheduled_lr"] for change in changes] == [0.025] * 2


def test_a_failed_assertion_shows_what_moved(tmp_path: Path) -> None:
    from pgaudit.testing.plugin import assert_param_groups

    lock = tmp_path / "a.lock"
    with registered():
        assert_param_groups(model(), policy({"c": {"lr_scale": 0.5, "amsgrad": True}}), lock=lock, update_lock=True)
        assert_param_groups(model(), policy({"c": {"lr_scale": 0.5, "amsgrad": True, "note": 1}}), lock=lock)
        with pytest.raises(AssertionError) as caught:
            assert_param_groups(model(), policy({"c": {"lr_scale": 0.25, "lr_mult": 2}}), lock=lock)
    text = str(caught.value)
    said = "c.weight: scheduled_lr 0.05 → 0.025 by groups.c, amsgrad True → False by groups.c"
    assert said in " ".join(text.split())
    assert "▼ 0.05 → 0.025" in text
    assert "the group also holds lr_scale 0.25, lr_mult 2 (which nothing reads)" in text
    assert 'scheduled lr = 0.1 × 0.25 (groups "c") = 0.025' in text


_RULE = Provenance("groups", "a")
SAME = [
    Setting.of(0.1, 0.5, _RULE, _RULE),
    Setting.of(0.1, 0.5, _RULE, _RULE, (("lr_scale", 1.0),)),
    Setting.of(0.1, 0.5, _RULE, _RULE, (("note", 1),), inert=INERT),
]
OTHER = [
    Setting.of(0.1, 0.5, _RULE, _RULE, (("lr_scale", 0.5),)),
    Setting.of(0.1, 0.5, _RULE, _RULE, (("note", 1),)),
    Setting.of(0.2, 0.5, _RULE, _RULE, (("lr_scale", 0.5),)),
]


def test_rows_of_one_rule_fold_only_where_the_training_is_the_same() -> None:
    with registered():
        first, second = pgaudit.audit(
            nn.Sequential(*(nn.Linear(1, 1, bias=False) for _ in range(2))), policy({})
        ).params
    for a, b in itertools.product(SAME + OTHER, repeat=2):
        folds = fold([replace(first, setting=a), replace(second, setting=b)])
        alike = a is b or (a in SAME and b in SAME)
        assert (a.effect == b.effect) == alike
        assert len(folds) == (1 if alike else 2)

"""Which findings a config's `ignore` takes away, and what becomes of entries that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit.checks import DOCUMENTED
from pgaudit.core.findings import Finding
from tests.budget import examples
from tests.checks.cases import HEAD, audit, has_words, only, places, tree

# Dead keys on lines 4 and 5; `head` in two other names on line 6.
POLICY = HEAD + "  custom_keys:\n    .a[0]: {}\n    .zz: {}\n    head: {lr_mult: 10}\n"


def _model() -> nn.Module:
    return tree({"head": nn.Linear(2, 2), "x_head": nn.Linear(2, 2), "y_head": nn.Linear(2, 2)})


def _audit(tmp_path: Path, *entries: str) -> pgaudit.Report:
    section = "".join(f"    {entry}\n" for entry in entries)
    return audit(tmp_path, f"{POLICY}findings:\n  ignore:\n{section}", _model())


def _codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings if finding.code != "PG007"]


def test_nothing_is_ignored_unasked(tmp_path: Path) -> None:
    report = audit(tmp_path, POLICY, _model())
    assert _codes(report.findings) == ["PG001", "PG001", "PG003"]
    assert report.ignored == ()


FITTING = {
    "a code": ("PG001: r", ["PG001", "PG001"]),
    "a key": ("PG001: {reason: r, key: .zz}", ["PG001"]),
    "a key that holds a glob's characters": ("PG001: {reason: r, key: '.a[0]'}", ["PG001"]),
    "a glob of keys": ("PG001: {reason: r, key: '.*'}", ["PG001", "PG001"]),
    "several keys": ("PG001: {reason: r, key: ['.a[[]0]', .zz]}", ["PG001", "PG001"]),
    "params, all of them": ("PG003: {reason: r, param: ['x_*', 'y_head.*']}", ["PG003"]),
    "a key and params": ("PG003: {reason: r, key: head, param: '*_head.*'}", ["PG003"]),
    "a count of parameters": ("PG003: {reason: r, count: 4}", ["PG003"]),
    "a count of findings": ("PG001: {reason: r, count: 2}", ["PG001", "PG001"]),
    "two entries of one code": ("PG001: [{reason: r, key: .a*}, {reason: s, key: .zz}]", ["PG001", "PG001"]),
}


@pytest.mark.parametrize(("entry", "ignored"), FITTING.values(), ids=FITTING)
def test_what_fits_is_ignored_in_silence(tmp_path: Path, entry: str, ignored: list[str]) -> None:
    report = _audit(tmp_path, entry)
    assert _codes(report.ignored) == ignored
    assert sorted(_codes(report.findings) + ignored) == ["PG001", "PG001", "PG003"]


STALE = {
    "no such finding": ("PG009: r", [], "nothing to ignore: there is no PG009", "remove the entry"),
    "no such key": ("PG001: {reason: r, key: .c}", [], "there is no PG001 for .c", "remove"),
    "no such params": ("PG003: {reason: r, param: 'z*'}", [], "there is no PG003 for z*", "remove"),
    "only some of the params": ("PG003: {reason: r, param: 'x_*'}", [], "there is no PG003 for x_*", "remove"),
    "params of a finding about none": ("PG001: {reason: r, param: '*'}", [], "there is no PG001 for *", "remove"),
    "more than expected": (
        "PG003: {reason: r, count: 3}", [], "PG003 has grown from 3 to 4: not ignored", "",
    ),
    "more of one key than expected": (
        "PG003: {reason: r, key: head, count: 1}", [], "PG003 for head has grown from 1 to 4", "",
    ),
    "fewer than expected": (
        "PG001: {reason: r, count: 5}", ["PG001", "PG001"], "PG001 has shrunk from 5 to 2", "count: 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("entry", "ignored", "message", "hint"), STALE.values(), ids=STALE)
def test_what_does_not_fit_is_a_finding(
    tmp_path: Path, entry: str, ignored: list[str], message: str, hint: str
) -> None:
    report = _audit(tmp_path, entry)
    assert places(report, "PG019") == [("PG019", 9, 5)]
    assert has_words(only(report, "PG019").message, message), only(report, "PG019").message
    assert has_words(only(report, "PG019").hint, hint)
    assert _codes(report.ignored) == ignored


def test_each_entry_of_a_list_has_its_place(tmp_path: Path) -> None:
    report = _audit(tmp_path, "PG009:", "- r", "- {reason: r, key: a}")
    assert places(report, "PG019") == [("PG019", 10, 7), ("PG019", 11, 7)]


def test_stale_entries_can_be_ignored_too(tmp_path: Path) -> None:
    report = _audit(tmp_path, "PG009: r", "PG019: shared by several models")
    assert places(report, "PG019") == []
    assert _codes(report.ignored) == ["PG019"]


def test_stale_entries_of_one_code_can_be_ignored(tmp_path: Path) -> None:
    report = _audit(tmp_path, "PG009: r", "PG008: r", "PG019: {reason: r, key: PG009}")
    assert places(report, "PG019") == [("PG019", 10, 5)]


def test_ignoring_stale_entries_without_any_is_stale(tmp_path: Path) -> None:
    report = _audit(tmp_path, "PG001: r", "PG019: r")
    assert places(report, "PG019") == [("PG019", 10, 5)]
    assert has_words(only(report, "PG019").message, "nothing to ignore: there is no PG019")


def _words(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2)


ENTRIES = st.dictionaries(
    st.sampled_from(sorted(DOCUMENTED)),
    st.lists(
        st.fixed_dictionaries(
            {"reason": st.just("r")},
            optional={
                "key": _words(["head", ".zz", ".*", "weight_decay", "PG0*"]),
                "param": _words(["*", "x_*", "*.bias", "head.*"]),
                "count": st.integers(1, 6),
            },
        ),
        min_size=1,
        max_size=3,
    ),
    max_size=5,
)


@settings(max_examples=examples(100))
@given(ignore=ENTRIES)
def test_random_entries_lose_no_finding(ignore: dict[str, Any]) -> None:
    policy = {
        "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.1},
        "paramwise_cfg": {"bias_lr_mult": 1.0, "custom_keys": {".a[0]": {}, ".zz": {}, "head": {"lr_mult": 10}}},
    }
    found = pgaudit.audit(_model(), policy).findings
    report = pgaudit.audit(_model(), {**policy, "findings": {"ignore": ignore}})
    both = [finding for finding in (*report.findings, *report.ignored) if finding.code != "PG019"]
    assert sorted(both, key=repr) == sorted(found, key=repr)
    assert {finding.code for finding in report.ignored} <= set(ignore)

"""The XML is well-formed, has the structure that Jenkins' schema asks for, and counts what it holds."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from hypothesis import given, settings

from pgaudit.gate import Outcome
from pgaudit.render.findings import folded_names
from pgaudit.render.gate.junit import render
from pgaudit.text import visible
from tests.budget import examples
from tests.render.outcomes import CASES, FAILED, OUTCOMES, PASSED, UNCHECKED

_STRUCTURE: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"name", "tests", "failures", "errors"}, set(), {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped"}, set(), {"testcase"}),
    "testcase": ({"name", "classname"}, set(), {"failure", "error", "system-out"}),
    "failure": ({"type", "message"}, set(), set()),
    "error": ({"type", "message"}, set(), set()),
    "system-out": (set(), set(), set()),
}
"""The attributes that an element has to have, those that it may have, and its children: a part of junit-10.xsd."""


def read(outcomes: list[Outcome]) -> Element:
    text = render(outcomes)
    assert text.isascii()
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        required, optional, children = _STRUCTURE[element.tag]
        assert required <= set(element.attrib) <= required | optional
        assert {child.tag for child in element} <= children
        if children:  # only leaves hold text
            assert not (element.text or "").strip()
        assert not (element.tail or "").strip()
    for parent in (root, *root):
        cases = [*parent.iter("testcase")]
        assert int(parent.attrib["tests"]) == len(cases)
        assert int(parent.attrib["failures"]) == sum(case.find("failure") is not None for case in cases)
        assert int(parent.attrib["errors"]) == sum(case.find("error") is not None for case in cases)
    return root


def test_a_suite_an_audit_and_a_case_a_subject() -> None:
    failed, passed, unchecked = read(CASES["everything"])
    assert [suite.attrib["name"] for suite in (failed, passed, unchecked)] == [
        "vit_tiny vit.yaml", "resnet.yaml", "the third",
    ]  # fmt: skip
    assert [(case.attrib["name"], [child.tag for child in case]) for case in failed] == [
        ("lock moved: custom_keys.blocks", ["failure"]),
        ("expect-params unexpected-setting: vit.yaml:9:7", ["failure"]),
        ("PG001 dead-key: heed", ["system-out"]),
        ("PG007 decayed-vector: weight_decay", ["system-out"]),
    ]
    assert (failed[0][0].text or "").split("\n")[1:] == ["    blocks.{0..11}.norm{1,2}.{weight,bias}"]
    assert failed[1][0].attrib["message"] == "; ".join(notice.message for notice in FAILED.findings[3:])
    assert [(case.attrib["name"], len(case)) for case in passed] == [("check", 0)]
    assert [(case.attrib["name"], case[0].tag) for case in unchecked] == [
        ("not checked: typo.yaml:1:1", "error"),
        ("not checked: typo.yaml", "error"),
    ]


def test_an_audit_in_which_nothing_failed_has_a_case_that_passed_and_no_other_has() -> None:
    quiet = Outcome(FAILED.audit, FAILED.others)
    for outcome, checked in ((PASSED, True), (quiet, True), (FAILED, False), (UNCHECKED, False)):
        names = [case.attrib["name"] for case in read([outcome]).iter("testcase")]
        assert ("check" in names) is checked


@settings(max_examples=examples(100))
@given(OUTCOMES)
def test_random_outcomes_are_read_back(outcomes: list[Outcome]) -> None:
    root = read(outcomes)
    assert [suite.attrib["name"] for suite in root] == [visible(outcome.audit.title) for outcome in outcomes]
    for suite, outcome in zip(root, outcomes, strict=True):
        texts = {
            tag: "\n".join(element.text or "" for element in suite.iter(tag))
            for tag in ("failure", "error", "system-out")
        }
        for problem in outcome.errors:
            assert visible(problem.message) in texts["error"]
        for notice in (*outcome.failures, *outcome.others):
            text = texts["failure" if outcome.fails(notice) else "system-out"]
            assert visible(notice.message) in text
            assert {f"    {name}" for name in folded_names(notice.params, 100)} <= set(text.split("\n"))
        messages = [element.attrib["message"] for element in suite.iter("failure")]
        assert all(any(visible(notice.message) in message for message in messages) for notice in outcome.failures)
        assert (int(suite.attrib["failures"]) > 0) == bool(outcome.failures)
        assert int(suite.attrib["errors"]) == len(outcome.errors)

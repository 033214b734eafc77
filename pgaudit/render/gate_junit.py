"""Outcomes of the gate → JUnit's XML: a test suite an audit, a test case a code and rule, or an expectation.

Only what Jenkins' own schema (junit-10.xsd) knows, and no time, since there is nothing to measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pgaudit.core.errors import Problem
from pgaudit.gate import Notice, Outcome
from pgaudit.render.gate_words import folded, hinted, in_order, title, where
from pgaudit.text import visible

_NAMES = 100
"""Folded names that one test case spells out."""


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns failures as ``failure``, what could not be checked as ``error``, other notices as what a passed test case
    says; an audit in which nothing failed has a test case that passed.
    """
    root = Element("testsuites", name="pgaudit check")
    suites = [_suite(outcome) for outcome in outcomes]
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    root.extend(suites)
    indent(root)
    xml: bytes = tostring(root, encoding="us-ascii")  # with a declaration, since it is not UTF-8
    return f"{xml.decode('ascii')}\n"


def _suite(outcome: Outcome) -> Element:
    suite = Element("testsuite", name=visible(title(outcome.audit)))
    cases = [_problem(outcome, problem) for problem in outcome.problems]
    if not outcome.exit_code:
        cases.append(_case(outcome, "check"))
    cases += [_notices(outcome, name, notices) for name, notices in _by_subject(outcome).items()]
    counts = {"tests": len(cases), "failures": _with("failure", cases), "errors": _with("error", cases), "skipped": 0}
    for name, count in counts.items():
        suite.set(name, str(count))
    suite.extend(cases)
    return suite


def _with(tag: str, cases: Iterable[Element]) -> int:
    return sum(case.find(tag) is not None for case in cases)


def _case(outcome: Outcome, name: str) -> Element:
    return Element("testcase", classname=visible(title(outcome.audit)), name=name)


def _by_subject(outcome: Outcome) -> dict[str, list[Notice]]:
    """A test case keeps its name while lines move, as far as there is a rule to name it by."""
    cases: dict[str, list[Notice]] = {}
    for notice in in_order(outcome):
        subject = visible(notice.key) if notice.key else where(outcome, notice)
        cases.setdefault(f"{notice.code} {notice.name}: {subject}", []).append(notice)
    return cases


def _notices(outcome: Outcome, name: str, notices: Sequence[Notice]) -> Element:
    case = _case(outcome, name)
    for tag, said in (
        ("failure", [notice for notice in notices if notice.fails]),
        ("system-out", [notice for notice in notices if not notice.fails]),
    ):
        if said:
            child = SubElement(case, tag)
            child.text = "\n".join(line for notice in said for line in _account(outcome, notice))
            if tag == "failure":
                child.set("type", said[0].level)
                child.set("message", "; ".join(visible(notice.message) for notice in said))
    return case


def _account(outcome: Outcome, notice: Notice) -> list[str]:
    return [f"{where(outcome, notice)}: {hinted(notice)}", *(f"    {name}" for name in folded(notice.params, _NAMES))]


def _problem(outcome: Outcome, problem: Problem) -> Element:
    case = _case(outcome, f"not checked: {where(outcome, problem)}")
    error = SubElement(case, "error", type="error", message=visible(problem.message))
    error.text = f"{where(outcome, problem)}: {hinted(problem)}"
    return case

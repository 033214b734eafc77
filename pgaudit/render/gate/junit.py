"""Outcomes of the gate → JUnit's XML: a test suite an audit, a test case a code and rule, or an expectation.

Only what Jenkins' own schema (junit-10.xsd) knows, and no time, since there is nothing to measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pgaudit.core.findings import Finding
from pgaudit.gate import Outcome
from pgaudit.render.findings import folded_names, hinted
from pgaudit.render.gate.words import in_order, title, where
from pgaudit.text import visible

_NAMES = 100
"""Folded names that one test case spells out."""


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns failures as ``failure``, what could not be checked as ``error``, other findings as what a passed test
    case says; an audit in which nothing failed has a test case that passed.
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
    cases = [_error(outcome, finding) for finding in outcome.errors]
    if not outcome.exit_code:
        cases.append(_case(outcome, "check"))
    cases += [_findings(outcome, name, findings) for name, findings in _by_case(outcome).items()]
    counts = {"tests": len(cases), "failures": _with("failure", cases), "errors": _with("error", cases), "skipped": 0}
    for name, count in counts.items():
        suite.set(name, str(count))
    suite.extend(cases)
    return suite


def _with(tag: str, cases: Iterable[Element]) -> int:
    return sum(case.find(tag) is not None for case in cases)


def _case(outcome: Outcome, name: str) -> Element:
    return Element("testcase", classname=visible(title(outcome.audit)), name=name)


def _by_case(outcome: Outcome) -> dict[str, list[Finding]]:
    """A test case keeps its name while lines move, as far as there is a rule to name it by."""
    cases: dict[str, list[Finding]] = {}
    for finding in in_order(outcome):
        if not finding.stops:
            subject = visible(finding.key) if finding.key else where(outcome, finding)
            cases.setdefault(f"{finding.title}: {subject}", []).append(finding)
    return cases


def _findings(outcome: Outcome, name: str, findings: Sequence[Finding]) -> Element:
    case = _case(outcome, name)
    for tag, fails in (("failure", True), ("system-out", False)):
        told = [finding for finding in findings if outcome.fails(finding) is fails]
        if told:
            child = SubElement(case, tag)
            child.text = "\n".join(line for finding in told for line in _account(outcome, finding))
            if fails:
                child.set("type", told[0].severity)
                child.set("message", "; ".join(visible(finding.message) for finding in told))
    return case


def _account(outcome: Outcome, finding: Finding) -> list[str]:
    names = folded_names(finding.params, _NAMES)
    return [f"{where(outcome, finding)}: {hinted(finding)}", *(f"    {name}" for name in names)]


def _error(outcome: Outcome, finding: Finding) -> Element:
    case = _case(outcome, f"not checked: {where(outcome, finding)}")
    error = SubElement(case, "error", type="error", message=visible(finding.message))
    error.text = f"{where(outcome, finding)}: {hinted(finding)}"
    return case

"""What is safe, what is not, and what is no fix at all; each case judged by a function that stands for an audit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pytest

from pgaudit.core.findings import Finding, Fix, Severity
from pgaudit.core.location import Location
from pgaudit.fix import fixed

Known = Mapping[str, tuple[Severity, Fix | None]]
"""What is found for a word: how grave it is, and the fix; "stop" is what ends the audit."""


def judged(known: Known, stops: frozenset[str] = frozenset()) -> Callable[[bytes], list[Finding]]:
    """Finds words of a text, and nothing else where one of them ends the audit."""

    def judge(data: bytes) -> list[Finding]:
        found, ending = [], []
        for number, line in enumerate(data.decode().splitlines(), 1):
            for match in re.finditer(r"\w+", line):
                if match[0] not in known:
                    continue
                severity, fix = known[match[0]]
                at = Location("a.yaml", number, match.start() + 1)
                if match[0] in stops:
                    ending.append(Finding.error(match[0], at, fix))
                else:
                    found.append(Finding("PG001", "x", severity, "x", None, at, key=match[0]).hinted(fix))
        return ending[:1] or found

    return judge


FC = Fix("fcc", "fc")
CASES: dict[str, tuple[str, Known, str, str, str | None]] = {
    "safe": ("fcc: 1", {"fcc": ("warning", FC)}, "", "fc: 1", "fc: 1"),
    "what nobody is sure of": ("fcc: 1", {"fcc": ("error", Fix("fcc", "fc", False))}, "", "fcc: 1", "fc: 1"),
    "one as grave comes": ("fcc: 1", {"fcc": ("info", FC), "fc": ("info", None)}, "", "fcc: 1", "fc: 1"),
    "a lesser one comes": ("fcc: 1", {"fcc": ("warning", FC), "fc": ("info", None)}, "", "fc: 1", "fc: 1"),
    "it ends the audit": ("fcc: 1", {"fcc": ("error", FC), "fc": ("error", None)}, "fc", "fcc: 1", "fcc: 1"),
    "the same word again": ("fcc: 1", {"fcc": ("error", Fix("fcc", "fcc"))}, "", "fcc: 1", "fcc: 1"),
    "two in a line": (
        "{a: {fcc: 1}, b: {fcc: 2}}",
        {"fcc": ("error", FC)},
        "",
        "{a: {fc: 1}, b: {fc: 2}}",
        "{a: {fc: 1}, b: {fc: 2}}",
    ),
    "two places": (
        "a: &x {fcc: 1}\nb: *x",
        {"fcc": ("error", FC)},
        "",
        "a: &x {fcc: 1}\nb: *x",
        "a: &x {fc: 1}\nb: *x",
    ),
    "an error is behind another": (
        "fcc: 1\nlrr: 1\nmdl: 1",
        {"fcc": ("error", FC), "lrr": ("error", Fix("lrr", "lr")), "mdl": ("error", None)},
        "fcc lrr",
        "fc: 1\nlr: 1\nmdl: 1",
        "fc: 1\nlr: 1\nmdl: 1",
    ),
    "one that nobody can fix is behind another": (
        "fcc: 1\nlrr: 1",
        {"fcc": ("error", FC), "lrr": ("error", None)},
        "fcc lrr",
        "fcc: 1\nlrr: 1",
        "fc: 1\nlrr: 1",
    ),
    "there and back": (
        "fcc: 1",
        {"fcc": ("error", FC), "fc": ("error", Fix("fc", "fcc"))},
        "fcc fc",
        "fcc: 1",
        None,
    ),
}


@pytest.mark.parametrize(("text", "known", "stops", "safe", "unsafe"), CASES.values(), ids=CASES)
def test_what_is_fixed(text: str, known: Known, stops: str, safe: str, unsafe: str | None) -> None:
    judge = judged(known, frozenset(stops.split()))
    found = fixed("a.yaml", text.encode(), judge)
    assert found.after.decode() == safe
    assert found.safe == len(found.applied)
    assert bool(found.unsafe) is (safe != unsafe)
    assert list(found.left) == judge(found.after)
    if unsafe is not None:
        assert fixed("a.yaml", text.encode(), judge, unsafe=True).after.decode() == unsafe


def test_no_other_file_is_fixed() -> None:
    there = Finding("PG001", "x", "error", "x", None, Location("base.yaml", 1, 1, True), key="fcc").hinted(FC)
    found = fixed("a.yaml", b"fcc: 1", lambda _: [there])
    assert (found.after, found.elsewhere) == (b"fcc: 1", (there,))

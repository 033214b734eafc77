"""Findings: their one order, and their words."""

from __future__ import annotations

import pytest

from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import SEVERITIES, THRESHOLDS, Finding, Severity, Threshold, at_least, gravity
from pgaudit.core.location import Location


def test_there_is_one_order_of_severities() -> None:
    assert SEVERITIES == ("error", "warning", "info")
    assert THRESHOLDS == ("info", "warning", "error", "never")
    assert list(map(gravity, (None, *THRESHOLDS))) == [-1, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("severity", "threshold", "reached"),
    [
        ("warning", "warning", True),
        ("error", "warning", True),
        ("info", "warning", False),
        ("error", "never", False),
        (None, "info", False),
    ],
)
def test_a_severity_reaches_a_threshold(severity: Severity | None, threshold: Threshold, reached: bool) -> None:
    assert at_least(severity, threshold) is reached


def test_one_parameter_is_named_and_several_are_not() -> None:
    one, two = (Finding("PG009", "x", "error", "tied", params=params) for params in (("a",), ("a", "b")))
    assert (one.param, two.param) == ("a", None)


def test_what_an_error_carries_is_a_finding_too() -> None:
    (finding,) = ConfigError("no", "try yes", Location("c.yaml", 1, 2), example=["yes"]).findings
    assert (finding.stops, finding.severity, finding.title, finding.example) == (True, "error", "error", ("yes",))
    assert finding.sentence == "c.yaml:1:2: no (try yes)"
    assert str(ConfigError([finding, finding])) == "c.yaml:1:2: no (try yes)\nc.yaml:1:2: no (try yes)"
    assert repr(Finding("PG001", "dead-key", "warning", "x\x1b")) == "<Finding PG001 dead-key [warning]: x\\x1b>"

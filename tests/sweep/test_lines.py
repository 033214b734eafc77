"""Results survive the way into a line of JSON and back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.sweep.lines import Identity, line, result
from pgaudit.sweep.records import CodeCount, SweepResult

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
COUNT = st.integers(0, 10**12)
SEVERITY = st.sampled_from(["info", "warning", "error"])
LINES = st.integers(1, 99)
LOCATION = st.builds(Location, st.just("c.yaml")) | st.builds(Location, st.just("c.yaml"), LINES, LINES)
WORST = st.builds(Finding, TEXT, TEXT, SEVERITY, TEXT, TEXT | st.none(), LOCATION)
AUDITED = st.builds(
    SweepResult,
    *(TEXT, st.just("c.yaml"), COUNT, COUNT, COUNT, COUNT, COUNT),
    st.lists(st.builds(CodeCount, COUNT, COUNT, WORST, COUNT), max_size=3).map(tuple),
    TEXT,
)
ERROR = st.builds(Finding.error, TEXT, LOCATION | st.none(), TEXT | st.none())
FAILED = st.builds(
    lambda model, errors: SweepResult(model, "c.yaml", errors=errors), TEXT, st.lists(ERROR, min_size=1).map(tuple)
)
IDENTITY = Identity("1.0", {"num_classes": 10}, {"c.yaml": "mmcv"}, {"c.yaml": "0123"})


@given(AUDITED | FAILED)
def test_there_and_back(of: SweepResult) -> None:
    text = line(of, IDENTITY)
    assert text.isascii()
    assert text.count("\n") == 1
    assert result(json.loads(text)) == of
    assert line(result(json.loads(text)), IDENTITY) == text

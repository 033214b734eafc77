"""Random edits of random policies: the gate fails exactly where the training would notice, and names exactly that."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pgaudit import PgauditError, Report
from pgaudit.core.expectations import Expectations
from pgaudit.gate import Audit, Outcome
from pgaudit.gate.run import judged
from pgaudit.optimizers.classes import optimizer_class
from pgaudit.sources.lock import written
from tests.budget import examples
from tests.gate.random_edits import OF_MODELS, OF_POLICIES, Edit, edited
from tests.parity.compare import Case, audit
from tests.parity.random_policies import cases
from tests.parity.trees import build

pytestmark = pytest.mark.slow

Effect = tuple[float | None, float | None, bool, bool]


def _effect(row: Any) -> Effect:
    return row.lr, row.weight_decay, row.group is not None, row.param.trainable


def _moved(before: Report, after: Report) -> list[str]:
    """The parameters that get something else, are new, or are gone; known by their first names, or else by others."""
    left = {row.name: _effect(row) for row in before.params}
    firsts = {row.name for row in after.params}
    moved = []
    for row in after.params:
        names = [row.name, *(name for name in sorted(row.param.aliases) if name not in firsts)]
        name = next((name for name in names if name in left), None)
        if name is None or left.pop(name) != _effect(row):
            moved.append(row.name)
    return sorted([*moved, *left])


def _arguments(report: Report) -> dict[str, Any]:
    """All that the optimizer does beside lr and weight decay, as torch has it once it is built."""
    given = {key: value for key, value in report.optimizer.call.items() if key != "type"}
    kind: Any = optimizer_class(str(report.optimizer.type))
    optimizer = kind([torch.nn.Parameter(torch.zeros(1))], **given)
    own = set(inspect.signature(kind).parameters) - {"lr", "weight_decay"}  # Lamb keeps a copy of its lr
    held = {key: list(value) if isinstance(value, tuple) else value for key, value in optimizer.defaults.items()}
    return {"type": kind, **{key: value for key, value in held.items() if key in own}}


def _judged(report: Report, lock: Path) -> Outcome:
    return judged(Audit(None, "c.yaml", lock=str(lock), fail_on="never"), report, Expectations())


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random") / "a.lock"


@settings(max_examples=examples(700))
@given(case=cases(), data=st.data())
def test_random_edits_of_policies_fail_exactly_where_something_moved(
    lock: Path, case: Case, data: st.DataObject
) -> None:
    _check(lock, case, data, OF_POLICIES)


@settings(max_examples=examples(300))
@given(case=cases(), data=st.data())
def test_random_edits_of_models_fail_exactly_where_something_moved(lock: Path, case: Case, data: st.DataObject) -> None:
    _check(lock, case, data, OF_MODELS)


def _check(lock: Path, case: Case, data: st.DataObject, edits: Sequence[Edit]) -> None:
    try:
        after = edited(data.draw, case, edits)  # type: ignore[arg-type]
        reports = [audit(build(each["model"]), each) for each in (case, after)]
    except (PgauditError, AttributeError, KeyError):  # no library would take it, or no such model can be built
        assume(False)
        raise
    lock.write_text(written(reports[0]))
    outcome = _judged(reports[1], lock)
    moved = _moved(*reports)
    setup = _arguments(reports[0]) != _arguments(reports[1])
    named = Counter(name for notice in outcome.failures for name in notice.params)
    assert sorted(named.elements()) == moved
    assert any(notice.name == "setup-moved" for notice in outcome.failures) == setup
    assert outcome.exit_code == bool(moved or setup)
    assert {notice.code for notice in outcome.failures} <= {"lock"}
    lock.write_text(written(reports[1]))
    assert _judged(reports[1], lock).exit_code == 0

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pgaudit.checks.pg012 import unambiguous
from tests.checks.cases import audit, places


def test_each_such_number_is_found_once_and_read_as_a_number(tmp_path: Path) -> None:
    report = audit(tmp_path, "optimizer:\n  type: SGD\n  lr: 1e-1\n  weight_decay: 5e-05\n")
    assert places(report, "PG012") == [("PG012", 3, 7), ("PG012", 4, 17)]
    assert [finding.hint for finding in report.findings if finding.code == "PG012"] == ["write 1.0e-1", "write 5.0e-05"]
    assert (report.base.lr, report.base.weight_decay) == (0.1, 5e-5)


def test_an_alias_is_one_place(tmp_path: Path) -> None:
    text = "optimizer: {type: SGD, lr: &x 1e-1, weight_decay: *x}\n"
    assert places(audit(tmp_path, text), "PG012") == [("PG012", 1, 28)]


@pytest.mark.parametrize("number", ["1.0e-4", "0.0001", "'1e-4'"])
def test_other_numbers_are_silent(tmp_path: Path, number: str) -> None:
    text = f"optimizer: {{type: SGD, lr: 0.1}}\nparamwise_cfg: {{x: {number}}}\n"
    assert places(audit(tmp_path, text), "PG012") == []


@given(st.from_regex(r"[-+]?([0-9]{1,4}|[0-9]{0,2}\.[0-9]{1,3})[eE][-+]?[0-9]{1,2}", fullmatch=True))
def test_what_the_hint_writes_is_the_same_number_to_pyyaml(text: str) -> None:
    assert yaml.safe_load(unambiguous(text)) == float(text)

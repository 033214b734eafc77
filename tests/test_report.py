"""A report as a Python object: short in a console, and a collection of its rows."""

from __future__ import annotations

import copy
import pickle

import pytest
from torch import nn

import pgaudit
from pgaudit.report import Report
from tests.render.reports import POLICY, Wrapper


def _many(blocks: int) -> nn.Module:
    """A model of any size under a policy with findings about all of it, whose names are out to harm a terminal."""
    model = nn.ModuleList(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)) for _ in range(blocks))
    model[0].register_parameter("\x1b[31mred\nline", nn.Parameter(nn.Linear(2, 2).weight))
    return model


@pytest.fixture(scope="module")
def report() -> Report:
    return pgaudit.audit(Wrapper(), POLICY)


@pytest.mark.parametrize("blocks", [1, 200])
def test_everything_in_a_report_is_short_in_a_console(blocks: int) -> None:
    keys = {"0.": {"lr_mult": 0.0}, "1": {"lr_mult": 2.0}, "absent": {"lr_mult": 3.0}}
    report = pgaudit.audit(_many(blocks), {"optimizer": POLICY["optimizer"], "paramwise_cfg": {"custom_keys": keys}})
    assert len(report.findings) >= 3
    for one in (report, *report.params, *report.groups, *report.rules, *report.findings):
        assert len(repr(one)) < 300
        assert repr(one).isprintable()
        assert one is report or str(one) == repr(one)


def test_what_a_console_shows(report: Report) -> None:
    assert repr(report) == "<Report Wrapper, mmcv, SGD lr 0.1: 19 tensors, 17 groups, 1 error, 2 warnings, 1 info>"
    assert repr(report["head.bias"]) == (
        "<ParamAssignment head.bias: lr 1.0 by custom_keys.head, weight_decay 0.0001 by custom_keys.head, group 16>"
    )
    assert repr(report["sibling.bias"]) == "<ParamAssignment sibling.bias: in no group>"
    assert "<Finding PG011 unknown-option [error]: " in repr(report.findings)


def test_a_report_is_a_collection_of_its_rows(report: Report) -> None:
    assert len(report) == len(report.params) == 19
    assert list(report) == list(report.params)
    assert [row.name in report and row in report for row in report] == [True] * 19
    assert "head_twin.weight" in report  # an alias
    assert report["head_twin.weight"] is report["head.weight"]
    assert not any(other in report for other in ("head", "", None, 3, ("head.bias",)))
    assert copy.replace(report.params[0], group=99) not in report if hasattr(copy, "replace") else True


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("head.weigth", 'no parameter is called "head.weigth"; did you mean "head.weight"?'),
        ("head_twin.wieght", 'no parameter is called "head_twin.wieght"; did you mean "head_twin.weight"?'),
        ("zzz", 'no parameter is called "zzz"'),
        ("\x1b[31m", 'no parameter is called "\\x1b[31m"'),
    ],
)
def test_an_unknown_name_is_a_key_error_that_reads_well(report: Report, name: str, said: str) -> None:
    with pytest.raises(KeyError) as caught:
        report[name]
    assert str(caught.value) == said
    assert str(pickle.loads(pickle.dumps(caught.value))) == said

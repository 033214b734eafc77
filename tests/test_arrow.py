"""Data frames of a report, by the real pandas, polars and pyarrow: every value is the report's own, bit for bit."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pandas
import polars
import pyarrow
import pytest
from torch import nn, optim

import pgaudit
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.core.setting import Provenance
from pgaudit.pipeline import audit
from pgaudit.render.report.data import render_csv
from pgaudit.render.select import Selection
from pgaudit.report import Report
from tests.built.cases import Net, grouped
from tests.diff import made
from tests.render.over_time import POLICY
from tests.render.reports import HOSTILE, everything, hostile


def _timm() -> Report:
    config = {
        "constructor": "timm",
        "optimizer": {"type": "adamw", "lr": 3e-4, "weight_decay": 0.05},
        "paramwise_cfg": {"layer_decay": 0.65},
    }
    return pgaudit.audit("vit_tiny_patch16_224", config)


def _over_time() -> Report:
    """Products, and a lr that nobody knows past the end of the schedule."""
    scheduler = {"type": "OneCycleLR", "max_lr": 1.0, "total_steps": 100}
    policy = {**POLICY, "optimizer": {"type": "AdamW", "lr": 0.1, "weight_decay": 0.3}, "scheduler": scheduler}
    return audit(Net(), policy, request=ScheduleRequest(at=(0, 7, 1000), product=True))


def _built() -> Report:
    """Frozen, tied and unnamed tensors, one that is in nothing, two optimizers, one schedule."""
    model = Net()
    model.bn.requires_grad_(False)
    first = grouped(model)
    first.param_groups[2]["params"] = [model.fc.weight]
    first.add_param_group({"params": [nn.Parameter(model.fc.bias.detach().clone())], "lr": 1 / 3})
    model.extra = nn.Linear(2, 2)
    second = optim.SGD([model.fc.bias], lr=0.1 + 0.2, momentum=0.5)
    schedule = optim.lr_scheduler.CosineAnnealingLR(first, 10)
    return pgaudit.audit(model, {"body": first, "head": second}, scheduler=schedule, at=(0, 3, 10))


def _odd() -> Report:
    """What no audit gives, but a file may: nothing known, no numbers, halves of letters."""
    rule = Provenance("opt\udc80", "key")
    unknown = {"shape": None, "numel": None, "dtype": None, "module_type": None, "trainable": None}
    return made.report(
        made.param("nan", math.nan, math.inf, rule, None, **unknown),
        made.param("half\udc80", 1, -0.0, None, None, shape=(), numel=1),
        made.param("tiny", 5e-324, None, group=None, optimizer=None),
    )


REPORTS: dict[str, Callable[[], Report]] = {
    "timm": _timm, "over_time": _over_time, "built": _built, "everything": everything, "hostile": hostile, "odd": _odd,
}  # fmt: skip


@pytest.fixture(scope="module", params=REPORTS)
def report(request: pytest.FixtureRequest) -> Report:
    return REPORTS[request.param]()


def _expected(report: Report) -> Iterator[dict[str, Any]]:
    """What the JSON report says of each parameter, under the names of CSV."""
    for row in report.params:
        entry = report.entry(row)
        found = {key: entry.get(key) for key in ("name aliases shape numel dtype module_type trainable".split())}
        found |= {key: entry[key] for key in ("in_optimizer", "group", "optimizer")}
        found |= {"lr": row.lr, "weight_decay": row.weight_decay, "scheduled_lr": row.scheduled_lr}
        for which in ("lr_rule", "weight_decay_rule"):
            rule = entry[which] or {"option": None, "key": None, "line": None}
            line = None if rule["line"] is None else str(rule["line"])
            value = which.removesuffix("_rule")
            found |= {which: rule["option"], f"{value}_key": rule["key"], f"{value}_line": line}
        found["extra"] = entry["extra"] or None
        for key, by_step in (("lr_at", report.lrs_at(row)), ("decay_per_step_at", report.decay_per_step_at(row))):
            if key == "lr_at" or report.with_products:
                found |= {f"{key}_{step}": value for step, value in by_step.items()}
        if report.with_products:
            found["decay_per_step"] = report.decay_per_step(row)
        yield found


def _bits(value: Any) -> Any:
    """A value as it is compared: of a number each bit, of text what UTF-8 can hold of it."""
    if isinstance(value, list):
        return [*map(_bits, value)]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace")
    return struct.pack("<d", value) if isinstance(value, float) else value


def _compared(report: Report, found: list[dict[str, Any]]) -> None:
    expected = list(_expected(report))
    assert len(found) == len(expected) == len(report)
    for own, theirs in zip(expected, found, strict=True):
        assert {*theirs} == {*own}
        theirs = {**theirs, "extra": theirs["extra"] and json.loads(theirs["extra"])}
        for key, value in own.items():
            is_number = isinstance(value, int) and isinstance(theirs[key], float)
            assert _bits(theirs[key]) == _bits(float(value) if is_number else value), (own["name"], key)


def test_pyarrow_holds_every_value(report: Report) -> None:
    table = pyarrow.table(report)
    _compared(report, table.to_pylist())
    (header, *_) = csv.reader(io.StringIO(render_csv(report, Selection())))
    assert table.column_names == header
    words = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    types = {"lr_rule": words, "module_type": words, "shape": pyarrow.list_(pyarrow.int64()), "group": pyarrow.int64()}
    assert types.items() <= {field.name: field.type for field in table.schema}.items()


def test_polars_holds_every_value(report: Report) -> None:
    _compared(report, polars.DataFrame(report).to_dicts())
    frame = report.to_polars()
    assert frame.equals(polars.DataFrame(report))
    assert frame.schema["weight_decay_rule"] == polars.Categorical
    assert frame.schema["shape"] == polars.List(polars.Int64)


def test_pandas_holds_every_value(report: Report) -> None:
    frame = report.to_pandas()
    assert frame.dtypes["lr_rule"] == "category"
    assert (frame.dtypes["group"], frame.dtypes["trainable"]) == (pandas.Int64Dtype(), pandas.BooleanDtype())
    for own, (_, theirs) in zip(_expected(report), frame.iterrows(), strict=True):
        for key, value in own.items():
            held = theirs[key]
            if isinstance(value, list):
                assert list(held) == [_bits(each).decode() if isinstance(each, str) else each for each in value]
            elif value is None:
                assert held is None or pandas.isna(held)
            elif key == "extra":
                assert json.loads(held) == value
            else:
                assert _bits(held) == _bits(float(value) if frame.dtypes[key] == "float64" else value), key


@pytest.mark.skipif(not hasattr(pandas.DataFrame, "from_arrow"), reason="pandas 3 takes an Arrow stream")
def test_pandas_takes_the_stream_itself() -> None:
    frame = pandas.DataFrame.from_arrow(_timm())
    assert frame["lr"].tolist() == [row.lr for row in _timm()]
    assert frame["scheduled_lr"].groupby(frame["lr_rule"], observed=True).max().to_dict() == {"layer_decay": 3e-4}


def test_names_are_those_of_the_model() -> None:
    assert HOSTILE in hostile().to_polars()["name"][0]


def test_there_is_what_was_meant_to_be_tested() -> None:
    built = _built()
    frame = built.to_polars()
    assert frame["optimizer"].unique().to_list() == [None, 0, 1]
    assert not frame["trainable"].all()
    assert frame["aliases"].list.len().sum() == 1
    assert {"lr_at_0", "lr_at_3", "lr_at_10"} <= {*frame.columns}
    assert frame.filter(polars.col("name").str.contains("group"))["lr"].to_list() == [1 / 3]
    assert _over_time().to_polars()["lr_at_1000"].null_count() == len(_over_time())


def test_a_schema_may_be_asked_for() -> None:
    asked = pyarrow.table(_timm()).schema
    capsule = _timm().__arrow_c_stream__(asked.__arrow_c_schema__())
    assert pyarrow.RecordBatchReader._import_from_c_capsule(capsule).schema == asked


@pytest.mark.parametrize(
    ("missing", "call", "hint"),
    [
        ("pyarrow", Report.__arrow_c_stream__, r"pip install 'pgaudit\[arrow\]'"),
        ("pyarrow", Report.to_pandas, r"pip install 'pgaudit\[arrow\]'"),
        ("polars", Report.to_polars, "pip install polars"),
        ("pandas", Report.to_pandas, "pip install pandas"),
    ],
)
def test_what_is_not_installed_is_named(
    missing: str, call: Callable[[Report], object], hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(pgaudit.UsageError, match=f"needs {missing}, which is not installed.*{hint}"):
        call(everything())

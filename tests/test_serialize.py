"""Numbers for which JSON has no word: written as words, and read again."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn, optim

import pgaudit
from pgaudit import cli
from pgaudit.render.choices import Format
from pgaudit.sources.saved_report import from_json
from tests.budget import examples

FLOATS = st.floats(width=32)
NUMBERS = st.one_of(
    st.floats(),
    FLOATS.map(np.float32),
    st.floats().map(np.float64),
    FLOATS.map(torch.tensor),
    FLOATS.map(np.array),
    st.fractions(),
    st.sampled_from([10**400, -(10**400), 0, 1, Fraction(1, 3)]),
)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _same(one: Any, other: float) -> bool:
    return float(one).hex() == other.hex()


@settings(max_examples=examples(100))
@given(NUMBERS, NUMBERS)
def test_random_numbers_are_told_bit_for_bit(lr: Any, decay: Any) -> None:
    """What a group holds, of whatever type, is that number in Python, in JSON, and in a report that is read again."""
    model = nn.Linear(2, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    optimizer.param_groups[0].update(lr=lr, weight_decay=decay)
    report = pgaudit.audit(model, optimizer)
    text = json.dumps(report.to_dict(), allow_nan=False)
    for found in (report["weight"], from_json(json.loads(text))["weight"]):
        assert _same(found.lr, _float(lr))
        assert _same(found.weight_decay, _float(decay))
    entry = json.loads(text)["params"][0]
    assert _same(entry["lr"], _float(lr))
    assert isinstance(entry["lr"], float) == math.isfinite(_float(lr))


FORMATS = [form for form in get_args(Format) if form != "svg"]


@pytest.mark.parametrize("lr", [math.nan, math.inf, 10**400], ids=["nan", "inf", "huge"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_whole(form: str, lr: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = nn.Linear(2, 2)
    optimizer = optim.AdamW(model.parameters())
    optimizer.param_groups[0].update(lr=lr, weight_decay=lr, eps=lr)
    torch.save(optimizer.state_dict(), tmp_path / "run.pt")
    assert cli.main(["show", str(tmp_path / "run.pt"), "--format", form]) == 0
    out = capsys.readouterr().out
    assert str(_float(lr)) in out
    if form == "json":
        assert json.loads(out)["groups"][0]["weight_decay"] == str(_float(lr))

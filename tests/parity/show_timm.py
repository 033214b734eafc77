"""Shows one timm model in every way, and checks what holds for every table."""

from __future__ import annotations

import itertools
import json
import re

import pgaudit
from pgaudit.folds import fold
from pgaudit.render.report.data import render_csv, render_json
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection
from pgaudit.render.terminal import TableOptions

POLICY = {
    "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05},
    "paramwise_cfg": {
        "norm_decay_mult": 0.0,
        "bias_decay_mult": 0.0,
        "bypass_duplicate": True,
        "custom_keys": {"head": {"lr_mult": 10.0}, "fc": {"lr_mult": 10.0}},
    },
}


def show(name: str) -> int:
    """Returns the number of parameters that were shown."""
    report = pgaudit.audit(name, POLICY)
    names = [row.name for row in report.params]
    table = "".join(render_table(report, Selection(), TableOptions()))
    rows = table.split("\n\n")[1].split("\n")[1:]
    assert [row.partition("  ")[0] for row in rows if not row.startswith("  ")] == names
    assert sorted(each for entry in fold(report.params) for each in spelled(entry.name)) == sorted(names)
    for width in (80, 120):
        for folded in (False, True):
            lines = "".join(render_table(report, Selection(), TableOptions(width=width, fold=folded))).split("\n")
            assert max(map(len, lines)) <= width, name
    assert json.loads("".join(render_json(report, Selection()))) == report.to_dict()
    assert len(render_csv(report, Selection()).split("\n")) == len(names) + 2
    return len(names)


def spelled(pattern: str) -> list[str]:
    """Every name that a folded one with {a,b} and {0..3} stands for."""
    parts = re.split(r"\{([^}]*)\}", pattern)
    choices = [[part] if index % 2 == 0 else _values(part) for index, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


def _values(inside: str) -> list[str]:
    values: list[str] = []
    for span in inside.split(","):
        first, dots, last = span.partition("..")
        values += [str(value) for value in range(int(first), int(last) + 1)] if dots else [span]
    return values

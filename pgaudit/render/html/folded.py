"""The table as a browser without scripts shows it: parameters that are alike in one line, as on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from pgaudit.render.report.rows import folds, held
from pgaudit.render.report.values import cell, values_of
from pgaudit.render.select import Selection
from pgaudit.render.style import UNICODE, group_words, labels
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import visible

_LINES = 200
_ROWS = 5_000
"""Parameters from which on folding takes longer than such a table is worth."""


class FoldedLine(NamedTuple):
    """Parameters under one name."""

    name: str
    tensors: int
    values: Sequence[str]
    words: str
    """What decided."""


def folded_lines(report: Report, selection: Selection, shown: int) -> list[FoldedLine]:
    """Returns the first lines of the table; none of a model with so many parameters that it is too large.

    Args:
        report: which has them.
        selection: which of them are wanted.
        shown: how many these are.
    """
    return list(islice(_lines(report, selection), _LINES)) if shown <= _ROWS else []


def _lines(report: Report, selection: Selection) -> Iterator[FoldedLine]:
    for _, lines in folds(report, selection, folded=True):
        for line in lines:
            row, built = line.rows[0], group_words(line.rows)
            out, quiet = not row.in_optimizer, row.param.trainable is False
            values = [
                cell(each, TableOptions(), left_out=out, built=bool(built), quiet=quiet).plain.strip()
                for each in values_of(report, line.rows)
            ]
            words = "".join(word for word, _ in labels(row.setting, trainable=row.param.trainable, built=built))
            beside = f" {UNICODE.dot} ".join([words, *held(report, row)])
            yield FoldedLine(visible(line.name), len(line.rows), values, beside)

"""All that a page's table holds, as columns."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from operator import is_
from typing import Any

from pgaudit.core.assignment import ParamAssignment, ParameterInfo
from pgaudit.render.html.along import Along
from pgaudit.render.html.explained import explained
from pgaudit.render.html.kinds import kinds_of, titles_of
from pgaudit.render.html.notices import Notice
from pgaudit.render.html.packing import ranges, steps
from pgaudit.render.html.report_map import report_map
from pgaudit.render.html.shares import Shares
from pgaudit.render.numbers import elements, shape
from pgaudit.report import Report
from pgaudit.serialize import portable
from pgaudit.text import visible

_Make = tuple["tuple[int, ...] | None", "int | None", "str | None", "str | None"]


def columns_of(
    report: Report,
    rows: Sequence[ParamAssignment],
    shares: Shares,
    notices: Sequence[Notice],
    along: Along,
    name: str,
) -> dict[str, Any]:
    """Returns what the page's script reads; its names are those in app/data.js.

    Args:
        report: which has the parameters.
        rows: those of the page.
        shares: the bars by which they can be chosen.
        notices: the findings, by which they can be chosen, too.
        along: the pictures of the whole model, whose blocks choose them, as well.
        name: what the model is called.
    """
    places, kinds = _places(report, rows), kinds_of(report, report.params, shares)
    drawn = report_map(report, kinds, shares, name)
    kinds = replace(kinds, of=_at(places, kinds.of))
    whys = explained(report, rows, kinds)
    make_of: dict[_Make, int] = {}
    makes = [make_of.setdefault(_make(row.param), len(make_of)) for row in rows]
    place = {row.name: index for index, row in enumerate(rows)}
    return {
        "titles": titles_of(report),
        "by": "rule" if shares.by_rule else "group",
        "names": "\n".join(visible(row.name) for row in rows),
        "aliases": {str(at): [*map(visible, row.param.aliases)] for at, row in enumerate(rows) if row.param.aliases},
        "strange": ranges(at for at, row in enumerate(rows) if visible(row.name) != row.name),
        "make": steps(makes),
        "makes": [_make_words(*make) for make in make_of],
        "kind": steps(kinds.of),
        "kinds": kinds.entries,
        "group": steps([-1 if row.group is None else row.group for row in rows]),
        "why": steps(whys.of),
        "whys": whys.entries,
        "whole": whys.whole,
        "command": "" if whys.whole else _command(report),
        "map": drawn.data,
        "leaf": steps(_at(places, drawn.leaf_of)),
        "along": along.pictures,
        "blocks": along.blocks,
        "block": steps(_at(places, along.block_of)) if along.blocks else [],
        "bars": [[bar.key, bar.label, bar.colour] for bar in shares.bars],
        "findings": {
            each.key: ranges(sorted(place[name] for name in each.finding.params if name in place)) for each in notices
        },
    }


def _places(report: Report, rows: Sequence[ParamAssignment]) -> Sequence[int]:
    """Where rows are in the order of the model."""
    if len(rows) == len(report) and all(map(is_, rows, report.params)):
        return range(len(rows))
    place = {row.name: index for index, row in enumerate(report.params)}
    return [place[row.name] for row in rows]


def _at(places: Sequence[int], column: Sequence[int]) -> Sequence[int]:
    return column if isinstance(places, range) else [column[place] for place in places]


def _make(param: ParameterInfo) -> _Make:
    """What parameters of one make have in common."""
    return param.shape, param.numel, param.module_type, param.dtype


def _make_words(sizes: tuple[int, ...] | None, numel: int | None, owner: str | None, dtype: str | None) -> list[object]:
    """The shape, the elements, first as a number, the class of the module, the type of the elements."""
    return [shape(sizes), -1 if numel is None else numel, elements(numel), visible(owner or ""), visible(dtype or "")]


def _command(report: Report) -> str:
    """What explains a parameter when its name is added; empty where the report was not read from files that are
    named, or with more than the command would know.
    """
    if report.basis is None or report.path is None or report.assignment.model.ref is None or report.tried:
        return ""
    words = (portable(report.assignment.model.ref) or "", portable(report.path) or "")
    return f"pgaudit explain {shlex.join(words)}" if all(map(str.isprintable, words)) else ""

"""The lrs along the model for a page: the blocks that ``show --plot`` has, and a dot for each lr in one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.core.assignment import ParamAssignment
from pgaudit.render.html.shares import Shares
from pgaudit.render.numbers import elements, needs_log, number
from pgaudit.render.report.blocks import Level, blocks, by_level
from pgaudit.render.report.grading import usual_rule
from pgaudit.render.report.values import lr_that_counts
from pgaudit.render.style import UNICODE
from pgaudit.report import Report
from pgaudit.text import counted, visible

_MOST = 300
"""Blocks of a picture."""


@dataclass(frozen=True)
class Along:
    """The pictures of a report."""

    pictures: Sequence[dict[str, Any]]
    """For the page's script: one for each optimizer that has several lrs."""
    sentences: Sequence[str]
    """What is said instead of one, or beside it."""
    blocks: Sequence[str]
    """What stands for each block in the page's address."""
    block_of: Sequence[int]
    """The block of each of the report's parameters; -1 where there is no picture."""


def along_of(report: Report, shares: Shares) -> Along:
    """Returns the pictures; the lr is the one that counts: that of the schedule's full height, where there is one."""
    optimizers = range(len(report.assignment.optimizers))
    rows_of: list[list[ParamAssignment]] = [[] for _ in optimizers]
    for row in report.params if optimizers else ():
        rows_of[row.optimizer or 0].append(row)
    pictures, sentences, names, found = [], [], list[str](), dict[int, int]()
    for index, rows in enumerate(rows_of):
        title = visible(report.optimizer_title(index)) if len(optimizers) > 1 else ""
        levels = by_level(report, rows)
        if len(levels) == 1:
            beside = f"{title}: " if title else ""
            what = "scheduled lr" if report.scheduled else "lr"
            sentences.append(f"{beside}{what} {_untrained(*levels) or number(next(iter(levels)).lr)} everywhere")
        elif levels:
            pictures.append(_picture(report, rows, shares, title, names, found))
    return Along(pictures, sentences, names, [found.get(id(row), -1) for row in report.params])


def _picture(
    report: Report, rows: Sequence[ParamAssignment], shares: Shares, title: str, names: list[str], found: dict[int, int]
) -> dict[str, Any]:
    """A picture; its blocks are added to ``names``, and those of its rows to ``found``."""
    usual = usual_rule(rows)
    folds = blocks(report, rows)
    total = sum(row.param.numel or 0 for row in rows) if report.numel else len(rows)
    dots: list[list[Any]] = []
    first = len(names)
    for place, fold in enumerate(folds[:_MOST]):
        name = visible(fold.name)
        names.append(f"{name} ({title})" if title else name)
        found.update((id(row), len(names) - 1) for row in fold.rows)
        for level, those in by_level(report, fold.rows).items():
            numel = sum(row.param.numel or 0 for row in those)
            lr = level.lr if level.lr is not None and math.isfinite(level.lr) else None
            words = _untrained(level) or lr_that_counts(report, those[0], usual).words(UNICODE)
            colour = _colour(report, those[0], shares)
            size = f", {elements(numel)} parameters" if report.numel else ""
            share = (numel if report.numel else len(those)) / (total or 1)
            dots.append([place, lr, words, f"{counted(len(those), 'tensor')}{size}", float(f"{share:.4g}"), colour])
    what = "scheduled lr" if report.scheduled else "lr"
    left = len(folds) - _MOST
    return {
        "title": title,
        "what": what,
        "first": first,
        "names": [visible(fold.name) for fold in folds[:_MOST]],
        "dots": dots,
        "log": needs_log(lr for lr, _ in _lrs(dots)),
        "words": _sentence(what, title, [*_lrs(dots)], min(len(folds), _MOST)),
        "rest": f"The first {_MOST:,} blocks; {left:,} more are not drawn." if left > 0 else "",
    }


def _lrs(dots: Sequence[Sequence[Any]]) -> Iterator[tuple[float, str]]:
    yield from ((lr, words) for _, lr, words, *_ in dots if lr is not None)


def _sentence(what: str, title: str, lrs: Sequence[tuple[float, str]], count: int) -> str:
    """What the picture shows, for those who do not see it."""
    of = f" of {title}" if title else ""
    span = f", {min(lrs)[1]} to {max(lrs)[1]}" if lrs else ""
    return f"The {what}{of} along {counted(count, 'block')} of the model{span}"


def _colour(report: Report, row: ParamAssignment, shares: Shares) -> str:
    """The colour of what decided the lr, and not of what decided the weight decay alone."""
    rule = row.setting.lr_rule
    if rule is not None and rule.is_base:
        return "rule-base"
    bars = shares.places(report, row)
    return shares.bars[bars[0]].colour if bars else "rule-base"


def _untrained(level: Level) -> str:
    """Why there is no lr; empty where there is one."""
    if level.frozen:
        return f"{UNICODE.frozen} frozen"
    return f"{UNICODE.left_out} not in the optimizer" if level.lr is None else ""

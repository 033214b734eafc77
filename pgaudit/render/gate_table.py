"""Outcomes of the gate → text for a terminal: what failed and why, then one line an audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgaudit.checks import Severity
from pgaudit.errors import place
from pgaudit.folding import fold_named
from pgaudit.gate import Notice, Outcome
from pgaudit.render.layout import GAP, broken
from pgaudit.render.rows import TableOptions
from pgaudit.render.style import BASE, SEVERITIES
from pgaudit.render.table import printed
from pgaudit.text import counted, visible

_NAMES = 6
"""Folded names that are listed under a failure."""


def render_gate_table(outcomes: Sequence[Outcome], options: TableOptions) -> str:
    """Returns all failures, and a table of the audits; notices that fail nothing are counted."""
    parts: list[RenderableType] = []
    for outcome in outcomes:
        said = [*_account(outcome, options)]
        if said:
            parts += [Text(visible(outcome.audit.title), style="bold")] if len(outcomes) > 1 else []
            parts += [*said, ""]
    parts.append(_summary(outcomes, options) if len(outcomes) > 1 else _verdict(outcomes[0], options))
    return printed(Group(*parts), options)


def _account(outcome: Outcome, options: TableOptions) -> Iterator[Text]:
    for problem in outcome.problems:
        where = visible(place(problem.path, problem.position))
        yield Text.assemble(where, "  " if where else "", ("error", "bold red"), f"  {visible(problem.message)}")
        if problem.hint:
            yield Text(f"  {visible(problem.hint)}", style=BASE)
    for notice in outcome.failures:
        yield from _failure(notice, options)


def _failure(notice: Notice, options: TableOptions) -> Iterator[Text]:
    where = visible(place(notice.path, notice.position))
    head = Text(f"{where}  " if where else "")
    head.append(f"{notice.code} {notice.name}", style=SEVERITIES[notice.level])
    head.append(f" [{notice.level}]  ", style=SEVERITIES[notice.level])
    for index, word in enumerate(visible(notice.message).split(" ")):
        last = head.plain.rpartition("\n")[2]
        if options.width and index and len(last) + 1 + len(word) > options.width:
            head.append("\n      ")
        elif index:
            head.append(" ")
        head.append(word)
    yield head
    if notice.hint:
        yield Text(f"  {visible(notice.hint)}", style=BASE)
    if len(notice.params) > 1:
        yield from _names(notice.params, options)


def _names(names: Sequence[str], options: TableOptions) -> Iterator[Text]:
    folds = fold_named((name, 0, 0, name) for name in names)
    for fold in folds[:_NAMES]:
        yield from (Text(f"    {line}") for line in broken(visible(fold.name), options.width and options.width - 4))
    if len(folds) > _NAMES:
        rest = sum(len(fold.rows) for fold in folds[_NAMES:])
        yield Text(f"    and {counted(rest, 'parameter')} more", style=BASE)


def _verdict(outcome: Outcome, options: TableOptions) -> Text:
    word, style = _word(outcome, options)
    return Text.assemble((word, style), f" {options.marks.dot} ", _counts(outcome, f" {options.marks.dot} "))


def _word(outcome: Outcome, options: TableOptions) -> tuple[str, str]:
    if outcome.problems:
        return f"{options.marks.left_out} not checked", "bold red"
    if outcome.failures:
        return f"{options.marks.left_out} failed", "bold red"
    return f"{options.marks.won} passed", "bold green"


def _counts(outcome: Outcome, dot: str) -> str:
    if outcome.problems:
        return counted(len(outcome.problems), "problem")
    levels = Counter(notice.level for notice in outcome.notices if not notice.fails)
    words = [counted(outcome.parameters, "parameter"), counted(len(outcome.failures), "failure")]
    words += [counted(levels[level], noun) for level, noun in _NOUNS.items() if levels[level]]
    words += [f"{outcome.ignored} ignored"] if outcome.ignored else []
    return dot.join(words)


_NOUNS: dict[Severity, str] = {"error": "other error", "warning": "warning", "info": "remark"}


def _summary(outcomes: Sequence[Outcome], options: TableOptions) -> Table:
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column("audit", overflow="fold")
    for outcome in outcomes:
        word, style = _word(outcome, options)
        table.add_row(
            Text(word, style=style),
            Text.assemble(visible(outcome.audit.title), "  ", (_counts(outcome, f" {options.marks.dot} "), BASE)),
        )
    failed = sum(bool(outcome.failures) for outcome in outcomes)
    unchecked = sum(bool(outcome.problems) for outcome in outcomes)
    words = [counted(len(outcomes), "audit"), f"{len(outcomes) - failed - unchecked} passed"]
    words += [f"{failed} failed"] if failed else []
    words += [f"{unchecked} not checked"] if unchecked else []
    table.caption, table.caption_justify, table.caption_style = ", ".join(words), "left", BASE
    return table

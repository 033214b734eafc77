"""Diff → the colour table for a terminal, or its plain text."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgaudit.diff import Change, ChangeKind, Diff
from pgaudit.diff.records import effect
from pgaudit.names import Folded
from pgaudit.render.columns import Column, Row, Table
from pgaudit.render.diff_words import (
    MARKS,
    columns,
    counts,
    extra_words,
    head,
    lines_of,
    renamed,
    rule_of,
    rule_sides,
    setup_words,
    value_words,
)
from pgaudit.render.numbers import shape
from pgaudit.render.style import BASE, DECIDED_BY, Marks, colour
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.render.wrap import filled
from pgaudit.text import visible

_COLOURS = {"+": "green", "~": "yellow", "-": "red", " ": BASE}


def render_diff_table(diff: Diff, options: TableOptions, *, rules: bool = True) -> str:
    """Returns the whole diff as text.

    Args:
        diff: what to tell.
        options: how it is drawn.
        rules: whether parameters are listed for which only the rule is another.
    """
    return printed(_lines(diff, options, rules=rules), options)


def _lines(diff: Diff, options: TableOptions, *, rules: bool) -> Iterator[Text]:
    marks, width = options.marks, options.width
    title, words = head(diff, marks)
    yield Text(title, "bold")
    yield from filled(words, width, joint=f" {marks.dot} ", hanging=2) if words else []
    yield Text()
    if diff.setup:
        yield from (*_setup(diff, marks).lines(width), Text())
    if changes := diff.changes if rules else diff.effective:
        yield from (*_table(diff, lines_of(changes, fold=options.fold), marks).lines(width), Text())
    found = [Text(f"{mark} {what}".strip(), _COLOURS[mark]) for mark, what in counts(diff)]
    dot = ", " if marks.dot == MARKS[ChangeKind.REMOVED] else f" {marks.dot} "
    yield from filled(found, width, joint=dot, style=BASE)


def _setup(diff: Diff, marks: Marks) -> Table:
    rows = []
    for change in diff.setup:
        mark, old, new = setup_words(change)
        value = Text(old if mark == "-" else new, "bold")
        both = Text.assemble(old, (f" {marks.arrow} ", BASE), value) if mark == "~" else value
        rows.append(Row(visible(change.name), [both], Text(f"{mark} ", f"bold {_COLOURS[mark]}")))
    return Table([Column(), Column()], rows)


def _table(diff: Diff, lines: Sequence[Folded[Change]], marks: Marks) -> Table:
    """Returns all changes; those of the same effect stand last, under a heading of their own."""
    changes = {_likeness(line.rows[0]): line.rows[0] for line in lines}
    titles = columns(changes.values())
    words = {which: [value_words(change, which, marks) for change in changes.values()] for which in titles}
    olds = {which: max([0, *(len(each.old) for each in of if each.new is not None)]) for which, of in words.items()}
    told = {likeness: _told(diff, change, olds, marks) for likeness, change in changes.items()}
    folded = any(len(line.rows) > 1 for line in lines)
    rows: list[Row | Text] = []
    apart: list[Row | Text] = []
    for line in lines:
        change = line.rows[0]
        quiet = change.kind is ChangeKind.SAME_EFFECT
        mark, own = MARKS[change.kind], told[_likeness(change)]
        count = Text(str(len(line.rows)), BASE if quiet or len(line.rows) == 1 else "")
        row = Row(
            visible(line.name),
            [*([count] if folded else []), *own.values, own.rules],
            Text(f"{mark} ", f"bold {_COLOURS[mark]}"),
            BASE if quiet else "",
            _facts(change, marks),
            own.short,
            own.parts,
            own.rules.plain == "default",
        )
        (apart if quiet else rows).append(row)
    if apart:
        rows += [Text(), Text.assemble("  ", ("same effect, other rule", f"{BASE} underline")), *apart]
    shown = [
        Column("  parameter"),
        *([Column(marks.times, right=True)] if folded else []),
        *(Column(f"  {title}") for title in titles.values()),
        Column(DECIDED_BY),
    ]
    return Table(shown, rows, moving=True)


def _likeness(change: Change) -> Hashable:
    """What changes have in common of which the same is told: thousands have few different ones."""
    sides = (change.before, change.after)
    rules = (each and (*effect(each), each.setting.lr_rule, each.setting.weight_decay_rule) for each in sides)
    return change.kind, repr(change.extra), *rules


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of all changes that are alike, right of their names."""

    values: Sequence[Text]
    rules: Text
    short: Text
    """The rules without their lines."""
    parts: Sequence[Text]
    """The rules in several lines."""


def _told(diff: Diff, change: Change, olds: Mapping[str, int], marks: Marks) -> _Told:
    values = [_value(diff, change, which, old, marks) for which, old in olds.items()]
    dot, arrow = (Text(f" {mark} ", BASE) for mark in (marks.dot, marks.arrow))
    extra = [Text(words, colour(change.param.setting.lr_rule)) for words in extra_words(change, marks)]
    whole, short = ([Text.assemble(*words) for words in rule_sides(change, marks, line=line)] for line in (True, False))
    first, *rest = whole
    return _Told(
        values,
        Text.joined([Text.joined(whole, arrow), *extra], dot),
        Text.joined([Text.joined(short, arrow), *extra], dot),
        [first, *(Text.assemble((f"{marks.arrow} ", BASE), side) for side in rest), *extra],
    )


def _value(diff: Diff, change: Change, which: str, old_width: int, marks: Marks) -> Text:
    """One cell: ``▲ 0.1 → 1``, with the arrows of a column below each other."""
    words = value_words(change, which, marks)
    rule = colour(rule_of(change.param, which))
    style = "bold" if rule == BASE else f"bold {rule}"
    if words.new is None:
        return Text(f"  {words.old}", BASE if _is_quiet(diff, change, which) else style)
    old, new = (getattr(each.setting, which) if each else None for each in (change.before, change.after))
    mark = marks.left_out if new is None else " " if old is None else marks.higher if new > old else marks.lower
    arrow = f" {marks.arrow} "
    return Text.assemble((f"{mark} ", style), words.old.ljust(old_width), (arrow, BASE), (words.new, style))


def _is_quiet(diff: Diff, change: Change, which: str) -> bool:
    """Whether a value is none of a diff's news: the same on both sides, or the base of the side that has it."""
    if change.before and change.after:
        return True
    side = diff.b if change.after else diff.a
    lr, decay = side.shown_base(change.param.optimizer or 0)
    return bool(getattr(change.param.setting, which) == (decay if which == "weight_decay" else lr))


def _facts(change: Change, marks: Marks) -> list[str]:
    """What stands under a name and has no column: another shape, another first name."""
    lines = []
    if change.kind is ChangeKind.RESHAPED:
        shapes = [shape(each.param.shape, marks.times) for each in change.both if each.param.shape is not None]
        lines.append(f"    shape {f' {marks.arrow} '.join(shapes)}")
    if (before := renamed(change)) is not None:
        lines.append(f"    was {visible(before)}")
    return lines

"""Diff → the colour table for a terminal, or its plain text."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial

from pgaudit.diff import Change, ChangeKind, Diff
from pgaudit.diff.records import effect
from pgaudit.render.columns import Column, Last, Row, Table
from pgaudit.render.diff.folding import lines_of
from pgaudit.render.diff.line import DiffLine, last_title, renamed, titles
from pgaudit.render.diff.view import MARKS, counts, head, setup_words
from pgaudit.render.numbers import shape
from pgaudit.render.over_time import is_lr_title, late_orders, missing
from pgaudit.render.style import BASE, Marks, colour
from pgaudit.render.styled import Text, filled
from pgaudit.render.terminal import TableOptions, printed
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
        yield from (*_table(diff, lines_of(changes, fold=options.fold, marks=marks), marks).lines(width), Text())
    found = [Text(f"{mark} {what}".strip(), _COLOURS[mark]) for mark, what in counts(diff)]
    dot = ", " if marks.dot == MARKS[ChangeKind.REMOVED] else f" {marks.dot} "
    yield from filled(found, width, joint=dot, style=BASE)


def _setup(diff: Diff, marks: Marks) -> Table:
    rows = []
    for change in diff.setup:
        mark, old, new = setup_words(change)
        value = Text(old if mark == "-" else new, "bold")
        both = Text.assemble(old, (f" {marks.arrow} ", BASE), value) if mark == "~" else value
        rows.append(Row(visible(change.name), [both], mark=Text(f"{mark} ", f"bold {_COLOURS[mark]}")))
    return Table([Column(), Column()], rows)


def _table(diff: Diff, lines: Sequence[DiffLine], marks: Marks) -> Table:
    """Returns all changes; those of the same effect stand last, under a heading of their own."""
    alike = {_likeness(line): line for line in lines}
    columns = titles([*alike.values()])
    olds = {}
    for which in columns:
        sides = [line.value(which) for line in alike.values()]
        olds[which] = max((len(each.old) for each in sides if each.new is not None), default=0)
    made = {likeness: _cells(diff, line, olds) for likeness, line in alike.items()}
    folded = any(len(line.changes) > 1 for line in lines)
    rows: list[Row | Text] = []
    apart: list[Row | Text] = []
    for line in lines:
        quiet = line.change.kind is ChangeKind.SAME_EFFECT
        count = Text(str(len(line.changes)), BASE if quiet or len(line.changes) == 1 else "")
        values, last = made[_likeness(line)]
        cells = [*([count] if folded else []), *values]
        mark = Text(f"{line.mark} ", f"bold {_COLOURS[line.mark]}")
        row = Row(visible(line.name), cells, last, mark, BASE if quiet else "", _facts(line))
        (apart if quiet else rows).append(row)
    if apart:
        rows += [Text(), Text.assemble("  ", ("same effect, other rule", f"{BASE} underline")), *apart]
    # What both sides have says more than what one of them has come to the end of.
    first = [which for which in columns if is_lr_title(which) and not any(map(_has_both(which), alike.values()))]
    orders = dict(zip(columns, late_orders([*columns], first=first), strict=True))
    shown = [
        Column("  parameter"),
        *([Column(marks.times, right=True)] if folded else []),
        *(Column(f"  {title}", late=orders[which]) for which, title in columns.items()),
        Column(last_title([*alike.values()])),
    ]
    return Table(shown, rows, moving=True, missing=partial(missing, fmt="json"))


def _has_both(which: str) -> Callable[[DiffLine], bool]:
    return lambda line: None not in line.both(which)


def _likeness(line: DiffLine) -> Hashable:
    """What lines have in common that stand alike right of their names: thousands have few different ones."""
    change, last = line.change, line.changes[-1]
    sides = (change.before, change.after, last.before, last.after)
    rules = (each and (*effect(each), each.setting.lr_rule, each.setting.weight_decay_rule) for each in sides)
    return change.kind, repr(change.extra), change.lrs, *rules, *line.groups


def _cells(diff: Diff, line: DiffLine, olds: Mapping[str, int]) -> tuple[Sequence[Text], Last]:
    """What stands right of a name, the same for all changes that are alike: the values, and the rules."""
    dot, arrow = (Text(f" {mark} ", BASE) for mark in (line.marks.dot, line.marks.arrow))
    extra = [Text(words, colour(line.change.param.setting.lr_rule)) for words in line.extra]
    whole, short = ([Text.assemble(*words) for words in line.rules(line=lines)] for lines in (True, False))
    first, *rest = whole
    rules, fewer = (Text.joined([Text.joined(sides, arrow), *extra], dot) for sides in (whole, short))
    parts = [first, *(Text.assemble((f"{line.marks.arrow} ", BASE), side) for side in rest), *extra]
    values = [_value(diff, line, which, old) for which, old in olds.items()]
    return values, Last(rules, fewer, parts, rules.plain == "default")


def _value(diff: Diff, line: DiffLine, which: str, old_width: int) -> Text:
    """One cell: ``▲ 0.1 → 1``, with the arrows of a column below each other."""
    marks, words = line.marks, line.value(which)
    rule = colour(line.change.param.setting.provenance("weight_decay" if which == "weight_decay" else "lr"))
    style = "bold" if rule == BASE else f"bold {rule}"
    if words.new is None:
        return Text(f"  {words.old}", BASE if _is_quiet(diff, line.change, which) else style)
    gone = " " if is_lr_title(which) or line.both(which)[1] is not None else marks.left_out
    mark = {1: marks.higher, -1: marks.lower}.get(line.turn(which), gone)
    arrow = f" {marks.arrow} "
    return Text.assemble((f"{mark} ", style), words.old.ljust(old_width), (arrow, BASE), (words.new, style))


def _is_quiet(diff: Diff, change: Change, which: str) -> bool:
    """Whether a value is none of a diff's news: the same on both sides, or the base of the side that has it."""
    if (change.before and change.after) or is_lr_title(which):
        return True
    side = diff.b if change.after else diff.a
    lr, decay = side.shown_base(change.param.optimizer or 0)
    return bool(getattr(change.param.setting, which) == (decay if which == "weight_decay" else lr))


def _facts(line: DiffLine) -> list[str]:
    """What stands under a name and has no column: another shape, another first name."""
    shapes = [shape(each, line.marks.times) for each in line.shapes]
    facts = [f"    shape {f' {line.marks.arrow} '.join(shapes)}"] if shapes else []
    before = renamed(line.change)
    return facts if before is None else [*facts, f"    was {visible(before)}"]

"""The rows of a diff's table: marks, names, counts, values and rules on both sides."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.text import Text

from pgaudit.diff import Change, ChangeKind, Diff
from pgaudit.diff.records import effect
from pgaudit.names import Folded
from pgaudit.render import layout
from pgaudit.render.diff_words import MARKS, columns, extra_words, renamed, rule_of, rule_sides, value_words
from pgaudit.render.layout import Columns, Widths
from pgaudit.render.numbers import shape
from pgaudit.render.rows import Cell, in_columns
from pgaudit.render.style import BASE, DECIDED_BY, Marks, colour
from pgaudit.text import visible

COLOURS = {"+": "green", "~": "yellow", "-": "red", " ": BASE}
_INDENT = "    "
_MARK = 2
"""Cells of the mark before a name."""


@dataclass(frozen=True)
class DiffRows:
    """Draws lines of one table, whose columns are as wide as the widest of them all."""

    diff: Diff
    lines: Sequence[Folded[Change]]
    marks: Marks
    width: int | None
    """Cells of the terminal; None for as many as the widest row needs."""

    def texts(self) -> list[Text]:
        """Returns the rows; those of the same effect stand last, under a heading of their own."""
        widths, values = self._widths()
        drawn = _Drawn(self, layout.fit(widths, self.width), widths, values)
        rows = [drawn.titles()]
        apart = [line for line in self.lines if line.rows[0].kind is ChangeKind.SAME_EFFECT]
        for line in self.lines:
            if line.rows[0].kind is not ChangeKind.SAME_EFFECT:
                rows += drawn.row(line)
        if apart:
            rows += [Text(), Text.assemble("  ", ("same effect, other rule", f"{BASE} underline"))]
            rows += [each for line in apart for each in drawn.row(line)]
        return rows

    def _widths(self) -> tuple[Widths, dict[str, _Column]]:
        # Thousands of lines have few different cells.
        first = list({_cells_key(line.rows[0]): line.rows[0] for line in self.lines}.values())
        values = {}
        for name, title in columns(first).items():
            words = [value_words(each, name, self.marks) for each in first]
            old = max([0, *(cell_len(each.old) for each in words if each.new is not None)])
            width = _widest((self.value(each, name, old).plain for each in first), f"  {title}")
            values[name] = _Column(title, width, old)
        folded = any(len(line.rows) > 1 for line in self.lines)
        widths = Widths(
            name=_MARK + _widest((visible(line.name) for line in self.lines), "parameter"),
            count=_widest((str(len(line.rows)) for line in self.lines), self.marks.times) if folded else 0,
            shape=0,
            lr=values["lr"].width,
            scheduled=values["peak_lr"].width if "peak_lr" in values else 0,
            decay=values["weight_decay"].width,
            rule=_widest((self.rule(each, line=True).plain for each in first), DECIDED_BY),
            rule_without_line=_widest((self.rule(each, line=False).plain for each in first), DECIDED_BY),
        )
        return widths, values

    def _mark(self, change: Change, which: str) -> str:
        old, new = (getattr(each.setting, which) if each else None for each in (change.before, change.after))
        if new is None:
            return self.marks.left_out
        return " " if old is None else self.marks.higher if new > old else self.marks.lower

    def value(self, change: Change, which: str, old_width: int) -> Text:
        """One cell: ``▲ 0.1 → 1``, with the arrows of a column below each other."""
        words = value_words(change, which, self.marks)
        rule = colour(rule_of(change.param, which))
        style = "bold" if rule == BASE else f"bold {rule}"
        if words.new is None:
            return Text(f"  {words.old}", style=BASE if self._is_quiet(change, which) else style)
        mark, old = self._mark(change, which), words.old.ljust(old_width)
        return Text.assemble((f"{mark} ", style), old, (f" {self.marks.arrow} ", BASE), (words.new, style))

    def _is_quiet(self, change: Change, which: str) -> bool:
        """Whether a value is none of a diff's news: the same on both sides, or the base of the side that has it."""
        if change.before and change.after:
            return True
        side = self.diff.b if change.after else self.diff.a
        lr, decay = side.shown_base(change.param.optimizer or 0)
        return bool(getattr(change.param.setting, which) == (decay if which == "weight_decay" else lr))

    def rule(self, change: Change, *, line: bool) -> Text:
        """The rules: those of each side where they differ."""
        sides = [Text.assemble(*words) for words in rule_sides(change, self.marks, line=line)]
        arrow = Text.assemble((f" {self.marks.arrow} ", BASE))  # a style of the whole would be the joined text's, too
        return Text.assemble(arrow.join(sides), *self.extra(change))

    def extra(self, change: Change) -> list[tuple[str, str]]:
        """What else is otherwise in the group, to stand behind the rule."""
        pieces = [(f"{words}", colour(change.param.setting.lr_rule)) for words in extra_words(change, self.marks)]
        return [word for piece in pieces for word in ((f" {self.marks.dot} ", BASE), piece)]


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    width: int
    old: int
    """Cells of the widest value before an arrow."""


@dataclass(frozen=True)
class _Drawn:
    of: DiffRows
    columns: Columns
    widths: Widths
    values: dict[str, _Column]
    tails: dict[Hashable, tuple[Text, list[Text]]] = field(default_factory=dict)

    def titles(self) -> Text:
        cells = [("  parameter", self._name_width())]
        if self.widths.count:
            cells.append((self.of.marks.times.rjust(self.widths.count), self.widths.count))
        cells += [(f"  {column.title}", column.width) for column in self.values.values()]
        if self.columns.rule_width != 0:
            cells.append((DECIDED_BY, 0))
        return in_columns([(Text(title, style="bold"), width) for title, width in cells])

    def row(self, line: Folded[Change]) -> list[Text]:
        change = line.rows[0]
        mark = MARKS[change.kind]
        quiet = change.kind is ChangeKind.SAME_EFFECT
        name_width = self.columns.name_width and self.columns.name_width - _MARK
        name, *rest = layout.broken(visible(line.name), name_width)
        named = Text.assemble((f"{mark} ", f"bold {COLOURS[mark]}"), (name, BASE if quiet else ""))
        cells: list[Cell] = [(named, self._name_width())]
        if self.widths.count:
            count = str(len(line.rows)).rjust(self.widths.count)
            cells.append((Text(count, style=BASE if quiet or len(line.rows) == 1 else ""), self.widths.count))
        key = change.kind, _cells_key(change)
        if key not in self.tails:  # thousands of lines have few different ones
            self.tails[key] = self._tail(change)
        tail, rule_below = self.tails[key]
        cells.append((tail, 0))
        below = [Text(" " * _MARK + part, style=BASE if quiet else "") for part in rest] + self._facts(change)
        return [in_columns(cells), *below, *rule_below]

    def _tail(self, change: Change) -> tuple[Text, list[Text]]:
        """What stands to the right of a name and its count, and the rule where it stands below instead."""
        cells: list[Cell] = []
        for which, column in self.values.items():
            cells.append((self.of.value(change, which, column.old), column.width))
        rule = self.of.rule(change, line=self.columns.line)
        beside = self.columns.rule_width is None or rule.cell_len <= self.columns.rule_width
        if beside:
            cells.append((rule, 0))
        return in_columns(cells), [] if beside else self._rule_below(change, rule)

    def _facts(self, change: Change) -> list[Text]:
        """What stands under a name and has no column: another shape, another first name."""
        marks, lines = self.of.marks, []
        if change.kind is ChangeKind.RESHAPED:
            shapes = [shape(each.param.shape, marks.times) for each in change.both if each.param.shape is not None]
            lines.append(Text(f"{_INDENT}shape {f' {marks.arrow} '.join(shapes)}", style=BASE))
        if (before := renamed(change)) is not None:
            lines.append(Text(f"{_INDENT}was {visible(before)}", style=BASE))
        return lines

    def _rule_below(self, change: Change, rule: Text) -> list[Text]:
        """The rule under its name; in two lines where it is too long for one."""
        if rule.plain == "default":
            return []
        if self.of.width is None or rule.cell_len + len(_INDENT) <= self.of.width:
            return [Text(_INDENT).append_text(rule)]
        sides = [Text.assemble(*words) for words in rule_sides(change, self.of.marks, line=self.columns.line)]
        arrow = Text(f"{_INDENT}{self.of.marks.arrow} ", style=BASE)
        lines = [Text(_INDENT).append_text(sides[0]), *(arrow.copy().append_text(side) for side in sides[1:])]
        return [*lines, *(Text.assemble(_INDENT, word) for word in self.of.extra(change)[1::2])]

    def _name_width(self) -> int:
        return min(self.widths.name, self.columns.name_width or self.widths.name)


def _cells_key(change: Change) -> Hashable:
    sides = (change.before, change.after)
    rules = (each and (*effect(each), each.setting.lr_rule, each.setting.weight_decay_rule) for each in sides)
    return repr(change.extra), *rules


def _widest(cells: Iterable[str], title: str) -> int:
    return max(cell_len(title), *map(cell_len, cells), 0)

"""Diff → one HTML file: figures, both configs side by side, and the changes as a terminal lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pgaudit.diff import Change, ChangeKind, Diff
from pgaudit.render.diff.diff_map import diff_map
from pgaudit.render.diff.folding import lines_of
from pgaudit.render.diff.line import DiffLine, last_title, renamed, titles
from pgaudit.render.diff.view import NOUNS, counts_line, head, setup_words, title
from pgaudit.render.html.compared import Pair, pairs
from pgaudit.render.html.document import document
from pgaudit.render.html.facts import Card
from pgaudit.render.html.notices import text_of
from pgaudit.render.html.packing import packed
from pgaudit.render.numbers import elements, shape
from pgaudit.render.style import UNICODE
from pgaudit.report import Report
from pgaudit.text import visible
from pgaudit.totals import percent

MOST = 1_000
"""Lines of changes that a page holds."""
_ALONE = (ChangeKind.ADDED, ChangeKind.REMOVED)
_CLASSES = {"+": "came", "-": "gone"}


class Value(NamedTuple):
    """A value of both sides, or of one."""

    old: str
    new: str | None
    turn: str
    """The class of a value that is higher or lower than it was."""
    mark: str
    quiet: bool


class Row(NamedTuple):
    """Parameters under one name to which the same happens."""

    mark: str
    kind: str
    """What happens, in a word."""
    style: str
    name: str
    facts: Sequence[str]
    tensors: int
    numel: int | None
    values: Sequence[Value]
    rules: Sequence[str]
    extra: Sequence[str]

    @property
    def size(self) -> str:
        """How many elements, as a person reads it."""
        return elements(self.numel)


class Changes(NamedTuple):
    """A table of changes."""

    heading: str
    titles: Sequence[str]
    """Of the values."""
    last: str
    """The title of the column with the rules, or the groups."""
    rows: Sequence[Row]
    more: int
    """Lines that it leaves out."""

    @property
    def most(self) -> tuple[int, int]:
        """The tensors and the elements of the longest bars."""
        return max(row.tensors for row in self.rows), max(row.numel or 0 for row in self.rows) or 1


def render_diff_html(diff: Diff, *, fold: bool = True, rules: bool = True) -> str:
    """Returns the page.

    Args:
        diff: what to tell.
        fold: whether parameters share a line to which the same happens.
        rules: whether parameters are listed for which only the rule is another.
    """
    heading, words = head(diff, elsewhere=True)
    effective = lines_of(diff.effective, fold=fold)
    alike = lines_of(diff.of(ChangeKind.SAME_EFFECT), fold=fold) if rules else []
    room = max(MOST - len(effective), 0)
    tables = [_table("Changes", effective, MOST), _table("Same effect, other rule", alike, room)]
    found = diff_map(diff) if effective else None
    listed = [*effective[:MOST], *alike[:room]]
    return document(
        "diff.html",
        styles=("pages", "diff", *(["map"] if found else [])),
        vendored=("hierarchy",) if found else (),
        app=("packed", "lens", "roving", "map", "changes") if found else (),
        title=heading,
        about=[*([f" {UNICODE.dot} ".join(words)] if words else []), counts_line(diff)],
        cards=[*_cards(diff)],
        names=(title(diff.a, elsewhere=True), title(diff.b, elsewhere=True)),
        sides=_sides(diff),
        setup=[(visible(each.name), *setup_words(each)) for each in diff.setup],
        tables=[each for each in tables if each.rows],
        hidden=sum(each.more for each in tables),
        differs=diff.differs,
        notes=[visible(each) for each in diff.notes],
        map=found and found.drawn,
        data=packed({"map": found.drawn.data, "lines": [*map(found.leaves, listed)]}) if found else "",
    )


def _cards(diff: Diff) -> Iterator[Card]:
    changed = diff.of(ChangeKind.CHANGED, ChangeKind.RESHAPED)
    to = "#changes" if diff.effective else ""
    yield Card("training", "differs" if diff.differs else "no difference", tone="warning" if diff.differs else "good")
    yield Card("tensors changed", f"{len(changed):,}", f"of {len(diff.b):,}", to)
    numel, whole = _numel(changed), diff.b.numel
    share = f"{percent(numel, whole)} % of the model" if numel is not None and whole else ""
    yield Card("parameters changed", elements(numel) or UNICODE.none, share)
    added, removed = (len(diff.of(kind)) for kind in _ALONE)
    if added or removed:
        yield Card("added, removed", f"+{added:,} −{removed:,}", "tensors", to)
    if diff.setup:
        yield Card("in the setup", f"{len(diff.setup):,}", to="#setup")
    if same := diff.of(ChangeKind.SAME_EFFECT):
        yield Card("same effect, other rule", f"{len(same):,}", "tensors")
    yield Card("unchanged", f"{diff.unchanged:,}", "tensors")


def _numel(changes: Sequence[Change]) -> int | None:
    sizes = [each.param.param.numel for each in changes]
    return None if None in sizes else sum(each or 0 for each in sizes)


def _sides(diff: Diff) -> list[Pair]:
    """Both configs, where two different texts were read; no file is read because a saved report names it."""
    one, other = (_text(side) for side in (diff.a, diff.b))
    return pairs(one, other) if one and other and one != other else []


def _text(of: Report) -> Sequence[str]:
    return text_of(of.config_path) if of.basis is not None and of.config_path is not None else ()


def _table(heading: str, lines: Sequence[DiffLine], most: int) -> Changes:
    shown = titles(lines)
    rows = [_row(line, shown) for line in lines[:most]]
    return Changes(heading, [*shown.values()], last_title(lines), rows, len(lines) - len(rows))


def _row(line: DiffLine, shown: Mapping[str, str]) -> Row:
    facts = [f"shape {' → '.join(map(shape, line.shapes))}"] if line.shapes else []
    if (before := renamed(line.change)) is not None:
        facts.append(f"was {visible(before)}")
    alone = line.change.kind in _ALONE
    return Row(
        line.mark.strip(),
        NOUNS[line.change.kind],
        _CLASSES.get(line.mark, ""),
        visible(line.name),
        facts,
        len(line.changes),
        _numel(line.changes),
        [_value(line, which, alone=alone) for which in shown],
        line.rules_text,
        line.extra,
    )


def _value(line: DiffLine, which: str, *, alone: bool) -> Value:
    words, turn = line.value(which), line.turn(which)
    style, mark = {1: ("higher", UNICODE.higher), -1: ("lower", UNICODE.lower)}.get(turn, ("new", ""))
    return Value(words.old, words.new, style, mark, words.new is None and not alone)

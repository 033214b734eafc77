"""The explorer lists what `show` lists, and filters with the words of the HTML report."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgaudit.explore.listing import SORTS, Lens, Listing, shown
from pgaudit.explore.modules import Module, modules_in
from pgaudit.render.columns import Column
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection, select
from pgaudit.render.terminal import TableOptions
from tests.explore.made import session
from tests.render.reports import HOSTILE, everything

OPTIONS = TableOptions()


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    return Listing(session(tmp_path / "c.yaml").now.report, OPTIONS)


def _names(listing: Listing, lens: Lens) -> list[str]:
    return [listing.report.params[index].name for index in listing.chosen(lens)]


def test_a_row_says_what_show_says() -> None:
    report = everything()
    listing = Listing(report, OPTIONS)
    said = "".join(render_table(report, Selection(), OPTIONS)).splitlines()
    for index, each in enumerate(report.params):
        row = listing.row(index)
        assert row.last is not None
        (line,) = (line for line in said if line.split()[:1] == [each.name])
        words = " ".join(part.plain for part in (*row.cells, row.last.whole))
        assert line.split() == [row.name, *words.split()]


@pytest.mark.parametrize(
    ("words", "expected"),
    {
        "": 74,
        "FC1": 24,
        "fc bias": 24,
        "b*fc1*s": 12,
        "twin": 2,  # an alias
        "nothing": 0,
        "fc.*": 0,  # a dot is a dot
    }.items(),
)
def test_words_of_a_name(listing: Listing, words: str, expected: int) -> None:
    lowered = listing.chosen(Lens(words.lower()))
    assert len(listing.chosen(Lens(words))) == expected
    assert lowered == listing.chosen(Lens(words))


def test_a_module_is_all_that_is_below_it(listing: Listing) -> None:
    assert _names(listing, Lens("weight", module="blocks.1")) == [
        "blocks.1.norm.weight",
        "blocks.1.fc1.weight",
        "blocks.1.fc2.weight",
    ]


@pytest.mark.parametrize("sort", SORTS)
def test_orders_are_those_of_show(listing: Listing, sort: str) -> None:
    (section,) = select(listing.report, Selection(sort=sort))  # type: ignore[arg-type]
    assert _names(listing, Lens(sort=sort)) == [row.name for row in section.rows]  # type: ignore[arg-type]
    backwards = _names(listing, Lens(sort=sort, backwards=True))  # type: ignore[arg-type]
    assert sorted(backwards) == sorted(row.name for row in section.rows)


def test_columns_give_way_in_their_order() -> None:
    columns = [Column(), Column(drop=1), Column(drop=2), Column(late=1), Column()]
    widths = [10, 10, 10, 10, 20]
    assert [shown(columns, widths, room) for room in (60, 59, 49, 39, 29, 25, 1)] == [
        {0: 10, 1: 10, 2: 10, 3: 10, 4: 20},
        {0: 10, 2: 10, 3: 10, 4: 20},
        {0: 10, 3: 10, 4: 20},
        {0: 10, 4: 20},
        {0: 10, 4: 19},
        {0: 10, 4: 15},
        {0: 10, 4: 12},
    ]


def test_a_width_is_that_of_what_is_printed() -> None:
    report = everything()
    listing = Listing(report, OPTIONS)
    every = listing.chosen(Lens())
    assert listing.name_width(every) == max(len(row.name) for row in report.params)
    assert len(listing.widths) == len(listing.columns) - 1
    assert HOSTILE not in {listing.row(index).name for index in every}


def test_modules_are_looked_for_where_they_are_opened() -> None:
    names = ["token", "stem.weight", "blocks.0.norm.bias", "blocks.0.fc.bias", "blocks.10.bias"]
    assert modules_in(names) == [Module("stem", 1, False), Module("blocks", 3, True)]
    assert modules_in(names, "blocks") == [Module("blocks.0", 2, True), Module("blocks.10", 1, False)]
    assert modules_in(names, "blocks.1") == []
    assert modules_in(names, "blocks.0")[0].own == "norm"

"""Which columns give way, and what becomes of the last cells, as a terminal gets narrower."""

from __future__ import annotations

import pytest

from pgaudit.render.columns import Column, Last, Row, Table
from pgaudit.render.styled import Text

COLUMNS = (Column("name"), Column("n", right=True, drop=1), Column("value"), Column("why"))


RULE = "a rule of twenty cells"


def _lines(width: int | None, *columns: Column, name: str = "a.weight", short: str = RULE) -> list[str]:
    row = Row(name, [Text("12"), Text("0.1")], Last(Text(RULE), Text(short)))
    table = Table(columns or COLUMNS, [row], moving=True)
    return [line.plain for line in table.lines(width)]


def test_with_room_for_all() -> None:
    wide = ["name       n  value  why", "a.weight  12  0.1    a rule of twenty cells"]
    assert _lines(None) == _lines(43) == wide


def test_a_column_gives_way_then_the_last_cell_is_short_then_it_moves() -> None:
    assert _lines(42) == ["name      value  why", "a.weight  0.1    a rule of twenty cells"]
    assert _lines(38, short="a rule")[1] == "a.weight  0.1    a rule"
    assert _lines(38) == ["name      value  why", "a.weight  0.1", "    a rule of twenty cells"]
    assert _lines(30) == ["name      value", "a.weight  0.1", "    a rule of twenty cells"]


def test_a_column_comes_back_when_the_last_cells_have_moved() -> None:
    columns = (Column("name"), Column("n", right=True, drop=1, back=True), *COLUMNS[2:])
    assert _lines(30, *columns)[:2] == ["name       n  value", "a.weight  12  0.1"]


@pytest.mark.parametrize("width", [12, 20])
def test_a_name_breaks_at_a_dot_and_never_touches_the_next_column(width: int) -> None:
    lines = _lines(width, name="a_long_segment_of_a_name.weight")
    assert lines[1] == "a_long_segment_of_a_name.  0.1"
    assert lines[2] == "  weight"


def test_before_the_last_cells_move_their_keys_stand_there() -> None:
    def lines(width: int, key: Text | None) -> list[str]:
        row = Row("a.weight", [Text("12"), Text("0.1")], Last(Text(RULE), Text("a rule"), key=key))
        table = Table(COLUMNS, [row], moving=True)
        assert table.fitted(width).keyed == ("by" in next(table.lines(width)).plain)
        return [line.plain for line in table.lines(width)]

    assert lines(38, Text("3"))[1] == "a.weight  0.1    a rule"
    assert lines(22, Text("3")) == ["name      value  by", "a.weight  0.1    3"]
    assert lines(22, None) == ["name      value", "a.weight  0.1", "    a rule of twenty cells"]
    assert not Table(COLUMNS, []).fitted(None).keyed

"""Positions: their order, and how they are shown."""

from __future__ import annotations

from pgaudit.core.errors import Problem
from pgaudit.core.location import Position, file_of, place

OWN, LATER = Position(3, 5), Position(12, 1)
BASE = Position(1, 1, "base/schedule.py")


def test_the_configs_own_come_first_and_each_file_is_in_its_own_order() -> None:
    assert sorted([BASE, LATER, OWN]) == [OWN, LATER, BASE]
    assert sorted([Position(2, 9, "b.py"), Position(10, 1, "a.py"), Position(2, 1, "b.py")]) == [
        Position(10, 1, "a.py"),
        Position(2, 1, "b.py"),
        Position(2, 9, "b.py"),
    ]


def test_a_place_names_the_file_that_it_is_in() -> None:
    assert place("config.py", OWN) == "config.py:3:5"
    assert place("config.py", BASE) == "base/schedule.py:1:1"
    assert (file_of("config.py", OWN), file_of("config.py", BASE)) == ("config.py", "base/schedule.py")
    assert str(Problem("no", "config.py", BASE)) == "base/schedule.py:1:1: no"


def test_the_short_mark_names_another_file_by_its_name() -> None:
    assert (OWN.mark, BASE.mark) == (":3", "schedule.py:1")

"""Locations: their order, and how they are shown."""

from __future__ import annotations

from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location

OWN, LATER = Location("config.py", 3, 5), Location("config.py", 12, 1)
BASE = Location("base/schedule.py", 1, 1, inherited=True)


def test_the_configs_own_come_first_and_each_file_is_in_its_own_order() -> None:
    assert sorted([BASE, LATER, Location("config.py"), OWN]) == [OWN, LATER, BASE, Location("config.py")]
    places = [("b.py", 2, 9), ("a.py", 10, 1), ("b.py", 2, 1)]
    assert sorted(Location(*place, inherited=True) for place in places) == [
        Location("a.py", 10, 1),
        Location("b.py", 2, 1),
        Location("b.py", 2, 9),
    ]


def test_a_location_is_shown_as_far_as_it_is_known() -> None:
    assert str(OWN) == "config.py:3:5"
    assert str(BASE) == "base/schedule.py:1:1"
    assert str(Location("config.py")) == "config.py"
    assert str(ConfigError("no", location=BASE)) == "base/schedule.py:1:1: no"


def test_the_short_mark_names_another_file_by_its_name() -> None:
    assert (OWN.mark, BASE.mark) == (":3", "schedule.py:1")

"""The page about the lr over time, followed by a newcomer in an empty folder.

`python -m tests.test_schedules_page` writes its answers anew.
"""

from __future__ import annotations

from pathlib import Path

from tests.followed import followed

PAGE = Path(__file__).parents[1] / "docs" / "schedules.md"


def test_a_newcomer_sees_what_the_page_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == followed(PAGE)


if __name__ == "__main__":
    PAGE.write_text(followed(PAGE), encoding="utf-8")

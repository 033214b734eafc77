"""The pages that a reader follows in an empty folder: "I have only code", "Gate your CI in five minutes", "When a
resumed run goes wrong", "The lr over time".

`python -m tests.test_stories` writes their answers anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.followed import followed

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("built.md", "ci.md", "resume.md", "schedules.md")


@pytest.mark.parametrize("name", PAGES)
def test_a_newcomer_sees_what_the_page_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == followed(DOCS / name)


if __name__ == "__main__":
    for page in PAGES:
        (DOCS / page).write_text(followed(DOCS / page), encoding="utf-8")

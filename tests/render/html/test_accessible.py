"""The HTML report as axe judges it: in both themes, with everything that it can show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

import pgaudit
from tests.render.html.window import Open, in_browser
from tests.render.html.written import finetune
from tests.render.over_time import scheduled
from tests.render.reports import everything, hostile

pytestmark = in_browser
AXE = Path(__file__).parents[3] / ".oracles" / "axe-core" / "node_modules" / "axe-core" / "axe.min.js"
REPORTS: dict[str, Callable[[], pgaudit.Report]] = {
    "finetune": finetune,
    "everything": everything,
    "hostile": hostile,
    "scheduled": lambda: scheduled(sketch=True),
}


@pytest.mark.skipif(not AXE.exists(), reason="there is no axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", REPORTS)
def test_axe_finds_nothing(opened: Open, which: str, scheme: str) -> None:
    report = REPORTS[which]()
    row = report.params[-1]
    # The policy of the page forbids axe, too.
    window = opened(report, f"p={quote(row.name)}&q={quote(row.name[:1])}", color_scheme=scheme, bypass_csp=True)
    window.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = window.page.evaluate("() => axe.run()")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []

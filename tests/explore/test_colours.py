"""Every word on the screen can be read, in both themes, and without any colour."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.segment import Segment

from pgaudit.explore.app import Explorer
from pgaudit.explore.session import Session
from pgaudit.render.terminal import TableOptions
from tests.explore.made import session
from tests.render.reports import everything

CONTRAST = 4.5
"""What WCAG 2.1 asks of text (1.4.3)."""
Keys = list[list[str]]
OF_EDITS: Keys = [
    [],
    ["G"],
    ["f"],
    ["t", "down"],
    ["slash", "z"],
    ["escape", "m", "e"],  # a dialog
    ["x", "enter"],  # what is wrong
    ["backspace", "backspace", "0", ".", "3", "enter"],
    ["d", "d"],
    ["w"],
]
OF_A_REPORT: Keys = [[], ["G"], ["e"]]


@pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
@pytest.mark.parametrize("colours", [True, False], ids=["colours", "NO_COLOR"])
@pytest.mark.parametrize("edited", [True, False], ids=["edits", "everything"])
def test_every_word_has_the_contrast_that_text_needs(
    edited: bool, colours: bool, light: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    its, keys = (session(tmp_path / "c.yaml"), OF_EDITS) if edited else (Session(everything()), OF_A_REPORT)
    faint, coloured, words = {}, set(), ""
    for screen in _screens(its, keys, light):
        for segment in filter(_is_text, screen):
            letters, ground = _rgb(segment)
            words += segment.text
            if (ratio := _contrast(letters, ground)) < CONTRAST:
                faint[segment.text] = ratio, letters, ground
            coloured |= {each for each in (letters, ground) if len(set(each)) > 1}
    assert faint == {}
    assert bool(coloured) is colours
    assert all(mark in words for mark in ("▲", "▼", "~" if edited else "❄", "→" if edited else "✕"))


def _screens(its: Session, keys: Keys, light: bool) -> list[list[Segment]]:
    """What is drawn after some keys, and after more of them; of a dialog alone, where there is one."""
    found = []

    async def run() -> None:
        app = Explorer(its, TableOptions(), light=light)
        async with app.run_test(size=(144, 40)) as pilot:
            for pressed in keys:
                await pilot.press(*pressed)
                await app.workers.wait_for_complete()
                await pilot.pause()
                dialogs = app.screen.query(".dialog")
                part = dialogs.first().region if dialogs else app.screen.region
                lines = app.screen._compositor.render_strips()[part.y : part.bottom]
                found.append([segment for line in lines for segment in line.crop(part.x, part.right)])

    asyncio.run(run())
    return found


def _is_text(segment: Segment) -> bool:
    return any(letter.isalnum() or letter in "▲▼✕❄~→" for letter in segment.text)


RGB = tuple[int, int, int]


def _rgb(segment: Segment) -> tuple[RGB, RGB]:
    """The colours of its letters and of its ground, with nothing left for a terminal to choose."""
    style = segment.style
    assert style is not None
    assert style.color is not None
    assert style.bgcolor is not None
    assert style.color.triplet is not None
    assert style.bgcolor.triplet is not None
    assert not style.dim
    return style.color.triplet, style.bgcolor.triplet


def _contrast(one: RGB, other: RGB) -> float:
    """As WCAG 2.1 defines it."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: RGB) -> float:
    def linear() -> Iterator[float]:
        for each in colour:
            part = each / 255
            yield part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear(), strict=True))

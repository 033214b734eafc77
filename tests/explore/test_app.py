"""The explorer under textual's pilot: states after keys, not times."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from textual.pilot import Pilot
from textual.widgets import Input, Static
from torch import nn

import pgaudit
from pgaudit.config.what_if import WhatIf
from pgaudit.core.location import Path as Path_
from pgaudit.explore.app import Explorer
from pgaudit.explore.dialogs import Edit, Review
from pgaudit.explore.panel import Multipliers, Why
from pgaudit.explore.session import Policy, Session, State
from pgaudit.explore.tree import ModuleTree
from pgaudit.models.source import model_source
from pgaudit.render.terminal import TableOptions
from tests.explore.made import CONFIG, session
from tests.render.reports import everything

Steps = Callable[[Explorer, Pilot[None]], Awaitable[None]]
SIZES = [(80, 24), (160, 45)]


def _run(its: Session, steps: Steps, size: tuple[int, int] = (160, 45), words: str = "") -> None:
    async def run() -> None:
        app = Explorer(its, TableOptions(), words=words)
        async with app.run_test(size=size) as pilot:
            await _settled(app, pilot)
            await steps(app, pilot)

    asyncio.run(run())


async def _settled(app: Explorer, pilot: Pilot[None]) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


def _names(app: Explorer) -> list[str]:
    params = app.session.now.report.params
    return [params[index].name for index in app.table.chosen]


def _status(app: Explorer) -> str:
    return str(app.screen_stack[0].query_one("#status", Static).render())


def _screen(app: Explorer) -> str:
    """What is to be seen, line by line."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


@pytest.mark.parametrize("size", SIZES)
def test_it_begins_in_the_table(size: tuple[int, int], tmp_path: Path) -> None:
    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        assert app.focused is app.table
        assert len(_names(app)) == 74
        screen = _screen(app)
        assert "blocks.0.norm.weight" in screen
        assert "▼ 0" in screen
        assert "norm_decay_mult :4" in screen
        assert "tries, in this order" in app.query_one(Why).text
        assert app.query_one(ModuleTree).display is (size[0] > 100)
        await pilot.press("j", "down", "G")
        assert app.table.index == 73
        await pilot.press("k", "g")
        assert app.table.index == 0

    _run(session(tmp_path / "c.yaml"), steps, size)


def test_a_filter_is_live_and_escape_clears_it(tmp_path: Path) -> None:
    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        assert len(_names(app)) == 24
        await pilot.press("slash", "space", *"BIAS")
        assert len(_names(app)) == 12
        assert "12 of 74 tensors" in _status(app)
        await pilot.press("enter")
        assert app.focused is app.table
        assert app.query_one("#filter", Input).value == "fc1 BIAS"
        await pilot.press("slash", *"zz")
        await _settled(app, pilot)
        assert _names(app) == []
        assert app.query_one(Why).text == "no parameter to show"
        await pilot.press("escape")
        assert len(_names(app)) == 74
        assert app.focused is app.table

    _run(session(tmp_path / "c.yaml"), steps, words="fc1")


@pytest.mark.parametrize("size", SIZES)
def test_a_module_of_the_tree_filters(size: tuple[int, int], tmp_path: Path) -> None:
    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        await pilot.press("t", "down", "right")
        await pilot.pause()
        tree = app.query_one(ModuleTree)
        assert tree.display
        assert len(tree.root.children[0].children) == 12
        await pilot.press("down", "enter")
        await pilot.pause()
        assert _names(app)[0] == "blocks.0.norm.weight"
        assert len(_names(app)) == 6
        assert "in blocks.0" in _status(app)
        await pilot.press("escape", "escape")
        assert app.focused is app.table
        assert len(_names(app)) == 74

    _run(session(tmp_path / "c.yaml"), steps, size)


def test_sorting_keeps_the_cursor_with_its_parameter(tmp_path: Path) -> None:
    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        first = app.table.index
        await pilot.press("s", "s")
        assert app.lens.sort == "lr"
        assert _names(app)[0] == "blocks.0.fc1.weight"
        assert app.table.index == first
        assert app.table.cursor == _names(app).index("blocks.0.norm.weight")
        assert "by lr" in _status(app)
        await pilot.press("r")
        assert _names(app)[-1] == "blocks.0.fc1.weight" or _names(app)[0] == "blocks.0.norm.weight"

    _run(session(tmp_path / "c.yaml"), steps)


@pytest.mark.parametrize("size", SIZES)
def test_an_edit_moves_parameters_and_is_written_after_a_look(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"

    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"fc1", "enter", "e")
        assert isinstance(app.screen, Edit)  # of what decided the parameter under the cursor
        await pilot.press(*"many", "enter")
        assert isinstance(app.screen, Edit)
        assert '"many" is no number' in str(app.screen.query_one("#wrong", Static).render())
        await pilot.press(*["backspace"] * 4, *"5", "enter")
        await _settled(app, pilot)
        assert _status(app).startswith("48 tensors move")
        said = app.query_one(Why).text
        assert "1 → 0.5" in said
        assert "~ 48 changed · 26 unchanged" in said
        assert path.read_text() == CONFIG
        await pilot.press("w")
        await _settled(app, pilot)
        assert isinstance(app.screen, Review)
        shown = _screen(app)
        assert "-    fc:   {lr_mult: 10.0}  # was 1" in shown
        assert "+    fc:   {lr_mult: 5}  # was 1" in shown
        await pilot.press("escape")
        await _settled(app, pilot)
        assert path.read_text() == CONFIG
        await pilot.press("w")
        await _settled(app, pilot)
        await pilot.press("enter")
        await _settled(app, pilot)
        assert path.read_text() == CONFIG.replace("10.0", "5")
        assert "is written" in _status(app)
        assert app.session.now.report["blocks.0.fc1.weight"].lr == 0.5
        await pilot.press("u")
        assert "nothing to undo" in _status(app)

    _run(session(path), steps, size)


def test_undo_and_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"

    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await _settled(app, pilot)
        assert "nothing is edited" in _status(app)
        await pilot.press("m", "home", "enter", *"-1", "enter")  # lr
        await _settled(app, pilot)
        assert "lr" in _status(app)
        assert app.session.now.edits == {}
        await pilot.press("enter", *"1", "enter")
        await _settled(app, pilot)
        assert _status(app).startswith("74 tensors move")
        path.write_text(CONFIG + "# more\n")
        await pilot.press("w")
        await _settled(app, pilot)
        await pilot.press("y")
        await _settled(app, pilot)
        assert "has changed meanwhile" in _status(app)
        assert path.read_text() == CONFIG + "# more\n"
        await pilot.press("u")
        assert app.session.now.edits == {}
        assert "74 tensors" in _status(app)
        assert "0.1 :2" in str(app.query_one(Multipliers).get_option_at_index(0).prompt)

    _run(session(path), steps)


def test_an_edit_waits_for_the_one_before(tmp_path: Path) -> None:
    go_on = threading.Event()

    class Slow(Session):
        def tried(self, values: Mapping[Path_, Any]) -> State:
            go_on.wait()
            return super().tried(values)

    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        await pilot.press("m", "home", "enter", *"1", "enter")
        for key in ("e", "u", "w"):
            await pilot.press(key)
            assert "not yet decided" in _status(app)
        await pilot.press("slash", *"fc1")  # the table goes on
        assert len(_names(app)) == 24
        go_on.set()
        await _settled(app, pilot)
        assert _status(app).startswith("74 tensors move")

    its = session(tmp_path / "c.yaml")
    _run(Slow(its.now.report, its.policy), steps)


@pytest.mark.parametrize("size", [*SIZES, (60, 15)])
def test_all_that_is_written_can_be_read_before(size: tuple[int, int], tmp_path: Path) -> None:
    many = "".join(f"    k{number}: {{lr_mult: 2}}\n" for number in range(40))
    text = CONFIG.replace("    fc:", f"{many}    fc:")

    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        assert "blocks.0.norm.weight" in _screen(app)  # a row
        await pilot.press("w")
        await _settled(app, pilot)
        seen = ""
        for _ in range(60):
            screen = _screen(app)
            assert "Enter writes it · Esc" in screen
            seen += screen
            await pilot.press("down")
        assert all(word in seen for word in ("+optimizer: {type: SGD, lr: 0.5", "+    'head.': {lr_mult: 9"))
        await pilot.press("escape")
        assert "nothing is written" in _status(app)

    its = session(tmp_path / "c.yaml", text)
    its.begin_with(WhatIf(lr=0.5, values=((("paramwise_cfg", "custom_keys", "head.", "lr_mult"), 9),)))
    _run(its, steps, size)


def test_it_begins_with_what_is_tried_and_tells_what_is_found(tmp_path: Path) -> None:
    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        panel = app.query_one(Why)
        assert _status(app).startswith("48 tensors move")
        assert "~ 48 changed" in panel.text
        await pilot.press("d")
        await _settled(app, pilot)
        assert "tries, in this order" in panel.text
        await pilot.press("f")
        await _settled(app, pilot)
        assert "PG001" in panel.text
        await pilot.press("f")
        await _settled(app, pilot)
        assert "tries, in this order" in panel.text

    its = session(tmp_path / "c.yaml", CONFIG + "    nothing: {lr_mult: 2}\n")
    its.begin_with(WhatIf(values=((("paramwise_cfg", "custom_keys", "fc", "lr_mult"), 5),)))
    _run(its, steps)


@pytest.mark.parametrize("size", SIZES)
def test_hostile_names_are_shown_as_they_are(size: tuple[int, int]) -> None:
    class Hostile(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_parameter("a[bold]\x1b[31m\u202e\n[/]", nn.Parameter(torch.zeros(2)))
            self.add_module("[red]$x[/]", nn.Linear(2, 2))

    key = "[red]$x[/]\x1b]0;x\x07"
    options = {"custom_keys": {"[red]$x": {"lr_mult": 2}, key: {"lr_mult": 3}}}
    report = pgaudit.audit(Hostile(), {"optimizer": {"type": "SGD", "lr": 0.1}, "paramwise_cfg": options})

    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        for keys in ([], ["down"], ["t", "down"], ["enter"], ["m"]):
            await pilot.press(*keys)
            await _settled(app, pilot)
            screen = _screen(app)
            assert not any(letter in screen for letter in "\x1b\u202e\x07")
        assert "[red]$x[/].weight" in screen
        assert "[red]$x" in app.query_one(Why).text
        await pilot.press("escape", "escape")
        assert "a[bold]\\x1b[31m\\u202e\\n[/]" in _screen(app)

    policy = Policy(report.config, model_source(Hostile(), report.config))
    _run(Session(report, policy), steps, size)


def test_a_report_without_a_policy_is_looked_at() -> None:
    async def steps(app: Explorer, pilot: Pilot[None]) -> None:
        for key in ("e", "m"):
            await pilot.press(key)
            assert "only a config can be edited, and this is a saved report" in _status(app)
            assert app.focused is app.table
        await pilot.press("d")
        assert "nothing is edited" in _status(app)
        await pilot.press("l")
        assert app.theme == "light"

    _run(Session(everything()), steps)

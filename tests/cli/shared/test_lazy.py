"""Commands are loaded when they run, and convert plain words themselves: neither may be noticed."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from pgaudit.cli.app import app
from pgaudit.cli.shared.lazy import COMMANDS, command

WORDS = """
a b.yaml --format json table csv xml -f -c --sort lr LR --width 5 40 q --jobs 0 2 --fold --color never --select x
-o --fail-on error --no-fold --changed --model-arg n=1 --output out.json --rule --to rules --group-by module ''
""".split()


def _by_typer(name: str) -> Any:
    """The command as typer alone would make it."""
    function = getattr(import_module(COMMANDS[name][0]), name)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(name)(function)
    return typer.main.get_command(alone)


LOADED = {name: (command(name), _by_typer(name)) for name in COMMANDS}


def _read(made: Any, arguments: list[str]) -> object:
    try:
        return made.make_context("x", list(arguments)).params
    except Exception as error:
        return type(error), str(error), getattr(error, "message", "")


@given(name=st.sampled_from(list(COMMANDS)), arguments=st.lists(st.sampled_from(WORDS), max_size=7))
def test_words_are_read_as_typer_reads_them(name: str, arguments: list[str]) -> None:
    ours, theirs = (_read(made, arguments) for made in LOADED[name])
    assert ours == theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        assert [type(value) for value in ours.values()] == [type(value) for value in theirs.values()]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_first_page_of_help_says_of_each_command_what_its_function_says(name: str) -> None:
    home, line = COMMANDS[name]
    stub = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    assert line == (inspect.getdoc(getattr(import_module(home), name)) or "").splitlines()[0]
    for limit in (20, 45, 60, 120):
        assert stub.get_short_help_str(limit) == LOADED[name][1].get_short_help_str(limit)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_help_that_typer_writes(name: str) -> None:
    ours, theirs = (made.get_help(typer.Context(made, info_name=name)) for made in LOADED[name])
    assert ours == theirs

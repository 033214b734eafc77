"""Commands are loaded when they run, and what stands for them until then says the same."""

from __future__ import annotations

import inspect

import click
import pytest

from pgaudit.cli.app import app
from pgaudit.cli.shared.lazy import COMMANDS, command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_first_page_of_help_says_of_each_command_what_its_function_says(name: str) -> None:
    assert isinstance(app, click.Group)
    stub, loaded = app.commands[name], command(name)
    assert stub.help == (loaded.help or "").splitlines()[0]
    for limit in (20, 45, 60, 120):
        assert stub.get_short_help_str(limit) == loaded.get_short_help_str(limit)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_what_its_function_takes(name: str) -> None:
    """Whatever is declared reaches the function, and the function gets all that it takes."""
    loaded = command(name)
    assert loaded.callback is not None
    parameters = {param.name for param in loaded.params if param.expose_value}
    assert parameters == set(inspect.signature(loaded.callback).parameters) - {"context"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_each_argument_and_option_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    from pgaudit import cli

    assert cli.main([name, "--help"]) == 0
    out = capsys.readouterr().out
    arguments = out.partition("\nArguments:\n")[2].partition("\nOptions:\n")[0]
    for param in command(name).params:
        if isinstance(param, click.Argument):
            assert str(param.metavar).strip("[{.}]") in arguments
        else:
            assert all(option in out for option in param.opts)

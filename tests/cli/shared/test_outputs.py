"""Which format goes where: the order of --format and -o is the one on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgaudit import UsageError
from pgaudit.cli.shared.lazy import command
from pgaudit.cli.shared.outputs import Wanted, valued_options, wanted
from pgaudit.render.choices import GateFormat

VALUED = valued_options(command("check"))


def _wanted(*arguments: str) -> list[tuple[str, str | None]]:
    """Asks as the command does: after the parser has read the values of each option."""
    with _parsed(list(arguments)) as (formats, outputs):
        found = wanted(arguments, formats, outputs, VALUED)
    return [(each.fmt, None if each.output is None else str(each.output)) for each in found]


class _parsed:
    """The values of --format and -o by the real parser."""

    def __init__(self, arguments: list[str]) -> None:
        self.params = command("check").make_context("check", list(arguments)).params

    def __enter__(self) -> tuple[list[GateFormat], list[Path]]:
        return list(self.params["formats"] or ()), list(self.params["outputs"] or ())

    def __exit__(self, *_: object) -> None: ...


def test_the_options_that_take_a_value_are_known() -> None:
    assert {"--format", "--output", "-o", "--lock", "--jobs", "-j", "--select", "--width", "--color"} <= VALUED
    assert not {"--traceback", "--help", "model", "config"} & VALUED


RIGHT = {
    "": [("table", None)],
    "-o a": [("table", "a")],
    "-o -": [("table", None)],
    "--format json": [("json", None)],
    "--format json -o a": [("json", "a")],
    "-o a --format json": [("json", "a")],
    "--format=json --output=a": [("json", "a")],
    "--format json -oa": [("json", "a")],
    "--format sarif -o out.sarif --format github": [("sarif", "out.sarif"), ("github", None)],
    "--format github --format sarif -o out.sarif": [("github", None), ("sarif", "out.sarif")],
    "-o a --format json --format table": [("json", "a"), ("table", None)],
    "--format json -o a m c.yaml --format sarif --output b": [("json", "a"), ("sarif", "b")],
    "--lock -o --format json": [("json", None)],
    "--lock --format --format json -o x": [("json", "x")],
    "--select=-o --format json": [("json", None)],
    "-j 2 --format json -o - --format sarif -o a": [("json", None), ("sarif", "a")],
    "--format json -- -o": [("json", None)],
}


@pytest.mark.parametrize("line", RIGHT)
def test_each_o_belongs_to_the_format_before_it(line: str) -> None:
    assert _wanted(*line.split()) == RIGHT[line]


WRONG = {
    "--format json --format sarif": "json and sarif would both go to stdout",
    "--format json -o - --format sarif": "json and sarif would both go to stdout",
    "--format json -o a --format sarif -o a": 'json and sarif would both go to "a"',
    "--format json -o a --format sarif -o ./a": 'json and sarif would both go to "a"',
    "--format json -o a -o b": "two -o for one --format",
    "-o a -o b --format json": "two -o for one --format",
    "-o a -o b": "-o belongs to the --format before it",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_cannot_be_meant(line: str) -> None:
    with pytest.raises(UsageError, match=WRONG[line]):
        _wanted(*line.split())


ENVIRONMENT = {
    "": [("table", None)],
    "json": [("json", None)],
    " sarif ,": [("sarif", None)],
}


@pytest.mark.parametrize("value", ENVIRONMENT)
def test_the_environment_names_the_format_where_nothing_else_does(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PGAUDIT_FORMAT", value)
    assert _wanted() == ENVIRONMENT[value]
    assert _wanted("--format", "junit") == [("junit", None)]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("sarfi", 'PGAUDIT_FORMAT=sarfi is no format .did you mean "sarif"'),
        ("\x1b[31m", r"PGAUDIT_FORMAT=\\x1b\[31m is no format .known: table, "),
        ("json,sarif", "json and sarif would both go to stdout"),
    ],
)
def test_a_typo_in_the_environment(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    monkeypatch.setenv("PGAUDIT_FORMAT", value)
    with pytest.raises(UsageError, match=message):
        _wanted()


PIECES = st.sampled_from(
    [
        ["--format", "json"], ["--format=sarif"], ["--format", "table"], ["-o", "a"], ["-ob"], ["--output=c"],
        ["--output", "-o"], ["-o", "--format"], ["--lock", "-o"], ["--lock", "--format=json"], ["-j", "2"], ["-j3"],
        ["--select", "--output"], ["--traceback"], ["m"],
    ]
)  # fmt: skip


@given(pieces=st.lists(PIECES, max_size=8).filter(lambda pieces: pieces.count(["m"]) < 3))
def test_random_command_lines_are_read_as_the_parser_reads_them(pieces: list[list[str]]) -> None:
    arguments = [word for piece in pieces for word in piece]
    with _parsed(arguments) as (formats, outputs):
        try:
            found = wanted(arguments, formats, outputs, VALUED)
        except UsageError:
            return
    assert [each.fmt for each in found] == (formats or ["table"])
    assert [each.output for each in found if each.output] == outputs
    assert len(set(found)) == len(found)
    assert [each.output for each in found].count(None) <= 1
    assert all(isinstance(each, Wanted) for each in found)

"""The options that choose among findings by their codes: ``--select``, ``--ignore`` and ``--severity``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from pgaudit.cli.shared import completion
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import SEVERITIES, Severity
from pgaudit.text import did_you_mean, quoted, visible

if TYPE_CHECKING:
    from pgaudit.gate.choice import Choice

_BY_CODE: dict[str, Any] = {"metavar": "CODE", "multiple": True, "shell_complete": completion.findings}
select = click.option(
    "--select", help="Only these findings count: PG003, or overmatch; repeatable, or a list with commas.", **_BY_CODE
)
ignore = click.option("--ignore", help="These findings do not count; repeatable, or a list with commas.", **_BY_CODE)
severity = click.option(
    "--severity",
    "severities",
    metavar="CODE=LEVEL",
    multiple=True,
    help="How grave a finding is: PG003=error; repeatable.",
)
_CODE = re.compile(r"PG_?\d{1,3}", re.IGNORECASE)


def is_code(word: str) -> bool:
    """Whether a word is a list of codes of findings, rather than a name of an audit."""
    return all(_CODE.fullmatch(part.strip()) for part in word.split(","))


def choice_of(select: Sequence[str], ignore: Sequence[str], severities: Sequence[str]) -> Choice | None:
    """Returns what the options say; None where none is given.

    Raises:
        UsageError: there is no such finding, or no such severity.
    """
    if not (select or ignore or severities):
        return None
    from pgaudit.gate.choice import Choice

    graded = (each for text in severities for each in _severities(text))
    return Choice(frozenset(_codes(select)), frozenset(_codes(ignore)), dict(graded))


def _codes(words: Sequence[str]) -> Iterator[str]:
    from pgaudit.checks.documentation import documentation

    for word in words:
        for code in map(str.strip, word.split(",")):
            if not code:
                raise UsageError(f"{quoted(word)} lacks a code", "PG003, or overmatch, or a list with commas")
            yield documentation(code).kind.code


def _severities(text: str) -> Iterator[tuple[str, Severity]]:
    code, equals, level = text.partition("=")
    known: dict[str, Severity] = {each: each for each in SEVERITIES}
    if not equals or level not in known:
        hint = did_you_mean(level, known) or "--severity PG003=error, =warning or =info"
        raise UsageError(f"--severity {visible(text)} is not CODE=LEVEL", hint)
    return ((found, known[level]) for found in _codes([code]))

"""Annotations are read as GitHub's runner reads them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import PurePath

from hypothesis import given, settings

from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.gate import Audit, Outcome
from pgaudit.render.findings import folded_names
from pgaudit.render.gate.github import SHOWN, render
from pgaudit.text import visible
from tests.budget import examples
from tests.render.outcomes import CASES, FAILED, OUTCOMES, PASSED

_LEVELS = {"error": "warning", "warning": "warning", "info": "notice"}
"""Of what fails nothing."""


@dataclasses.dataclass
class Command:
    level: str
    properties: dict[str, str]
    message: str


def read(text: str) -> list[Command]:
    """The commands of a log; every line has to be one."""
    commands = []
    for line in text.removesuffix("\n").split("\n") if text else []:
        match = re.fullmatch(r"::(error|warning|notice) (.*?)::(.*)", line)
        assert match, line
        pairs = dict(pair.split("=", 1) for pair in match[2].split(","))
        commands.append(Command(match[1], {key: _decoded(value) for key, value in pairs.items()}, _decoded(match[3])))
    return commands


def _decoded(text: str) -> str:
    return re.sub(r"%(0D|0A|3A|2C|25)", lambda found: chr(int(found[1], 16)), text)


def test_failures_are_errors_and_the_rest_is_not() -> None:
    commands = read(render([FAILED]))
    assert [(each.level, each.properties) for each in commands] == [
        ("error", {"file": "vit.yaml", "line": "4", "col": "5", "title": "pgaudit lock moved"}),
        ("error", {"file": "vit.yaml", "line": "9", "col": "7", "title": "pgaudit expect-params unexpected-setting"}),
        ("error", {"file": "vit.yaml", "line": "9", "col": "7", "title": "pgaudit expect-params unexpected-setting"}),
        ("warning", {"file": "vit.yaml", "line": "5", "col": "5", "title": "pgaudit PG001 dead-key"}),
        ("notice", {"file": "vit.yaml", "line": "1", "col": "50", "title": "pgaudit PG007 decayed-vector"}),
    ]
    assert commands[0].message.split("\n")[1:] == [
        "pgaudit lock --update, if that is meant",
        "blocks.{0..11}.norm{1,2}.{weight,bias}",
    ]


def test_what_could_not_be_checked_comes_first() -> None:
    first, second, *rest = read(render(CASES["everything"]))
    assert first.level == second.level == "error"
    assert first.properties == {"file": "typo.yaml", "line": "1", "col": "1", "title": "pgaudit not checked: the third"}
    assert second.properties["file"] == "typo.yaml"
    assert second.message == "no such lock file: a.lock"
    assert rest[0].properties["title"] == "pgaudit lock moved: vit_tiny vit.yaml"


def test_nothing_to_say_is_no_line() -> None:
    assert render([PASSED]) == render([]) == ""


def test_the_tenth_annotation_says_what_github_does_not_show() -> None:
    notices = [
        Finding("PG009", "duplicate-parameter", "error", f"number {i}", location=Location("a.yaml", i, 1))
        for i in range(1, 41)
    ]
    for count in (SHOWN, SHOWN + 1, 40):
        commands = read(render([Outcome(Audit("m", "a.yaml"), tuple(notices[:count]))]))
        numbers = [each.message for each in commands if each.message.startswith("number")]
        assert numbers == [f"number {i}" for i in range(1, count + 1)]
        tenth = commands[SHOWN - 1]
        if count == SHOWN:
            assert tenth.message == "number 10"
        else:
            assert tenth.properties == {"title": f"pgaudit: {count - SHOWN + 1} more in the log of this step"}
            assert tenth.message.startswith("a.yaml:10:1 PG009 duplicate-parameter\na.yaml:11:1 PG009")
            assert tenth.message.endswith("and 11 more") is (count == 40)


@settings(max_examples=examples(100))
@given(OUTCOMES)
def test_random_outcomes_are_read_back(outcomes: list[Outcome]) -> None:
    commands = [each for each in read(render(outcomes)) if "more in the log" not in each.properties["title"]]
    expected = []
    for outcome in outcomes:
        end = f": {visible(outcome.audit.title)}" if len(outcomes) > 1 else ""
        title = f"pgaudit not checked{end}"
        expected += [_expected(outcome, problem, "error", title, []) for problem in outcome.errors]
        for notice in (*outcome.failures, *outcome.others):
            names = folded_names(notice.params, 20) if len(notice.params) > 1 else []
            level = "error" if outcome.fails(notice) else _LEVELS[notice.severity]
            expected.append(_expected(outcome, notice, level, f"pgaudit {notice.code} {notice.name}{end}", names))
    assert sorted(map(repr, map(_key, commands))) == sorted(map(repr, map(_key, expected)))
    order = [["error", "warning", "notice"].index(each.level) for each in commands]
    assert order == sorted(order)


def _expected(outcome: Outcome, said: Finding, level: str, title: str, names: list[str]) -> Command:
    at = said.location or Location(outcome.audit.config)
    properties = {"file": visible(PurePath(at.path or "")), "title": title}
    if at.line:
        properties |= {"line": str(at.line), "col": str(at.column)}
    lines = [said.message, said.hint, *names]
    return Command(level, properties, "\n".join(visible(line) for line in lines if line))


def _key(command: Command) -> tuple[str, list[tuple[str, str]], str]:
    return command.level, sorted(command.properties.items()), command.message

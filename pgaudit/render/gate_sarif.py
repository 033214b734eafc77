"""Outcomes of the gate → SARIF 2.1.0, the OASIS standard that code scanning reads: a result a line of the config.

All audits are one run, since GitHub takes one run a tool. What could not be checked is a notification and makes the
run unsuccessful; it is a result, too, for readers that look at nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote

from pgaudit.gate import Notice, Outcome
from pgaudit.gate.records import exit_code
from pgaudit.render.gate_rules import rules
from pgaudit.render.gate_words import UNCHECKED, Said, fingerprints, in_order, level, located, title
from pgaudit.text import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
PARAMETERS = 100
"""Parameters that one result names; it counts them all."""
_LEVELS = {"error": "error", "warning": "warning", "notice": "note"}


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns the outcomes as one run."""
    from pgaudit.version import __version__

    lines = [line for outcome in outcomes for line in _lines(outcome)]
    described = rules(line.code for line in lines)
    indices = {rule["id"]: index for index, rule in enumerate(described)}
    fingerprint = fingerprints()
    run = {
        "tool": {"driver": {"name": "pgaudit", "version": __version__, "rules": described}},
        "invocations": [_invocation(outcomes)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(line, indices[line.code], fingerprint) for line in lines],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True) + "\n"


@dataclass(frozen=True, slots=True)
class _Line:
    """What is said of one line of a file under one code; never empty."""

    outcome: Outcome
    code: str
    said: tuple[Said, ...]


def _lines(outcome: Outcome) -> list[_Line]:
    def place(notice: Notice) -> tuple[str, str, int]:
        at = located(outcome, notice)
        return notice.code, at.path or "", at.line or 0

    first = {place(notice): index for index, notice in reversed([*enumerate(in_order(outcome))])}
    notices = sorted(in_order(outcome), key=lambda notice: first[place(notice)])
    lines = [_Line(outcome, UNCHECKED, (problem,)) for problem in outcome.problems]
    return lines + [_Line(outcome, key[0], tuple(group)) for key, group in groupby(notices, place)]


def _result(line: _Line, rule: int, fingerprint: Callable[[Outcome, Said], str]) -> dict[str, Any]:
    first = line.said[0]
    notices = [said for said in line.said if isinstance(said, Notice)]
    params = list(dict.fromkeys(visible(name) for notice in notices for name in notice.params))
    return {
        "ruleId": line.code,
        "ruleIndex": rule,
        "level": _LEVELS[level(first)] if isinstance(first, Notice) else "error",
        "message": {"text": "\n".join(map(_text, line.said))},
        "locations": [_location(line.outcome, first)],
        "partialFingerprints": {"pgaudit/v1": fingerprint(line.outcome, first)},
        "properties": {
            "audit": visible(title(line.outcome.audit)),
            "rules": sorted({visible(notice.key) for notice in notices if notice.key}),
            "parameters": params[:PARAMETERS],
            "parameterCount": len(params),
        },
    }


def _invocation(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    problems = [(outcome, problem) for outcome in outcomes for problem in outcome.problems]
    return {
        "executionSuccessful": not problems,
        "exitCode": exit_code(outcomes),
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": _text(problem)}, "locations": [_location(outcome, problem)]}
            for outcome, problem in problems
        ],
    }


def _location(outcome: Outcome, said: Said) -> dict[str, Any]:
    at = located(outcome, said)
    region = {"region": {"startLine": at.line, "startColumn": at.column}} if at.line else {}
    return {"physicalLocation": {"artifactLocation": _file(at.path or ""), **region}}


def _file(path: str) -> dict[str, str]:
    """From the repository's root on; a name of bytes that are no text is those bytes again."""
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = visible(path).encode()
    return {"uri": quote(raw, safe="/"), "uriBaseId": "%SRCROOT%"}


def _text(said: Said) -> str:
    """A message and its hint, a line each: braces doubled, and no link, as the standard has it for plain text."""
    text = "\n".join(visible(words) for words in (said.message, said.hint) if words)
    text = text.replace("{", "{{").replace("}", "}}")
    return re.sub(r"(\\*)\]\(", lambda found: f"{found[1] * 2}\\](", text)

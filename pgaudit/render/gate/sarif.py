"""Outcomes of the gate → SARIF 2.1.0, the OASIS standard that code scanning reads: a result a line of the config.

All audits are one run, since GitHub takes one run a tool. What could not be checked is a notification and makes the
run unsuccessful; it is a result, too, for readers that look at nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pgaudit.checks import DOCUMENTED
from pgaudit.checks.documentation import PARTS, documentation
from pgaudit.core.findings import NOT_CHECKED, Finding, Severity
from pgaudit.gate import Outcome
from pgaudit.gate.records import exit_code
from pgaudit.render.data import json_text
from pgaudit.render.gate.words import fingerprints, in_order, level, located, title
from pgaudit.text import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
PARAMETERS = 100
"""Parameters that one result names; it counts them all."""
_LEVELS = {"error": "error", "warning": "warning", "notice": "note", "info": "note"}


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns the outcomes as one run."""
    from pgaudit.version import __version__

    lines = [line for outcome in outcomes for line in _lines(outcome)]
    described = _rules(line.code for line in lines)
    indices = {rule["id"]: index for index, rule in enumerate(described)}
    fingerprint = fingerprints()
    run = {
        "tool": {"driver": {"name": "pgaudit", "version": __version__, "rules": described}},
        "invocations": [_invocation(outcomes)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(line, indices[line.code], fingerprint) for line in lines],
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


@dataclass(frozen=True, slots=True)
class _Line:
    """What is found at one line of a file under one code; never empty."""

    outcome: Outcome
    code: str
    findings: tuple[Finding, ...]


def _lines(outcome: Outcome) -> list[_Line]:
    def place(finding: Finding) -> tuple[str, str, int]:
        at = located(outcome, finding)
        return finding.code, at.path or "", at.line or 0

    groups: dict[object, list[Finding]] = {}
    for index, finding in enumerate(in_order(outcome)):
        groups.setdefault(index if finding.stops else place(finding), []).append(finding)
    return [_Line(outcome, group[0].code, tuple(group)) for group in groups.values()]


def _result(line: _Line, rule: int, fingerprint: Callable[[Outcome, Finding], str]) -> dict[str, Any]:
    first = line.findings[0]
    params = list(dict.fromkeys(visible(name) for finding in line.findings for name in finding.params))
    return {
        "ruleId": line.code,
        "ruleIndex": rule,
        "level": _LEVELS[level(line.outcome, first)],
        "message": {"text": "\n".join(map(_text, line.findings))},
        "locations": [_location(line.outcome, first)],
        "partialFingerprints": {"pgaudit/v1": fingerprint(line.outcome, first)},
        "properties": {
            "audit": visible(title(line.outcome.audit)),
            "rules": sorted({visible(finding.key) for finding in line.findings if finding.key}),
            "parameters": params[:PARAMETERS],
            "parameterCount": len(params),
        },
    }


def _invocation(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    errors = [(outcome, finding) for outcome in outcomes for finding in outcome.errors]
    return {
        "executionSuccessful": not errors,
        "exitCode": exit_code(outcomes),
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": _text(finding)}, "locations": [_location(outcome, finding)]}
            for outcome, finding in errors
        ],
    }


def _location(outcome: Outcome, finding: Finding) -> dict[str, Any]:
    at = located(outcome, finding)
    region = {"region": {"startLine": at.line, "startColumn": at.column}} if at.line else {}
    return {"physicalLocation": {"artifactLocation": _file(at.path or ""), **region}}


def _file(path: str) -> dict[str, str]:
    """From the repository's root on; a name of bytes that are no text is those bytes again."""
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = visible(path).encode()
    return {"uri": quote(raw, safe="/"), "uriBaseId": "%SRCROOT%"}


def _text(finding: Finding) -> str:
    """A message and its hint, a line each: braces doubled, and no link, as the standard has it for plain text."""
    text = "\n".join(visible(words) for words in (finding.message, finding.hint) if words)
    text = text.replace("{", "{{").replace("}", "}}")
    return re.sub(r"(\\*)\]\(", lambda found: f"{found[1] * 2}\\](", text)


_OTHERS: dict[str, tuple[Severity, str, str]] = {
    "baseline": (
        "info",
        "A finding that the baseline knows is fixed.",
        "The baseline lists findings that are known and not yet fixed. One that is gone can go from the list, so that "
        "it fails when it comes back.",
    ),
    "expect-groups": (
        "error",
        "The optimizer has more groups than expected.",
        "`expect.groups.max` says how many parameter groups the constructor may make.",
    ),
    "expect-params": (
        "error",
        "A parameter gets another lr, weight decay or rule than expected.",
        "`expect.params` says what the parameters that a glob matches must get, and a glob that matches none is a "
        "mistake, too.",
    ),
    "expect-rules": (
        "error",
        "A rule hits other parameters than expected.",
        "`expect.rules` says which parameters, and how many, a rule may hit; with `expect.exhaustive`, a rule that is "
        "not listed may hit none.",
    ),
    "lock": (
        "error",
        "A parameter's lr, weight decay or rule is not what the lock file says.",
        "The lock file holds the agreed assignment. If the change is meant, `pgaudit lock --update` writes it anew.",
    ),
    NOT_CHECKED: (
        "error",
        "An audit could not be checked.",
        "The config, the model, the lock file or the baseline cannot be read. Nothing is known of what it would say.",
    ),
}
"""Severity, the short description, and the long one, of what is no finding."""


def _rules(codes: Iterable[str]) -> list[dict[str, Any]]:
    """Descriptions of codes, sorted: of findings by their own documentation."""
    return [_finding(code) if code in DOCUMENTED else _other(code) for code in sorted(set(codes))]


def _finding(code: str) -> dict[str, Any]:
    found = documentation(code)
    texts = {word: getattr(found, part) for part, word in PARTS.items()}
    return {
        "id": code,
        "name": found.kind.name,
        "shortDescription": {"text": found.title},
        "fullDescription": {"text": found.what},
        "help": {
            "text": "\n\n".join(f"{word}: {text}" for word, text in texts.items()),
            "markdown": "\n\n".join(f"**{word}.** {text}" for word, text in texts.items()),
        },
        "defaultConfiguration": {"level": _LEVELS[found.kind.severity]},
    }


def _other(code: str) -> dict[str, Any]:
    severity, title, text = _OTHERS[code]
    return {
        "id": code,
        "name": code,
        "shortDescription": {"text": title},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }

"""What the formats of the gate have in common: words, places, and what a finding is known by."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Literal

from pgaudit.core.findings import Finding, Severity, gravity
from pgaudit.core.location import Location
from pgaudit.gate import Audit, Outcome
from pgaudit.render.github import Level
from pgaudit.serialize import portable
from pgaudit.text import counted, visible

Verdict = Literal["passed", "failed", "not checked"]
_VERDICTS: tuple[Verdict, Verdict, Verdict] = ("passed", "failed", "not checked")


def verdict(outcome: Outcome) -> Verdict:
    """Returns what came of an audit in words."""
    return _VERDICTS[outcome.exit_code]


def title(audit: Audit) -> str:
    """Returns what stands for an audit, without this machine's folders."""
    named = [audit.name] if audit.name else [portable(audit.model), portable(audit.config)]
    return " ".join(part for part in (*named, audit.tried) if part)


def totals(outcomes: Sequence[Outcome]) -> list[str]:
    """Returns how many audits there are, and how many of each verdict."""
    found = Counter(map(verdict, outcomes))
    return [counted(len(outcomes), "audit"), *(f"{found[word]} {word}" for word in _VERDICTS if found[word])]


_NOUNS: dict[Severity, str] = {"error": "other error", "warning": "warning", "info": "info"}


def counts(outcome: Outcome, more: str = "") -> list[str]:
    """Returns what came of one audit in numbers with their nouns.

    Args:
        outcome: what came of it.
        more: what is said behind its findings.
    """
    if outcome.errors:
        return [counted(len(outcome.errors), "problem")]
    severities = Counter(finding.severity for finding in outcome.others)
    words = [counted(outcome.parameters, "tensor"), counted(len(outcome.failures), "failure")]
    words += [counted(severities[severity], noun) for severity, noun in _NOUNS.items() if severities[severity]]
    words[-1] += more
    return [*words, f"{outcome.ignored} ignored"] if outcome.ignored else words


def in_order(outcome: Outcome) -> tuple[Finding, ...]:
    """Returns what makes the gate fail, then the other findings; each the gravest first, and then in the order of their
    files.
    """
    return tuple(sorted(outcome.findings, key=lambda each: (not outcome.fails(each), -gravity(each.severity))))


def level(outcome: Outcome, finding: Finding) -> Level:
    """Returns how loud a finding is: what fails nothing is no error, whatever its severity."""
    if outcome.fails(finding):
        return "error"
    return "notice" if finding.severity == "info" else "warning"


def located(outcome: Outcome, finding: Finding) -> Location:
    """Returns where something is, in the config if nothing says it, without this machine's folders."""
    at = finding.location or Location(outcome.audit.config)
    return replace(at, path=PurePath(portable(at.path) or "").as_posix())


def where(outcome: Outcome, finding: Finding) -> str:
    """Returns ``file:line:column``, as far as it is known, visible."""
    return visible(located(outcome, finding))


def fingerprints() -> Callable[[Outcome, Finding], str]:
    """Returns a function that names findings so that they are known again after lines have moved.

    A finding is what it is about: audit, code, rule and parameters. Its message counts only where that says nothing,
    because messages tell lines and values. Equal findings of one report are numbered.
    """
    seen: Counter[str] = Counter()

    def fingerprint(outcome: Outcome, finding: Finding) -> str:
        subject = [finding.key, finding.params] if finding.key or finding.params else [finding.message]
        about = [finding.code, *([] if finding.stops else [finding.name]), *subject]
        base = json.dumps([title(outcome.audit), *about])
        seen[base] += 1
        return hashlib.sha256(f"{base}{seen[base]}".encode()).hexdigest()

    return fingerprint

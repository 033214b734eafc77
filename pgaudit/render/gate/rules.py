"""What the codes of the gate mean, as SARIF describes rules: findings by their own documentation, the rest here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pgaudit.checks import DOCUMENTED
from pgaudit.checks.documentation import PARTS, documentation
from pgaudit.core.findings import NOT_CHECKED, Severity

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}

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


def rules(codes: Iterable[str]) -> list[dict[str, Any]]:
    """Returns a description of each code, sorted."""
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

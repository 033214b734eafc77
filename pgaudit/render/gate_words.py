"""What the formats of the gate have in common: words, places, and what a notice is known by."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Literal

from pgaudit.core.errors import Problem
from pgaudit.core.findings import SEVERITIES
from pgaudit.core.location import Location
from pgaudit.gate import Audit, Notice, Outcome
from pgaudit.names import fold_named
from pgaudit.render.github import Level
from pgaudit.serialize import portable
from pgaudit.text import counted, visible

Verdict = Literal["passed", "failed", "not checked"]
Said = Notice | Problem
"""What there is to say: a notice, or why there is none."""
_VERDICTS: tuple[Verdict, Verdict, Verdict] = ("passed", "failed", "not checked")
UNCHECKED = "not-checked"
"""The code of what kept an audit from being checked, where a format needs one."""


def verdict(outcome: Outcome) -> Verdict:
    """Returns what came of an audit in words."""
    return _VERDICTS[outcome.exit_code]


def title(audit: Audit) -> str:
    """Returns what stands for an audit, without this machine's folders."""
    return audit.name or " ".join(part for part in (portable(audit.model), portable(audit.config)) if part)


def in_order(outcome: Outcome) -> tuple[Notice, ...]:
    """Returns the notices that make the gate fail, then the others; each the gravest first, and then in the order of
    their files.
    """
    return tuple(sorted(outcome.notices, key=lambda notice: (not notice.fails, SEVERITIES.index(notice.level))))


def all_said(outcome: Outcome) -> tuple[Said, ...]:
    """Returns why an audit could not be checked, or its notices."""
    return (*outcome.problems, *in_order(outcome))


def level(notice: Notice) -> Level:
    """Returns how loud a notice is: what fails nothing is no error, whatever its severity."""
    if notice.fails:
        return "error"
    return "notice" if notice.level == "info" else "warning"


def located(outcome: Outcome, said: Said) -> Location:
    """Returns where something is, in the config if nothing says it, without this machine's folders."""
    at = said.location if said.location and said.location.path else Location(outcome.audit.config)
    return replace(at, path=PurePath(portable(at.path) or "").as_posix())


def where(outcome: Outcome, said: Said) -> str:
    """Returns ``file:line:column``, as far as it is known, visible."""
    return visible(located(outcome, said))


def hinted(said: Said) -> str:
    """Returns a message with its hint in parentheses, on one visible line."""
    return visible(f"{said.message} ({said.hint})" if said.hint else said.message)


def folded(params: Sequence[str], most: int) -> list[str]:
    """Returns parameters as lines, folded over blocks: at most ``most``, and one more that counts the rest."""
    folds = fold_named((name, 0, 0, name) for name in params)
    lines = [visible(fold.name) for fold in folds[:most]]
    rest = sum(len(fold.rows) for fold in folds[most:])
    return [*lines, f"and {counted(rest, 'tensor')} more"] if rest else lines


def fingerprints() -> Callable[[Outcome, Said], str]:
    """Returns a function that names notices so that they are known again after lines have moved.

    A notice is what it is about: audit, code, rule and parameters. Its message counts only where that says nothing,
    because messages tell lines and values. Equal notices of one report are numbered.
    """
    seen: Counter[str] = Counter()

    def fingerprint(outcome: Outcome, said: Said) -> str:
        about: list[object] = [UNCHECKED, said.message]
        if isinstance(said, Notice):
            subject = [said.key, said.params] if said.key or said.params else [said.message]
            about = [said.code, said.name, *subject]
        base = json.dumps([title(outcome.audit), *about])
        seen[base] += 1
        return hashlib.sha256(f"{base}{seen[base]}".encode()).hexdigest()

    return fingerprint

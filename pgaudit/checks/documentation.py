"""What each finding means, taken from its check's docstring: the one place where it is written."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from pgaudit.checks import DOCUMENTED
from pgaudit.checks.base import Kind
from pgaudit.core.errors import UsageError
from pgaudit.text import did_you_mean, visible

PARTS = {"what": "What", "why": "Why it hurts", "example": "Example", "mend": "How to fix it"}


@dataclass(frozen=True, slots=True)
class Documentation:
    """A finding's documentation; texts hold their code in backticks, and no line breaks."""

    kind: Kind
    title: str
    """One sentence: when it is found."""
    what: str
    why: str
    example: str
    mend: str


def documentation(code: str) -> Documentation:
    """Returns what a code means.

    Args:
        code: ``PG003``, in any case, or the finding's name ``overmatch``.

    Raises:
        UsageError: there is no such finding.
    """
    names = {module.KIND.name: known for known, module in DOCUMENTED.items()}
    wanted = names.get(code.lower(), code.upper())
    if wanted not in DOCUMENTED:
        number = re.fullmatch(r"PG_?0*(\d{1,3})", code.upper(), re.ASCII)
        hint = did_you_mean(f"PG{number[1]:0>3}", DOCUMENTED, cutoff=1) if number else did_you_mean(code, names)
        raise UsageError(f"there is no finding {visible(code)}", hint or f"known: PG001 to {max(DOCUMENTED)}")
    module = DOCUMENTED[wanted]
    title, *paragraphs = [_joined(part) for part in (inspect.getdoc(module) or "").split("\n\n")]
    texts = {key: _part(word, paragraphs) for key, word in PARTS.items()}
    return Documentation(module.KIND, title, **texts)


def all_documentation() -> list[Documentation]:
    """Returns the documentation of every finding, by code."""
    return [documentation(code) for code in sorted(DOCUMENTED)]


def _part(word: str, paragraphs: list[str]) -> str:
    text = next(part.removeprefix(f"{word}: ") for part in paragraphs if part.startswith(f"{word}: "))
    return text[:1].upper() + text[1:]


def _joined(paragraph: str) -> str:
    return re.sub(r"\s+", " ", paragraph).replace("``", "`").strip()

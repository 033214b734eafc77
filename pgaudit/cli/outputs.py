"""Several formats at once, each with a file of its own: ``--format sarif -o out.sarif --format github``.

The parser keeps the order within one option, but not between two; so the order is read from the arguments themselves.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pgaudit.errors import UsageError
from pgaudit.render.choices import GateFormat
from pgaudit.text import did_you_mean, visible

VARIABLE = "PGAUDIT_FORMAT"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One format, and where it goes; None for stdout."""

    fmt: GateFormat
    output: Path | None = None


def wanted(arguments: Sequence[str], formats: Sequence[GateFormat], outputs: Sequence[Path]) -> list[Wanted]:
    """Returns what to write where.

    Args:
        arguments: the command line as typed.
        formats: the values of its ``--format``, as parsed.
        outputs: the values of its ``-o``, as parsed.

    Raises:
        UsageError: two formats for stdout, two files for one format, or an unknown word in ``PGAUDIT_FORMAT``.
    """
    if not formats:
        defaults = _from_environment()
        if len(outputs) > 1 or (outputs and len(defaults) > 1):
            raise UsageError(
                "-o belongs to the --format before it", "--format json -o a.json --format sarif -o b.sarif"
            )
        return [Wanted(fmt, outputs[0] if outputs else None) for fmt in defaults]
    found: list[Wanted] = []
    files, kinds = iter(outputs), iter(formats)
    before: Path | None = None
    for option in _options(arguments):
        if option == "format":
            found.append(Wanted(next(kinds), before))
            before = None
        elif not found:
            before = next(files)  # `-o a.json --format json` can only mean one thing
        elif found[-1].output is not None:
            raise UsageError("two -o for one --format", "each -o belongs to the --format before it")
        else:
            found[-1] = Wanted(found[-1].fmt, next(files))
    to_stdout = [each.fmt.value for each in found if each.output is None]
    if len(to_stdout) > 1:
        raise UsageError(f"{' and '.join(to_stdout)} would both go to stdout", "give all but one an -o FILE")
    return found


def _options(arguments: Sequence[str]) -> list[str]:
    """The order of ``--format`` and ``-o``; the value of an option is none itself."""
    found, skip = [], False
    for argument in arguments:
        if skip:
            skip = False
            continue
        if argument == "--":
            break
        if argument in ("--format", "--output", "-o"):
            found.append("format" if argument == "--format" else "output")
            skip = True
        elif argument.startswith("--format="):
            found.append("format")
        elif argument.startswith("--output=") or (argument.startswith("-o") and not argument.startswith("--")):
            found.append("output")
    return found


def _from_environment() -> list[GateFormat]:
    words = [word.strip() for word in os.environ.get(VARIABLE, "").split(",") if word.strip()]
    known = [fmt.value for fmt in GateFormat]
    for word in words:
        if word not in known:
            hint = did_you_mean(word, known) or f"known: {', '.join(known)}"
            raise UsageError(f"{VARIABLE}={visible(word)} is no format", hint)
    return [GateFormat(word) for word in words] or [GateFormat.TABLE]

"""What findings mean → text for a terminal, Markdown, and JSON."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence

from pgaudit.checks.documentation import PARTS, Documentation
from pgaudit.render.data import json_text
from pgaudit.render.style import BASE, SEVERITY_STYLES
from pgaudit.render.styled import Text, cut, filled
from pgaudit.render.terminal import TableOptions, printed

_CODE = re.compile(r"`([^`]+)`")
_READABLE = 100
"""Cells from which prose is no longer a pleasure to read."""


def render_entry(finding: Documentation, options: TableOptions) -> str:
    """Returns one finding's whole documentation."""
    width = min(options.width or _READABLE, _READABLE)
    parts: list[Text | str] = [*_head(finding), ""]
    for key, word in PARTS.items():
        parts += [Text(word, "bold"), *_paragraph(getattr(finding, key), width, indent=2), ""]
    ignore = f'findings: {{ignore: {{{finding.kind.code}: "the reason"}}}}'
    parts += [Text("To ignore it", "bold"), Text("  ").append(_prose(f"in the config: `{ignore}`"))]
    return printed(parts, options)


def _head(finding: Documentation) -> Iterator[Text]:
    style = SEVERITY_STYLES[finding.kind.severity]
    yield Text.assemble(
        (f"{finding.kind.code} {finding.kind.name}", f"bold {style}"), (f" [{finding.kind.severity}]", style)
    )
    yield _prose(finding.title)


def _prose(text: str) -> Text:
    """Words with their code in colour; the backticks stay only where there is none to see."""
    prose = Text()
    for index, part in enumerate(_CODE.split(text)):
        prose.append(f"`{part}`" if index % 2 else part, style="cyan" if index % 2 else "")
    return prose


def _paragraph(text: str, width: int, *, indent: int) -> list[Text]:
    return filled(cut(_prose(text)), width, start=Text(" " * indent), joint="", hanging=indent)


def render_list(findings: Sequence[Documentation], options: TableOptions) -> str:
    """Returns all codes, a line each."""
    widest = max(len(finding.kind.name) for finding in findings)
    parts: list[Text | str] = []
    for finding in findings:
        line = Text.assemble(
            (f"{finding.kind.code}  ", "bold"),
            (f"{finding.kind.severity:<7}  ", SEVERITY_STYLES[finding.kind.severity]),
            (f"{finding.kind.name:<{widest}}  ", ""),
        )
        if options.width and line.cells + len(finding.title) > options.width:
            parts += [line, *_paragraph(finding.title, options.width, indent=7)]
        else:
            parts.append(line.append(_prose(finding.title)))
    parts += ["", Text("pgaudit finding CODE says what it means, why it hurts, and how to fix it", style=BASE)]
    return printed(parts, options)


def render_json(findings: Sequence[Documentation]) -> str:
    """Returns the documentation for programs: a list of all findings, or of the one that was asked for."""
    entries = [dataclasses.asdict(finding.kind) | {"title": finding.title, **_texts(finding)} for finding in findings]
    return json_text({"schema_version": 1, "rules": entries})


def _texts(finding: Documentation) -> dict[str, str]:
    return {key: getattr(finding, key) for key in PARTS}


def render_markdown(findings: Sequence[Documentation]) -> str:
    """Returns the documentation as a page."""
    lines: list[str] = []
    for finding in findings:
        lines += [f"## {finding.kind.code} {finding.kind.name}", "", f"*{finding.kind.severity}.* {finding.title}", ""]
        for key, word in PARTS.items():
            lines += [f"**{word}.** {getattr(finding, key)}", ""]
    return "\n".join(lines).rstrip() + "\n"

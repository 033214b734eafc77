"""What findings mean → text for a terminal, Markdown, and JSON."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pgaudit.checks.documentation import PARTS, Documentation
from pgaudit.render.rows import TableOptions
from pgaudit.render.style import BASE, SEVERITY_STYLES
from pgaudit.render.table import printed

_CODE = re.compile(r"`([^`]+)`")
_READABLE = 100
"""Cells from which prose is no longer a pleasure to read."""


def render_entry(finding: Documentation, options: TableOptions) -> str:
    """Returns one finding's whole documentation."""
    width = min(options.width or _READABLE, _READABLE)
    parts: list[RenderableType] = [*_head(finding), ""]
    for key, word in PARTS.items():
        parts += [
            Text(word, style="bold"),
            Padding(_wrapped(getattr(finding, key), width - 2), (0, 0, 1, 2), expand=False),
        ]
    ignore = f'findings: {{ignore: {{{finding.kind.code}: "the reason"}}}}'
    parts += [
        Text("To ignore it", style="bold"),
        Padding(_prose(f"in the config: `{ignore}`"), (0, 0, 0, 2), expand=False),
    ]
    return printed(Group(*parts), options)


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


def _wrapped(text: str, width: int) -> Text:
    from rich.console import Console

    lines = _prose(text).wrap(Console(width=width, _environ={}), width)
    return Text("\n").join(lines)


def render_list(findings: Sequence[Documentation], options: TableOptions) -> str:
    """Returns all codes, a line each."""
    widest = max(len(finding.kind.name) for finding in findings)
    parts: list[RenderableType] = []
    for finding in findings:
        line = Text.assemble(
            (f"{finding.kind.code}  ", "bold"),
            (f"{finding.kind.severity:<7}  ", SEVERITY_STYLES[finding.kind.severity]),
            (f"{finding.kind.name:<{widest}}  ", ""),
        )
        title = _prose(finding.title)
        if options.width and line.cell_len + title.cell_len > options.width:
            line.rstrip()
            parts += [line, Padding(_wrapped(finding.title, options.width - 7), (0, 0, 0, 7), expand=False)]
        else:
            parts.append(line + title)
    parts += ["", Text("pgaudit finding CODE says what it means, why it hurts, and how to fix it", style=BASE)]
    return printed(Group(*parts), options)


def render_json(findings: Sequence[Documentation]) -> str:
    """Returns the documentation for programs: a list of all findings, or of the one that was asked for."""
    entries = [dataclasses.asdict(finding.kind) | {"title": finding.title, **_texts(finding)} for finding in findings]
    return json.dumps({"schema_version": 1, "rules": entries}, indent=2, ensure_ascii=True) + "\n"


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

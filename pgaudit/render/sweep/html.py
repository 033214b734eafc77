"""Results of a sweep → one HTML file: models × findings as a heat map, a block for each config, and the totals."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pgaudit.core.findings import SEVERITIES, Finding, gravity
from pgaudit.render.html.document import document
from pgaudit.render.html.facts import Card
from pgaudit.render.html.notices import Notice, where
from pgaudit.render.html.packing import packed, steps
from pgaudit.render.style import UNICODE
from pgaudit.render.sweep.view import ConfigSection, Failure, View, failures, section
from pgaudit.serialize import portable
from pgaudit.sweep.records import SweepResult
from pgaudit.text import counted, visible

_FAILED = "failed"
"""What stands where findings' codes do, for models that could not be audited."""


class Reason(NamedTuple):
    """Why models could not be audited."""

    message: str
    hint: str
    models: Sequence[str]
    hidden: int


def render_sweep_html(results: Sequence[SweepResult], view: View) -> str:
    """Returns the page; its map has every model, whatever a table would choose."""
    sections = [section(config, results, view) for config in view.configs]
    models = list(dict.fromkeys(result.model for result in results))
    return document(
        "sweep.html",
        styles=("table", "pages", "sweep"),
        vendored=("virtual-core",),
        app=("numbers", "packed", "lens", "virtual-rows", "heat", "sweep"),
        title=f"sweep · {counted(len(models), 'model')} × {counted(len(view.configs), 'config')}",
        about=[f" {UNICODE.dot} ".join(visible(portable(config)) for config in view.configs)],
        cards=[*_cards(results, models, sections)],
        sections=[(visible(portable(each.config)), each, [*_everywhere(each)]) for each in sections],
        reasons=[_reason(each) for each in failures(results, view)],
        data=packed(_data(results, models, view)),
    )


def _cards(results: Sequence[SweepResult], models: Sequence[str], sections: Sequence[ConfigSection]) -> Iterator[Card]:
    yield Card("models", f"{len(models):,}", counted(len(sections), "config"))
    yield Card("audits", f"{len(results):,}", f"{sum(each.clean for each in sections):,} without findings")
    for severity in SEVERITIES:
        number = sum(each.gravest.get(severity, 0) for each in sections)
        tone = severity if number and severity != "info" else ""
        yield Card(f"{severity} at worst", f"{number:,}", "audits", tone=tone)
    if failed := sum(each.failed for each in sections):
        yield Card("not audited", f"{failed:,}", "audits", "#failures", "error")


def _everywhere(of: ConfigSection) -> Iterator[Notice]:
    for found in of.everywhere:
        yield Notice(found.worst, found.code, where(found.worst), "")


def _reason(of: Failure) -> Reason:
    message = "  ".join(filter(None, (where(of.error), visible(of.error.message))))
    return Reason(message, visible(of.error.hint or ""), [*map(visible, of.named)], len(of.models) - len(of.named))


def _data(results: Sequence[SweepResult], models: Sequence[str], view: View) -> dict[str, Any]:
    """What the page's script reads; its names are those in app/sweep.js."""
    place = {model: index for index, model in enumerate(models)}
    words: dict[tuple[str, ...], int] = {}
    blocks = []
    for config in view.configs:
        own = {place[result.model]: result for result in results if result.config == config}
        blocks.append(_block(config, own, len(models), words))
    return {
        "names": "\n".join(map(visible, models)),
        "typed": {str(index): shlex.quote(model) for model, index in place.items() if shlex.quote(model) != model},
        "strange": [index for model, index in place.items() if not model.isprintable()],
        "options": view.options and f" {view.options}",
        "blocks": blocks,
        "words": list(words),
    }


def _block(
    config: str, own: Mapping[int, SweepResult], models: int, words: dict[tuple[str, ...], int]
) -> dict[str, Any]:
    """One config: what is known of each model under it, and a column for each code that is found in any."""
    columns: dict[str, list[tuple[int, int, int, int]]] = {}
    for index, result in own.items():
        for found in result.findings:
            told = words.setdefault(_words(found.worst), len(words))
            columns.setdefault(found.code, []).append((index, found.findings, found.parameters, told))
        for error in result.errors[:1]:
            told = words.setdefault(_words(error), len(words))
            columns.setdefault(_FAILED, []).append((index, len(result.errors), 0, told))
    none = SweepResult("", config)
    order = sorted(columns, key=lambda code: (code == _FAILED, code))
    rows = [own.get(index, none) for index in range(models)]
    typed = portable(config) or ""
    return {
        "config": visible(typed),
        "typed": shlex.quote(typed) if typed.isprintable() else "",
        "tensors": steps([row.parameters for row in rows]),
        "decayed": steps([row.decayed for row in rows]),
        "groups": steps([row.groups for row in rows]),
        "columns": [_column(code, columns[code], [*words]) for code in order],
    }


def _column(code: str, cells: Sequence[tuple[int, int, int, int]], words: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    severities = [words[told][1] for *_, told in cells]
    rows, findings, tensors, told = (list(each) for each in zip(*cells, strict=True))
    return {
        "code": code,
        "name": words[told[0]][0],
        "severity": max(severities, key=lambda each: gravity(each)),  # type: ignore[arg-type]
        "rows": steps(rows),
        "findings": findings,
        "tensors": tensors,
        "words": steps(told),
    }


def _words(of: Finding) -> tuple[str, ...]:
    """Name, severity, place, message and hint."""
    return visible(of.name), of.severity, where(of), visible(of.message), visible(of.hint or "")

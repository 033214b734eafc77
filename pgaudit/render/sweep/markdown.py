"""Results of a sweep → Markdown, as a job's summary or a pull request shows it: short, however many models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.core.findings import Finding
from pgaudit.render.markdown import code, escaped, table
from pgaudit.render.sweep.groups import View, alike, common, reasons, totals, without
from pgaudit.sweep.records import SweepResult
from pgaudit.text import counted

_NAMED = 6


def render_sweep_markdown(results: Sequence[SweepResult], view: View) -> str:
    """Returns a section for each config, and what could not be audited."""
    lines: list[str] = []
    for config in view.configs:
        lines += _section(config, [result for result in results if result.config == config], view)
    lines += _failures([result for result in results if result.errors], view)
    return "\n".join(lines).rstrip() + "\n"


def _section(config: str, results: Sequence[SweepResult], view: View) -> Iterator[str]:
    audited = [result for result in results if not result.errors]
    clean = sum(result.gravest is None for result in audited)
    yield f"### {escaped(config)}"
    yield ""
    yield f"{counted(len(results), 'model')} · {clean:,} without findings · {len(results) - len(audited):,} not audited"
    yield ""
    if not any(result.findings for result in audited):
        return
    everywhere = common(audited)
    groups, unseen = alike(without(audited, everywhere), every=view.every)
    rows = []
    for each in totals(audited):
        numbers = (f"{number:,}" for number in (each.models, each.findings, each.parameters))
        rows.append((escaped(f"{each.code} {each.name}"), each.severity, *numbers))
    yield from (*table(("finding", "severity", "models", "findings", "tensors"), "llrrr", rows), "")
    for found in everywhere:
        yield f"In every model: {escaped(_words(found.worst))}"
        yield ""
    if not groups:
        return
    titles = ("models", "such as", "tensors", "decayed", "groups", "findings", "worst")
    shown = [
        _row(result, group.hidden + 1 if index == group.shown - 1 else 1)
        for group in groups
        for index, result in enumerate(group.results[: group.shown])
    ]
    yield from table(titles, "rlrrrll", shown)
    if unseen:
        yield ""
        yield f"and {counted(unseen, 'model')} with other findings"
    yield ""


def _row(of: SweepResult, models: int) -> list[str]:
    assert of.gravest is not None
    findings = " ".join(f"{f.code}×{f.findings}" if f.findings > 1 else f.code for f in of.findings)
    decayed = f"{of.decayed:,} / {of.parameters:,}"
    return [
        f"{models:,}",
        code(of.model),
        f"{of.parameters:,}",
        decayed,
        f"{of.groups:,}",
        findings,
        escaped(_words(of.gravest.worst)),
    ]


def _words(of: Finding) -> str:
    return f"{of.location or ''} {of.title} [{of.severity}] {of.message}".strip()


def _failures(failed: Sequence[SweepResult], view: View) -> Iterator[str]:
    if not failed:
        return
    yield from ("### could not be audited", "")
    rows = []
    for error, of in reasons(failed):
        models = list(dict.fromkeys(result.model for result in of))
        named = " ".join(code(model) for model in (models if view.every else models[:_NAMED]))
        why = f"{error.location or ''} {error.message}".strip()
        rows.append((f"{len(models):,}", named, escaped(why), escaped(error.hint or "")))
    yield from table(("models", "such as", "why", ""), "rlll", rows)

"""Results of a sweep → Markdown, as a job's summary or a pull request shows it: short, however many models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.core.findings import Finding
from pgaudit.render.markdown import code, escaped, table
from pgaudit.render.sweep.view import ConfigSection, Failure, View, failures, section
from pgaudit.sweep.records import SweepResult
from pgaudit.text import counted


def render_sweep_markdown(results: Sequence[SweepResult], view: View) -> str:
    """Returns a section for each config, and what could not be audited."""
    lines: list[str] = []
    for config in view.configs:
        lines += _section(section(config, results, view))
    lines += _failures(failures(results, view))
    return "\n".join(lines).rstrip() + "\n"


def _section(of: ConfigSection) -> Iterator[str]:
    yield f"### {escaped(of.config)}"
    yield ""
    yield f"{counted(of.models, 'model')} · {of.clean:,} without findings · {of.failed:,} not audited"
    yield ""
    if not of.totals:
        return
    rows = []
    for each in of.totals:
        numbers = (f"{number:,}" for number in (each.models, each.findings, each.parameters))
        rows.append((escaped(f"{each.code} {each.name}"), each.severity, *numbers))
    yield from (*table(("finding", "severity", "models", "findings", "tensors"), "llrrr", rows), "")
    for found in of.everywhere:
        yield f"In every model: {escaped(_words(found.worst))}"
        yield ""
    if not of.groups:
        return
    titles = ("models", "such as", "tensors", "decayed", "groups", "findings", "worst")
    shown = [
        _row(result, group.hidden + 1 if index == group.shown - 1 else 1)
        for group in of.groups
        for index, result in enumerate(group.results[: group.shown])
    ]
    yield from table(titles, "rlrrrll", shown)
    if of.unseen:
        yield ""
        yield f"and {counted(of.unseen, 'model')} with other findings"
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


def _failures(reasons: Sequence[Failure]) -> Iterator[str]:
    if not reasons:
        return
    yield from ("### could not be audited", "")
    rows = []
    for reason in reasons:
        error = reason.error
        named = " ".join(map(code, reason.named))
        why = f"{error.location or ''} {error.message}".strip()
        rows.append((f"{len(reason.models):,}", named, escaped(why), escaped(error.hint or "")))
    yield from table(("models", "such as", "why", ""), "rlll", rows)

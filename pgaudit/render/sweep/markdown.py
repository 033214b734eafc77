"""Results of a sweep → Markdown, as a job's summary or a pull request shows it: short, however many models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.core.findings import Finding
from pgaudit.render.markdown import code, escaped
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
    yield "| finding | severity | models | findings | tensors |"
    yield "|---|---|--:|--:|--:|"
    for total in totals(audited):
        numbers = f"{total.models:,} | {total.findings:,} | {total.parameters:,}"
        yield f"| {escaped(f'{total.code} {total.name}')} | {total.severity} | {numbers} |"
    yield ""
    for found in everywhere:
        yield f"In every model: {escaped(_words(found.worst))}"
        yield ""
    if not groups:
        return
    yield "| models | such as | tensors | decayed | groups | findings | worst |"
    yield "|--:|---|--:|--:|--:|---|---|"
    for group in groups:
        for index, result in enumerate(group.results[: group.shown]):
            yield _row(result, group.hidden + 1 if index == group.shown - 1 else 1)
    if unseen:
        yield ""
        yield f"and {counted(unseen, 'model')} with other findings"
    yield ""


def _row(of: SweepResult, models: int) -> str:
    assert of.gravest is not None
    findings = " ".join(f"{f.code}×{f.findings}" if f.findings > 1 else f.code for f in of.findings)
    decayed = f"{of.decayed:,} / {of.parameters:,}"
    cells = [
        f"{models:,}",
        code(of.model),
        f"{of.parameters:,}",
        decayed,
        f"{of.groups:,}",
        findings,
        escaped(_words(of.gravest.worst)),
    ]
    return f"| {' | '.join(cells)} |"


def _words(of: Finding) -> str:
    return f"{of.location or ''} {of.title} [{of.severity}] {of.message}".strip()


def _failures(failed: Sequence[SweepResult], view: View) -> Iterator[str]:
    if not failed:
        return
    yield "### could not be audited"
    yield ""
    yield "| models | such as | why | |"
    yield "|--:|---|---|---|"
    for error, of in reasons(failed):
        models = list(dict.fromkeys(result.model for result in of))
        named = " ".join(code(model) for model in (models if view.every else models[:_NAMED]))
        why = f"{error.location or ''} {error.message}".strip()
        yield f"| {len(models):,} | {named} | {escaped(why)} | {escaped(error.hint or '')} |"

"""Results of a sweep → text for a terminal: the worst models of each config, all findings counted, and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from pgaudit.core.findings import SEVERITIES
from pgaudit.render.choices import SweepSort
from pgaudit.render.columns import GAP
from pgaudit.render.style import BASE, LEFT_OUT, SEVERITY_STYLES
from pgaudit.render.styled import Text
from pgaudit.render.sweep_groups import SHOWN, Alike, View, alike, common, ordered, reasons, totals, without
from pgaudit.render.sweep_rows import Rows, worst_text
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.render.wrap import append_words
from pgaudit.sweep.records import SweepResult
from pgaudit.text import counted, visible

_NAMED = 6
"""Models that are named of those that failed for one reason."""


def render_sweep_table(results: Sequence[SweepResult], view: View, options: TableOptions) -> str:
    """Returns a section for each config, what could not be audited, and of several configs a line each."""
    parts: list[Text | str] = []
    for config in view.configs:
        own = [result for result in results if result.config == config]
        parts += [*_section(config, own, view, options), ""]
    parts += _failures(results, view, options)
    parts += [_overview(results, view, options)] if len(view.configs) > 1 else []
    while parts and parts[-1] == "":
        parts.pop()
    return printed(parts, options)


def _section(config: str, results: Sequence[SweepResult], view: View, options: TableOptions) -> Iterator[Text | str]:
    audited = [result for result in results if not result.errors]
    heading = Text()
    clean = sum(result.severity is None for result in audited)
    words = [counted(len(results), "model"), f"{clean:,} without findings"]
    failed = len(results) - len(audited)
    words += [f"{failed:,} not audited"] if failed else []
    _dotted(heading, [visible(config), *words], options)
    yield heading
    everywhere = common(audited)
    if everywhere:
        yield ""
        yield Text("in every model", style="bold")
        yield Text.joined(worst_text(found.worst, options, again=False) for found in everywhere)
    every = without(audited, everywhere)
    if view.sort is SweepSort.GRAVITY:
        groups, unseen = alike(every, every=view.every)
        quiet = [result for result in every if result.severity is None] if view.every else []
        shown = [result for group in groups for result in group.results[: group.shown]] + quiet
        if shown:
            yield ""
            yield _grouped(groups, quiet, shown, options)
        rest = f"and {counted(unseen, 'model')} with other findings; --all shows them" if unseen else ""
        if everywhere and not quiet and (others := sum(result.severity is None for result in every)):
            rest += f"{chr(10) if rest else ''}{counted(others, 'model')} with nothing else"
    else:
        rows = ordered(every, view.sort)
        shown = rows if view.every else rows[:SHOWN]
        if shown:
            yield ""
            lines = Rows(shown, options)
            yield Text.joined([lines.titles(), *(line for row in shown for line in lines.row(row))])
        hidden = len(rows) - len(shown)
        rest = f"and {counted(hidden, 'model')} more; --all shows them" if hidden else ""
    if rest:
        yield Text(rest, style=BASE)
    if any(result.findings for result in audited):
        yield ""
        yield _totals(audited, options)


def _dotted(text: Text, words: Sequence[str], options: TableOptions) -> None:
    for index, word in enumerate(words):
        joint = f" {options.marks.dot} " if index else ""
        column = cell_len(text.plain.rpartition("\n")[2])
        if index and options.width and column + cell_len(joint + word) > options.width:
            joint = "\n  "
        text.append(joint + word, style="bold" if not index else "")


def _grouped(
    groups: Sequence[Alike], quiet: Sequence[SweepResult], shown: Sequence[SweepResult], options: TableOptions
) -> Text:
    rows = Rows(shown, options)
    lines = [rows.titles()]
    told: set[tuple[object, ...]] = set()
    for group in groups:
        lines += [line for result in group.results[: group.shown] for line in rows.row(result)]
        if group.hidden:
            these = "these" if group.shown > 1 else "this one"
            lines.append(Text(f"and {counted(group.hidden, 'model')} like {these}", style=BASE))
        gravest = group.results[0].gravest
        assert gravest is not None
        worst = gravest.worst
        about = worst.code, worst.location, worst.message
        lines.append(worst_text(worst, options, again=about in told))
        told.add(about)
    lines += [line for result in quiet for line in rows.row(result)]
    return Text.joined(lines)


def _totals(results: Sequence[SweepResult], options: TableOptions) -> Text:
    rows = totals(results)
    heads = [f"{total.code} {total.name}" for total in rows]
    severe = [total.severity for total in rows]
    column, second = max(map(cell_len, [*heads, "finding"])), max(map(len, severe))
    titles = ["models", "findings", "tensors"]
    if options.width is not None and column + second + GAP + sum(GAP + len(title) for title in titles) > options.width:
        titles = titles[:1]
    title = (" " * GAP).join(["finding".ljust(column), " " * second, *titles])
    lines = [Text(title, style="bold")]
    for total, head, severity in zip(rows, heads, severe, strict=True):
        line = Text(head.ljust(column), style=SEVERITY_STYLES[total.severity])
        line.append(" " * GAP + severity.ljust(second), style=BASE)
        for name, number in zip(titles, (total.models, total.findings, total.parameters), strict=False):
            line.append(" " * GAP + f"{number:,}".rjust(len(name)))
        lines.append(line)
    return Text.joined(lines)


def _failures(results: Sequence[SweepResult], view: View, options: TableOptions) -> Iterator[Text | str]:
    failed = [result for result in results if result.errors]
    if not failed:
        return
    count = counted(len({result.model for result in failed}), "model")
    yield Text(f"{options.marks.left_out} {count} could not be audited", style="bold red")
    for error, of in reasons(failed):
        models = list(dict.fromkeys(result.model for result in of))
        named = models if view.every else models[:_NAMED]
        text = Text()
        words = [f"{visible(model)}," for model in named]
        words[-1] = words[-1].removesuffix(",")
        words += [f"and {len(models) - len(named):,} more"] if len(models) > len(named) else []
        append_words(text, words, options.width, "bold")
        where = visible(error.location or "")
        text.append(f"    {where}  " if where else "    ")
        text.append("error", style=LEFT_OUT)
        text.append("  ")
        append_words(text, visible(error.message), options.width)
        if error.hint:
            text.append("      ")
            append_words(text, visible(error.hint), options.width, BASE)
        text.rstrip()
        yield text
    yield ""


def _overview(results: Sequence[SweepResult], view: View, options: TableOptions) -> Text:
    """One line a config: how many models it suits, and how many not."""
    names = [visible(config) for config in view.configs]
    column = max(map(cell_len, [*names, "config"]))
    titles = ["clean", "infos", "warnings", "errors", "failed"]
    beside = options.width is None or column + sum(GAP + len(title) for title in titles) <= options.width
    head = (" " * GAP).join(["config".ljust(column) if beside else "config\n ", *titles])
    lines = [Text(head, style="bold")]
    for config, name in zip(view.configs, names, strict=True):
        own = [result for result in results if result.config == config]
        severities = [result.severity for result in own if not result.errors]
        kinds = (None, *reversed(SEVERITIES))
        numbers = [*map(severities.count, kinds), len(own) - len(severities)]
        line = Text(name + " " * (column - cell_len(name)) if beside else f"{name}\n  ")
        for title, number, style in zip(titles, numbers, ("", "blue", "yellow", "bold red", "bold red"), strict=True):
            line.append(" " * GAP + f"{number:,}".rjust(len(title)), style=style if number else BASE)
        lines.append(line)
    return Text.joined(lines)

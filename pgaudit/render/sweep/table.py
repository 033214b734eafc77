"""Results of a sweep → text for a terminal: the worst models of each config, all findings counted, and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgaudit.core.findings import SEVERITIES, Finding, at_least, gravity
from pgaudit.render.columns import GAP, Column, Row, Table
from pgaudit.render.findings import finding_lines
from pgaudit.render.style import BASE, SEVERITY_STYLES, Marks
from pgaudit.render.styled import HANGING, Text, filled
from pgaudit.render.sweep.view import SHOWN, Alike, ConfigSection, Failure, Total, View, failures, ordered, section
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.sweep.records import SweepResult
from pgaudit.text import counted, visible


def render_sweep_table(results: Sequence[SweepResult], view: View, options: TableOptions) -> str:
    """Returns a section for each config, what could not be audited, and of several configs a line each."""
    parts: list[Text | str] = []
    sections = [section(config, results, view) for config in view.configs]
    for each in sections:
        parts += [*_section(each, view, options), ""]
    parts += _failures(failures(results, view), options)
    parts += _overview(sections, options) if len(sections) > 1 else []
    while parts and not parts[-1]:
        parts.pop()
    return printed(parts, options)


def _section(of: ConfigSection, view: View, options: TableOptions) -> Iterator[Text | str]:
    words = [counted(of.models, "model"), f"{of.clean:,} without findings"]
    words += [f"{of.failed:,} not audited"] if of.failed else []
    heading = [Text(visible(of.config), "bold"), *map(Text, words)]
    yield from filled(heading, options.width, joint=f" {options.marks.dot} ", hanging=2)
    if of.everywhere:
        yield from ("", Text("in every model", "bold"))
    for found in of.everywhere:
        yield from _worst(found.worst, options)
    rows, rest = _by_gravity(of, view, options) if view.sort == "gravity" else _sorted(of, view, options)
    if rows:
        yield ""
        yield from Table(_COLUMNS, rows, moving=True).lines(options.width)
    yield from (Text(line, BASE) for line in rest)
    if of.totals:
        yield ""
        yield from _totals(of.totals).lines(options.width)


def _by_gravity(of: ConfigSection, view: View, options: TableOptions) -> tuple[list[Row | Text], list[str]]:
    """The rows, and what is said of models that have none."""
    clean = [result for result in of.rest if result.severity is None]
    quiet = clean if view.every else []
    rows = [*_grouped(of.groups, options), *(_row(result, options.marks) for result in quiet)]
    rest = [f"and {counted(of.unseen, 'model')} with other findings; --all shows them"] if of.unseen else []
    if of.everywhere and clean and not quiet:
        rest.append(f"{counted(len(clean), 'model')} with nothing else")
    return rows, rest


def _sorted(of: ConfigSection, view: View, options: TableOptions) -> tuple[list[Row | Text], list[str]]:
    listed = ordered(of.rest, view.sort)
    shown = listed if view.every else listed[:SHOWN]
    hidden = len(listed) - len(shown)
    rest = [f"and {counted(hidden, 'model')} more; --all shows them"] if hidden else []
    return [_row(result, options.marks) for result in shown], rest


_COLUMNS = (
    Column("model"),
    Column("tensors", right=True, drop=2, back=True),
    Column("decayed", right=True, drop=3, back=True),
    Column("groups", right=True, drop=1),
    Column("findings"),
)


def _row(result: SweepResult, marks: Marks) -> Row:
    quiet = "" if at_least(result.severity, "warning") else BASE
    share = 100 * result.decayed / max(result.parameters, 1)
    if result.decayed not in (0, result.parameters):  # neither none nor all is rounded to
        share = min(max(share, 1), 99)
    numbers = (f"{result.parameters:,}", f"{share:.0f} %", f"{result.groups:,}")
    codes = []
    for found in sorted(result.findings, key=lambda found: -gravity(found.severity)):
        times = f"{marks.times}{found.findings}" if found.findings > 1 else ""
        codes.append(Text(f"{found.code}{times}", SEVERITY_STYLES[found.severity]))
    cells = [*(Text(number, quiet) for number in numbers), Text.joined(codes, " ")]
    return Row(visible(result.model), cells, style=quiet)


def _grouped(groups: Sequence[Alike], options: TableOptions) -> Iterator[Row | Text]:
    shown: set[tuple[object, ...]] = set()
    for group in groups:
        yield from (_row(result, options.marks) for result in group.results[: group.shown])
        if group.hidden:
            these = "these" if group.shown > 1 else "this one"
            yield Text(f"and {counted(group.hidden, 'model')} like {these}", BASE)
        gravest = group.results[0].gravest
        assert gravest is not None
        worst = gravest.worst
        about = worst.code, worst.location, worst.message
        yield from _worst(worst, options, again=about in shown)
        shown.add(about)


def _worst(worst: Finding, options: TableOptions, *, again: bool = False) -> Iterator[Text]:
    """The worst finding of a group; short where it has been the worst of another."""
    if again:
        worst = replace(worst, message="as above")
    info = worst.severity == "info"
    style = BASE if again or info else ""
    yield from finding_lines(worst, options.width, indent=4, hint=not (again or info), style=style)


def _totals(totals: Sequence[Total]) -> Table:
    columns = [Column("finding"), Column(), Column("models", right=True)]
    columns += [Column(title, right=True, drop=1) for title in ("findings", "tensors")]
    rows = []
    for total in totals:
        numbers = [Text(f"{number:,}") for number in (total.models, total.findings, total.parameters)]
        name, style = f"{total.code} {total.name}", SEVERITY_STYLES[total.severity]
        rows.append(Row(name, [Text(total.severity, BASE), *numbers], style=style))
    return Table(columns, rows)


def _failures(reasons: Sequence[Failure], options: TableOptions) -> Iterator[Text | str]:
    if not reasons:
        return
    count = counted(len({model for reason in reasons for model in reason.models}), "model")
    yield Text(f"{options.marks.left_out} {count} could not be audited", "bold red")
    for reason in reasons:
        hidden = len(reason.models) - len(reason.named)
        *others, last = map(visible, reason.named)
        words = [*(f"{name}," for name in others), last]
        words += [f"and {hidden:,} more"] if hidden else []
        yield from filled(words, options.width, hanging=HANGING, style="bold")
        yield from finding_lines(reason.error, options.width, indent=4)
    yield ""


def _overview(sections: Sequence[ConfigSection], options: TableOptions) -> Iterator[Text]:
    """A line a config: how many models it suits, and how many not. A name that leaves no room stands above."""
    kinds = (("clean", ""), ("infos", "blue"), ("warnings", "yellow"), ("errors", "bold red"), ("failed", "bold red"))
    columns = [Column("config"), *(Column(title, right=True) for title, _ in kinds)]
    rows = []
    for of in sections:
        numbers = [*(of.gravest.get(severity, 0) for severity in (None, *reversed(SEVERITIES))), of.failed]
        cells = [Text(f"{n:,}", style if n else BASE) for n, (_, style) in zip(numbers, kinds, strict=True)]
        rows.append(Row(visible(of.config), cells))
    taken = max(Text(name).cells for name in ("config", *(row.name for row in rows)))
    if options.width is None or taken + sum(GAP + len(title) for title, _ in kinds) <= options.width:
        yield from Table(columns, rows).lines(options.width)
        return
    yield Text("config", "bold")
    apart = [each for row in rows for each in (Text(row.name), replace(row, name=""))]
    yield from Table([Column(), *columns[1:]], apart).lines(options.width)

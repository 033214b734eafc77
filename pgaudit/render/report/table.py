"""Report → the colour table for a terminal, or its plain text: model, rows, rules, groups, findings."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import chain, islice

from pgaudit.core.assignment import Group, OptimizerInfo, ParamAssignment, numel_of
from pgaudit.core.setting import Provenance
from pgaudit.render.columns import GAP, Column, Row, Table
from pgaudit.render.findings import findings_lines
from pgaudit.render.numbers import bar, computed, elements, hyperparameter, number
from pgaudit.render.over_time import late_columns, lr_title, missing, schedule_lines
from pgaudit.render.report.grading import usual_rule
from pgaudit.render.report.rows import folds, rows_table
from pgaudit.render.select import Selection
from pgaudit.render.style import ASCII, BASE, DECIDED_BY, LEFT_OUT, Marks, bar_style, colour, label
from pgaudit.render.styled import Text, filled
from pgaudit.render.terminal import TableOptions, in_pieces
from pgaudit.report import Report
from pgaudit.text import counted, visible

_BAR = 10
_FIGURES = 24  # the columns "tensors" and "parameters", with gaps
_MANY_SETTINGS, _FEW_SETTINGS = 16, 8
"""Different settings of groups from which on, where parameters are folded, only the first few are listed; and how many.
"""


def render_table(report: Report, selection: Selection, options: TableOptions) -> Iterator[str]:
    """Returns the whole report as text, in pieces; ANSI colours only where asked for.

    Raises:
        UsageError: the selection can match nothing. It is raised before the first piece.
    """
    return in_pieces(report_lines(report, selection, options), options)


def report_lines(report: Report, selection: Selection, options: TableOptions) -> Iterator[Text]:
    """Returns all that ``show`` prints, one thing after another.

    Raises:
        UsageError: the selection can match nothing.
    """
    shown_folds = folds(report, selection, folded=options.fold)
    shown = [row for section, _ in shown_folds for row in section.rows]
    usual = usual_rule(shown) if options.fold and not options.depth else None
    if options.depth:
        from pgaudit.render.report.tree import tree_table  # the usual table needs no tree

        table = tree_table(report, shown, options.depth, options)
    else:
        table = rows_table(report, shown_folds, options, selection.group_by, usual)
    fitted = table.fitted(options.width)
    before = [*_header(report, options.marks, options.width), *_usual(usual), Text()]
    after = []
    if options.plot:
        from pgaudit.render.report.plot import plot_lines  # the usual table needs no picture

        after += [Text(), *plot_lines(report, options)]
    if report.rules or not report.groups:
        after += [
            Text(),
            *_summary_table(report, options.marks, options.width, keyed=fitted.keyed).lines(options.width),
        ]
    if report.groups and (options.groups or not report.rules):
        after += [Text(), *_groups_lines(report, options)]
    if report.findings or report.ignored:
        after += [Text(), *findings_lines(report, options)]
    if not shown and selection.frozen:
        nothing = "every parameter has the base values" if selection.changed else "no parameter to show"
        return iter([*before, Text(nothing, BASE), *after])
    frozen = [] if selection.frozen else [each for each in report.params if each.param.trainable is False]
    if hidden := len(report.params) - len(shown) - len(frozen):
        after.insert(0, Text(f"{counted(hidden, 'tensor')} not shown", BASE))
    after[:0] = _frozen_lines(frozen, options.marks)
    return chain(before, fitted.lines(), after)


def _header(report: Report, marks: Marks, width: int | None) -> list[Text]:
    """Returns which model, and under which constructor; and a line an optimizer, with its base values."""
    model = report.assignment.model
    frozen = sum(each.param.trainable is False for each in report.params)
    ref = visible(model.ref) if model.ref is not None else "a model"
    kind = visible(model.type) if model.type else ""
    first = [
        ref,
        *([kind] if kind and kind != ref and not ref.endswith(f"({kind})") else []),
        *([f"{model.source} {model.version}" if model.version else model.source] if model.source else []),
        counted(len(report), "tensor"),
        *([] if report.numel is None else [f"{elements(report.numel)} parameters"]),
    ]
    first += [f"{frozen} frozen"] if frozen else []
    lines = [optimizer_words(report, optimizer, marks) for optimizer in report.assignment.optimizers] or [[]]
    lines[0] = [*([report.constructor] if report.constructor else []), *lines[0]]
    dot = f" {marks.dot} "
    (title, *rest), *others = [filled(words, width, joint=dot, hanging=2) for words in (first, *lines) if words]
    over_time = (filled(words, width, joint=dot, hanging=2, style=BASE) for words in schedule_lines(report, marks))
    return [Text(title.plain, "bold"), *rest, *(line for each in (*others, *over_time) for line in each)]


def _frozen_lines(rows: Sequence[ParamAssignment], marks: Marks) -> Iterator[Text]:
    """Yields a line about frozen parameters, one about those in no group, and one about others."""
    for grouped, what in ((False, "not optimised"), (True, "in a group of the optimizer, without a gradient")):
        found = [row for row in rows if row.in_optimizer is grouped]
        if found:
            numel = numel_of(found)
            size = [] if numel is None else [elements(numel)]
            words = [f"{marks.frozen} {len(found):,} frozen", *size, what]
            yield Text(f" {marks.dot} ".join(words), BASE)


def _usual(rule: Provenance | None) -> list[Text]:
    """Returns what is said once of the rule that gives most parameters their lrs."""
    if rule is None:
        return []
    return [Text.assemble(("lr by ", BASE), (label(rule), colour(rule)), (", where no other rule is named", BASE))]


def optimizer_words(report: Report, optimizer: OptimizerInfo, marks: Marks) -> list[str]:
    """Returns an optimizer's class, its base values, and its other arguments."""
    base = optimizer.base
    called = optimizer.type or ("" if optimizer.name else "an optimizer")
    name = f"{visible(optimizer.name)}: " if optimizer.name else ""
    words = [f"{name}{visible(called)}{' ' if called else ''}lr {number(base.lr)}{_scaling(report, marks)}"]
    words.append(f"weight_decay {number(base.weight_decay)}")
    # A checkpoint holds every switch of the class, whether or not anybody has touched it.
    off = (None,) if report.constructor else (None, False)
    others = [(key, value) for key, value in optimizer.arguments.items() if all(value is not each for each in off)]
    return words + [hyperparameter(key, value) for key, value in others if key not in ("lr", "weight_decay")]


def _scaling(report: Report, marks: Marks) -> str:
    """BaseCls' lr is a product; says of what."""
    processes = report.config.world_size if report.basis else 1
    if processes == 1 or report.base.lr is None:
        return ""
    return f" ({number(report.base.lr / processes)} {marks.times} {processes} processes)"


def _summary_table(report: Report, marks: Marks, width: int | None, *, keyed: bool) -> Table:
    """Returns the rules by tensors and by parameters: an over-eager key is the one whose bar is too long. They are
    numbered where rows name them by their numbers.
    """
    shares = []
    for place, count in enumerate(report.rules, 1):
        key = "" if not keyed else "  " if count.rule.is_base else f"{place} "
        shares.append((f"{key}{label(count.rule)}", colour(count.rule), count.parameters, count.numel))
    left = [row.param.numel or 0 for row in report.params if not row.in_optimizer and row.setting.lr_rule is None]
    if left:
        shares.append((f"{marks.left_out} not in the optimizer", LEFT_OUT, len(left), sum(left)))
    figures = ["tensors"] if report.numel is None else ["tensors", "parameters"]
    bars = width is None or max(Text(name).cells for name, *_ in shares) + _FIGURES + 2 * (_BAR + GAP) <= width
    step = 1 if bars else 2
    columns = [each for title in figures for each in (Column(title, right=True), Column())][::step]
    rows = []
    for name, style, parameters, numel in shares:
        counts = [(f"{parameters:,}", parameters / len(report.params))]
        counts += [(elements(numel), (numel or 0) / max(report.numel or 1, 1))]
        cells = [each for text, share in counts for each in (Text(text), _bar(share, style, marks))][::step]
        rows.append(Row(name, cells[: len(columns)], style=style))
    return Table([Column(DECIDED_BY), *columns], rows)


def _bar(share: float, style: str, marks: Marks) -> Text:
    return Text(bar(share, _BAR, ascii_only=marks is ASCII), bar_style(style))


def _groups_lines(report: Report, options: TableOptions) -> Iterator[Text]:
    """Returns a table of the optimizers' groups, with those of equal settings in one row, and their number. Where the
    parameters are folded, the first few tell enough, unless all are asked for.
    """
    marks = options.marks
    merged: dict[Hashable, list[Group]] = {}
    for group in report.groups:
        lrs = tuple(report.group_lrs_at(group).values())
        merged.setdefault((group.optimizer, group.setting.merging, lrs), []).append(group)
    extras = [report.extra_of(groups[0].setting, groups[0].optimizer) for groups in merged.values()]
    scheduled = ["scheduled"] if report.scheduled else []
    titles = ["groups", "first index", "lr", *scheduled]
    titles = ["optimizer", *titles] if len(report.assignment.optimizers) > 1 else titles
    columns = [Column(title, right=True) for title in titles]
    columns += late_columns([*map(lr_title, report.at)], right=True)
    columns += [Column(title, right=True) for title in ("decay", "tensors", "parameters")]
    columns += [Column("beside")] if any(extras) else []
    rows = []
    several = len(merged) > _MANY_SETTINGS and options.fold and not options.groups
    for groups, extra in islice(zip(merged.values(), extras, strict=True), _FEW_SETTINGS if several else None):
        setting, parameters = groups[0].setting, sum(group.parameters for group in groups)
        numel = None if report.numel is None else sum(group.numel or 0 for group in groups)
        values = [setting.lr, *([setting.peak_lr] if scheduled else [])]
        cells = [visible(report.optimizer_title(groups[0].optimizer))] if titles[0] == "optimizer" else []
        cells += [f"{len(groups):,}", str(groups[0].index), *map(number, values)]
        cells += [*map(computed, report.group_lrs_at(groups[0]).values()), number(setting.weight_decay)]
        cells += [f"{parameters:,}", elements(numel)]
        cells += [f" {marks.dot} ".join(hyperparameter(*item) for item in extra.items())] if any(extras) else []
        rows.append(Row(cells[0], [Text(cell) for cell in cells[1:]]))
    yield from Table(columns, rows, missing=missing).lines(options.width if report.at else None)
    kinds = f"{counted(len(report.groups), 'group')} {marks.dot} {counted(len(merged), 'different setting')}"
    more = f" {marks.dot} --groups shows all" if several else ""
    yield Text(kinds + more, BASE)

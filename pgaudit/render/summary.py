"""What stands above and below the rows: the model, the base values, the rules, the groups."""

from __future__ import annotations

from collections.abc import Hashable

from rich.table import Table
from rich.text import Text

from pgaudit.core.assignment import Group, OptimizerInfo
from pgaudit.render.layout import GAP
from pgaudit.render.numbers import bar, elements, number
from pgaudit.render.style import ASCII, BASE, DECIDED_BY, LEFT_OUT, Marks, colour, label
from pgaudit.report import Report
from pgaudit.serialize import plain
from pgaudit.text import counted, visible

_BAR = 10
_FIGURES = 24  # the columns "tensors" and "parameters", with gaps


def header(report: Report, marks: Marks, width: int | None) -> Text:
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
    lines = [_base(report, optimizer, marks) for optimizer in report.assignment.optimizers] or [[]]
    lines[0] = [*([report.constructor] if report.constructor else []), *lines[0]]
    text = Text()
    for words, style in ((first, "bold"), *((words, "") for words in lines if words)):
        for index, line in enumerate(wrapped(words, f" {marks.dot} ", width)):
            text.append("  " * bool(index) + line, style=style if not index else "")
            text.append("\n")
    text.rstrip()
    return text


def _base(report: Report, optimizer: OptimizerInfo, marks: Marks) -> list[str]:
    """An optimizer's class, its base values, and its other arguments."""
    base = optimizer.base
    words = [f"{visible(optimizer.type or 'an optimizer')} lr {number(base.lr)}{_scaling(report, marks)}"]
    words.append(f"weight_decay {number(base.weight_decay)}")
    others = [(key, value) for key, value in optimizer.arguments.items() if value is not None]
    return words + [beside(key, value) for key, value in others if key not in ("lr", "weight_decay")]


def _scaling(report: Report, marks: Marks) -> str:
    """BaseCls' lr is a product; says of what."""
    processes = report.config.world_size if report.basis else 1
    if processes == 1 or report.base.lr is None:
        return ""
    return f" ({number(report.base.lr / processes)} {marks.times} {processes} processes)"


def argument(value: object) -> str:
    """Returns an optimizer's argument as a person writes it."""
    value = plain(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list):
        return f"({', '.join(argument(item) for item in value)})"
    return visible(value)


def beside(key: object, value: object) -> str:
    """Returns what a group holds beside lr and weight decay as a person writes it: ``momentum 0.8``."""
    return f"{visible(key)} {argument(value)}"


def wrapped(words: list[str], joint: str, width: int | None) -> list[str]:
    """Returns words in lines, joined; later ones leave room for an indent."""
    lines = [words[0]]
    for word in words[1:]:
        if width and len(lines[-1]) + len(joint) + len(word) > width - 2:
            lines.append(word)
        else:
            lines[-1] += joint + word
    return lines


def summary_table(report: Report, marks: Marks, width: int | None) -> Table:
    """Returns the rules by tensors and by parameters: an over-eager key is the one whose bar is too long."""
    shares = [(Text(label(c.rule), style=colour(c.rule)), c.parameters, c.numel) for c in report.rules]
    left = [row.param.numel or 0 for row in report.params if not row.in_optimizer and row.setting.lr_rule is None]
    if left:
        shares.append((Text(f"{marks.left_out} not in the optimizer", style=LEFT_OUT), len(left), sum(left)))
    bars = width is None or max(rule.cell_len for rule, _, _ in shares) + _FIGURES + 2 * (_BAR + GAP) <= width
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(DECIDED_BY, no_wrap=True)
    known = report.numel is not None
    for title in ("tensors", *(["parameters"] if known else [])):
        table.add_column(title, justify="right", no_wrap=True)
        if bars:
            table.add_column("", no_wrap=True)
    for rule, parameters, numel in shares:
        cells = [rule]
        figures = [(f"{parameters:,}", parameters / len(report.params))]
        figures += [(elements(numel), (numel or 0) / max(report.numel or 1, 1))] if known else []
        for text, share in figures:
            cells += [Text(text), _bar(share, str(rule.style), marks)] if bars else [Text(text)]
        table.add_row(*cells)
    return table


def _bar(share: float, style: str, marks: Marks) -> Text:
    return Text(bar(share, _BAR, ascii_only=marks is ASCII), style=style if style != BASE else "bright_black")


def groups_table(report: Report, marks: Marks) -> Table:
    """Returns the optimizer's groups, with those of equal settings in one row."""
    merged: dict[Hashable, list[Group]] = {}
    for group in report.groups:
        merged.setdefault((group.optimizer, group.setting.merging), []).append(group)
    extras = [report.extra_of(groups[0].setting, groups[0].optimizer) for groups in merged.values()]
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    scheduled = ["scheduled"] if report.scheduled else []
    several = ["optimizer"] if len(report.assignment.optimizers) > 1 else []
    for title in (*several, "groups", "first index", "lr", *scheduled, "decay", "tensors", "parameters"):
        table.add_column(title, justify="right", no_wrap=True)
    if any(extras):
        table.add_column("beside", no_wrap=True)
    for groups, extra in zip(merged.values(), extras, strict=True):
        setting, parameters = groups[0].setting, sum(group.parameters for group in groups)
        peak = [number(setting.peak_lr)] if scheduled else []
        values = [number(setting.lr), *peak, number(setting.weight_decay)]
        numel = None if report.numel is None else sum(group.numel or 0 for group in groups)
        counts = [f"{parameters:,}", elements(numel)]
        words = [f" {marks.dot} ".join(beside(*item) for item in extra.items())] if any(extras) else []
        which = [str(groups[0].optimizer)] if several else []
        table.add_row(*which, f"{len(groups):,}", str(groups[0].index), *values, *counts, *words)
    table.caption = f"{counted(len(report.groups), 'group')} {marks.dot} {counted(len(merged), 'different setting')}"
    table.caption_justify = "left"
    table.caption_style = BASE
    return table

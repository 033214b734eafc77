"""Explanations → text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.text import Text

from pgaudit.constructors import constructor_named
from pgaudit.constructors.trials import Meeting, Product, Trial
from pgaudit.core.assignment import ParamAssignment, Provenance, Setting
from pgaudit.core.location import Position
from pgaudit.explanation import Explanation, Result
from pgaudit.render.folds import fold
from pgaudit.render.layout import broken
from pgaudit.render.numbers import number, shape
from pgaudit.render.rows import TableOptions
from pgaudit.render.style import BASE, Marks, colour, label
from pgaudit.render.summary import beside
from pgaudit.render.table import printed
from pgaudit.report import Report
from pgaudit.text import counted, visible

_ROOM = 40
"""Cells that words need beside a rule."""

_NAMES = 8
"""Folded names that are listed above an explanation that they share."""


def render_explanations(report: Report, found: Sequence[Explanation], options: TableOptions) -> str:
    """Returns one account for all parameters for which the same rules had the same outcome."""
    alike: dict[object, list[Explanation]] = {}
    for explanation in found:
        alike.setdefault(explanation.likeness, []).append(explanation)
    parts: list[RenderableType] = []
    for members in alike.values():
        parts += [""] if parts else []
        parts += _account(report, members, options)
    return printed(Group(*parts), options)


def _account(report: Report, members: Sequence[Explanation], options: TableOptions) -> Iterator[Text]:
    first = members[0]
    yield from _heading(report, members, options)
    for meeting in first.meetings:
        yield Text()
        yield from _meeting(report, first, meeting, options)
    if not first.meetings:
        yield Text(f"the constructor `{report.constructor}` never looks at it: it is in no group", style="red")
    sums = list(_sums(report, first, options.marks))
    yield from [Text()] if sums else []
    for line in sums:
        yield from _prose(line, options, indent=8)


def _heading(report: Report, members: Sequence[Explanation], options: TableOptions) -> Iterator[Text]:
    folds = fold([explanation.row for explanation in members], report.taken)
    for entry in folds[:_NAMES]:
        lines = broken(visible(entry.name), options.width)
        yield from (Text(line, style="bold") for line in lines)
    if len(folds) > _NAMES:
        more = sum(len(entry.rows) for entry in folds[_NAMES:])
        yield Text(f"and {counted(more, 'tensor')} more", style=BASE)
    row = members[0].row
    if len(members) > 1:
        yield Text(f"{counted(len(members), 'tensor')} alike; of them {visible(row.name)}:", style=BASE)
    for alias in row.param.aliases:
        yield Text(f"  = {visible(alias)}", style=BASE)
    facts = [
        shape(row.param.shape, options.marks.times),
        visible((row.param.module_type or "").rpartition(".")[2]),
        f"{options.marks.frozen} frozen" if row.param.trainable is False else "trainable",
        *_group(report, row),
    ]
    yield from _prose(Text(f" {options.marks.dot} ".join(filter(None, facts)), style=BASE), options)
    if words := [*_beside(row.setting)]:
        yield from _prose(Text(f"the group also holds {', '.join(words)}", style=BASE), options)


def _group(report: Report, row: ParamAssignment) -> Iterator[str]:
    if not row.in_optimizer:
        yield "in no group"
    elif len(report.assignment.optimizers) > 1:
        yield f"optimizer {row.optimizer}, {visible(report.optimizer_of(row).type)}"
    if row.group is not None:
        yield f"group {row.group} of {sum(group.optimizer == row.optimizer for group in report.groups)}"


def _beside(setting: Setting) -> Iterator[str]:
    """What else the group holds, and what of it is of no effect."""
    for key, value in setting.extra.items():
        yield beside(key, value) + (" (which nothing reads)" if key in setting.inert else "")


def _meeting(report: Report, explanation: Explanation, meeting: Meeting, options: TableOptions) -> Iterator[Text]:
    several = len(explanation.meetings) > 1 or meeting.name != explanation.row.name
    name = f" as {visible(meeting.name)}" if several else ""
    if report.basis is None:
        yield from _prose(Text(f"{visible(report.path or 'what was saved')} says{name}:"), options)
    else:
        library = constructor_named(report.config.constructor).library
        yield from _prose(Text(f"{library} tries, in this order{name}:"), options)
    if meeting.note:
        yield from _prose(Text(f"  {visible(meeting.note)}", style="red"), options)
    widest = max(len(label(trial.rule)) for trial in meeting.trials)
    for trial in _merged(meeting.trials):
        yield from _trial(trial, min(widest, _label_room(meeting, options)), options)


def _label_room(meeting: Meeting, options: TableOptions) -> int:
    """Cells for a rule's name; more where it names another file than the config, and there is room."""
    elsewhere = any(trial.rule.position and trial.rule.position.file for trial in meeting.trials)
    return 56 if elsewhere and (options.width is None or options.width >= 120) else 24


def _merged(trials: Sequence[Trial]) -> Sequence[Trial]:
    """The optimizer's own lr and weight decay in one line, where both hold."""
    *others, last = trials
    if others and last.rule.is_base and others[-1].rule.option == last.rule.option:
        both = replace(last, products=others[-1].products + last.products, decides=others[-1].decides | last.decides)
        return [*others[:-1], both]
    return trials


def _trial(trial: Trial, width: int, options: TableOptions) -> Iterator[Text]:
    """One rule: its mark and name, on what it matched, and what came of it."""
    marks = options.marks
    mark = marks.won if trial.decides else marks.lost if trial.matched else marks.missed
    style = colour(trial.rule) if trial.decides else "" if trial.matched else BASE
    head = Text(f"  {mark} {_named(trial.rule).ljust(width)}", style=f"bold {style}" if trial.decides else style)
    column = head.cell_len + 2
    # What does not fit stands below, under the words where there is room for them, else under the rule.
    indent = column if options.width and options.width - column >= _ROOM else 6
    for index, piece in enumerate(_pieces(trial, marks)):
        room = options.width
        if room is None or head.cell_len + 2 + piece.cell_len <= room:
            head = head + Text("  ") + piece
        else:
            head.rstrip()
            if head:  # blank where the words before this piece have their own line
                yield head
            joint = "." if index == 0 and trial.spans else " "
            for line in _broken(piece, room - indent, joint):
                yield Text(" " * indent) + line
            head = Text(" " * (indent - 2))
    if head.plain.strip():
        yield head


def _prose(text: Text, options: TableOptions, indent: int = 2) -> Iterator[Text]:
    """A text in lines that fit, with a hanging indent."""
    if options.width is None or text.cell_len <= options.width:
        yield text
        return
    first, *rest = _broken(text, options.width - indent, " ")
    yield first
    yield from (Text(" " * indent) + line for line in rest)


def _broken(piece: Text, width: int, joint: str) -> Iterator[Text]:
    """A piece in lines, broken after spaces or, in names, after dots."""
    lines = [Text()]
    cuts = [at + 1 for at, char in enumerate(piece.plain) if char in {" ", joint}]
    for part in piece.divide(cuts):
        if lines[-1].cell_len and lines[-1].cell_len + len(part.plain.rstrip()) > width:
            lines.append(Text())
        lines[-1].append_text(part)
    for line in lines:
        line.rstrip()
        yield line


def _pieces(trial: Trial, marks: Marks) -> Iterator[Text]:
    if trial.text is not None and trial.spans:
        yield _marked(trial)
    elif trial.why:
        yield Text(visible(trial.why), style="" if trial.matched else BASE)
    if trial.beaten_by is not None:
        would = f" {marks.dot} ".join(_outcome(product) for product in trial.products)
        beaten = f"loses to {_named(trial.beaten_by)}: {visible(trial.principle)}"
        yield Text(f"would give {would}" if would else "", style=BASE)
        yield Text(beaten, style=BASE)
    elif trial.decides:
        given = [_outcome(product) for product in trial.products if product.of in trial.decides]
        yield Text(f" {marks.dot} ".join(given), style=f"bold {colour(trial.rule)}")


def _marked(trial: Trial) -> Text:
    """The name with the matching parts in brackets, which need no colour."""
    text, searched, at = Text(), trial.text or "", 0
    for start, end in _joined(trial.spans):
        text.append(visible(searched[at:start]))
        text.append(
            f"[{visible(searched[start:end])}]", style=f"bold {colour(trial.rule)}" if trial.decides else "bold"
        )
        at = end
    text.append(visible(searched[at:]))
    return text


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping matches as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _named(rule: Provenance) -> str:
    return visible(rule.option) if rule.is_base else label(rule)


_WORDS = {"lr": "lr", "weight_decay": "decay", "scheduled_lr": "scheduled lr"}


def _outcome(product: Product) -> str:
    return f"{_WORDS[product.of]} {number(product.result)}"


def _sums(report: Report, explanation: Explanation, marks: Marks) -> Iterator[Text]:
    """The arithmetic, one line a value."""
    widest = max((len(_WORDS[result.of]) for result in explanation.results), default=0)
    for result in explanation.results:
        line = Text(f"{_WORDS[result.of].ljust(widest)} = ")
        style = colour(result.rule)
        for words in _sum(report, result, marks):
            line.append(words)
        if result.product.mult is not None or result.changed_by_class:
            line.append(f" = {number(result.value)}", style=f"bold {style}" if style != BASE else "bold")
        yield line


def _sum(report: Report, result: Result, marks: Marks) -> Iterator[str]:
    product = result.product
    if product.mult is not None:
        yield f"{number(product.base)} {marks.times} {number(product.mult)}"
    else:
        yield number(product.result)
    yield f" ({_source(report, result)})"
    if result.changed_by_class:
        yield f" = {number(product.result)}, of which {visible(report.optimizer.type)} makes"


def _source(report: Report, result: Result) -> str:
    rule = result.rule
    if rule.option == "default":
        words = "the optimizer's own value"
    elif rule.option == "optimizer_default":
        words = f"the default of {visible(report.optimizer.type)}"
    elif rule.option == "frozen":
        words = "frozen: the optimizer's own value"
    else:
        words = visible(rule.option) + (f' "{visible(rule.key)}"' if rule.key is not None else "")
    words += f", {_line(rule.position)}" if rule.position else ""
    return f"{words}; {result.product.note}" if result.product.note else words


def _line(position: Position) -> str:
    return f"line {position.line}" if position.file is None else visible(position.mark)

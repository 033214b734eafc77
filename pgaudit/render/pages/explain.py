"""Explanations → text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pgaudit.constructors import constructor_named
from pgaudit.constructors.evaluation import Computation, Occurrence, RuleEvaluation
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.location import Location
from pgaudit.core.setting import Provenance, Setting
from pgaudit.explanation import ExplainedValue, Explanation
from pgaudit.folds import fold
from pgaudit.render.numbers import computed, hyperparameter, number, shape
from pgaudit.render.over_time import schedule_words
from pgaudit.render.pages.explain_group import group_lines
from pgaudit.render.style import BASE, Marks, colour, label
from pgaudit.render.styled import Text, broken, cut, filled
from pgaudit.render.terminal import TableOptions, printed
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
        lrs = tuple(report.lrs_at(explanation.row).items())
        alike.setdefault((explanation.likeness, lrs), []).append(explanation)
    parts: list[Text | str] = []
    for members in alike.values():
        parts += [""] if parts else []
        parts += _account(report, members, options)
    return printed(parts, options)


def _account(report: Report, members: Sequence[Explanation], options: TableOptions) -> Iterator[Text]:
    first = members[0]
    yield from _heading(report, members, options)
    for occurrence in first.occurrences:
        yield Text()
        yield from _occurrence(report, first, occurrence, options)
    if not first.occurrences and first.row.in_optimizer:
        yield from group_lines(report, first.row, options)
    elif not first.occurrences and report.constructor is None:
        yield Text("in no group of any optimizer: it is never trained", style="red")
    elif not first.occurrences:
        yield Text(f"the constructor `{report.constructor}` never looks at it: it is in no group", style="red")
    arithmetic = list(sums(report, first, options.marks))
    yield from [Text()] if arithmetic else []
    for line in arithmetic:
        yield from filled(cut(line), options.width, joint="", hanging=8)
    yield from _over_time(report, first.row, options, apart=not arithmetic)


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
    sentences = [f" {options.marks.dot} ".join(filter(None, facts))]
    if words := [*others(row.setting)]:
        sentences.append(f"the group also holds {', '.join(words)}")
    for sentence in sentences:
        yield from filled(sentence, options.width, hanging=2, style=BASE)


def _group(report: Report, row: ParamAssignment) -> Iterator[str]:
    if not row.in_optimizer:
        yield "in no group"
    elif len(report.assignment.optimizers) > 1:
        yield f"optimizer {row.optimizer}, {visible(report.optimizer_of(row).type)}"
    if row.group is not None:
        yield f"group {row.group} of {report.assignment.group_counts[row.optimizer or 0]}"


def others(setting: Setting) -> Iterator[str]:
    """Yields what else the group holds, and what of it is of no effect."""
    for key, value in setting.extra.items():
        yield hyperparameter(key, value) + (" (which nothing reads)" if key in setting.inert else "")


def _occurrence(
    report: Report, explanation: Explanation, occurrence: Occurrence, options: TableOptions
) -> Iterator[Text]:
    several = len(explanation.occurrences) > 1 or occurrence.name != explanation.row.name
    name = f" as {visible(occurrence.name)}" if several else ""
    if report.basis is None:
        yield from filled(f"{visible(report.path or 'what was saved')} says{name}:", options.width, hanging=2)
    else:
        library = constructor_named(report.config.constructor).library
        yield from filled(f"{library} tries, in this order{name}:", options.width, hanging=2)
    if occurrence.note:
        yield from filled(f"  {visible(occurrence.note)}", options.width, hanging=2, style="red")
    widest = max(len(label(tried.rule)) for tried in occurrence.evaluations)
    for tried in merged(occurrence.evaluations):
        yield from _evaluation(tried, min(widest, _label_room(occurrence, options)), options)


def _label_room(occurrence: Occurrence, options: TableOptions) -> int:
    """Cells for a rule's name; more where it names another file than the config, and there is room."""
    elsewhere = any(tried.rule.location and tried.rule.location.inherited for tried in occurrence.evaluations)
    return 56 if elsewhere and (options.width is None or options.width >= 120) else 24


def merged(evaluations: Sequence[RuleEvaluation]) -> Sequence[RuleEvaluation]:
    """Returns rules as they were tried, with the optimizer's own lr and weight decay as one, where both hold."""
    *others, last = evaluations
    if others and last.rule.is_base and others[-1].rule.option == last.rule.option:
        both = replace(last, products=others[-1].products + last.products, decides=others[-1].decides | last.decides)
        return [*others[:-1], both]
    return evaluations


def _evaluation(tried: RuleEvaluation, width: int, options: TableOptions) -> Iterator[Text]:
    """One rule: its mark and name, on what it matched, and what came of it."""
    marks = options.marks
    mark = marks.won if tried.decides else marks.lost if tried.matched else marks.missed
    style = colour(tried.rule) if tried.decides else "" if tried.matched else BASE
    style = f"bold {style}" if tried.decides else style
    head = Text(f"  {mark} {named(tried.rule).ljust(width)}", style)
    column = head.cells + 2
    # What does not fit stands below, under the words where there is room for them, else under the rule.
    indent = column if options.width and options.width - column >= _ROOM else 6
    for index, piece in enumerate(_pieces(tried, marks)):
        if options.width is None or head.cells + 2 + piece.cells <= options.width:
            head = Text.assemble(head, "  ", *((words, own or style) for words, own in piece.pieces))
            continue
        if head.rstrip():  # empty where the words before this piece have their own line
            yield head
        ends = " ." if index == 0 and tried.spans else " "
        yield from filled(cut(piece, ends), options.width, start=Text(" " * indent), joint="", hanging=indent)
        head = Text(" " * (indent - 2))
    if head.plain.strip():
        yield head


def _pieces(tried: RuleEvaluation, marks: Marks) -> Iterator[Text]:
    if tried.text is not None and tried.spans:
        yield _marked(tried)
    elif tried.why:
        yield Text(visible(tried.why), style="" if tried.matched else BASE)
    yield from outcome(tried, marks)


def outcome(tried: RuleEvaluation, marks: Marks) -> Iterator[Text]:
    """Yields what came of a rule: what it gives, or would have given, and what beat it."""
    if tried.beaten_by is not None:
        would = f" {marks.dot} ".join(_given(product) for product in tried.products)
        beaten = f"loses to {named(tried.beaten_by)}: {visible(tried.principle)}"
        yield Text(f"would give {would}" if would else "", style=BASE)
        yield Text(beaten, style=BASE)
    elif tried.decides:
        given = [_given(product) for product in tried.products if product.of in tried.decides]
        yield Text(f" {marks.dot} ".join(given), style=f"bold {colour(tried.rule)}")


def _marked(tried: RuleEvaluation) -> Text:
    """The name with the matching parts in brackets, which need no colour."""
    text, searched, at = Text(), tried.text or "", 0
    for start, end in _joined(tried.spans):
        text.append(visible(searched[at:start]))
        text.append(
            f"[{visible(searched[start:end])}]",
            style=f"bold {colour(tried.rule)}" if tried.decides else "bold",
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


def named(rule: Provenance) -> str:
    """Returns a rule as an explanation names it."""
    return visible(rule.option) if rule.is_base else label(rule)


_WORDS = {"lr": "lr", "weight_decay": "decay", "scheduled_lr": "scheduled lr"}


def _given(product: Computation) -> str:
    return f"{_WORDS[product.of]} {number(product.result)}"


def sums(report: Report, explanation: Explanation, marks: Marks) -> Iterator[Text]:
    """Yields the arithmetic, one line a value."""
    widest = max((len(_WORDS[result.of]) for result in explanation.results), default=0)
    for result in explanation.results:
        line = Text(f"{_WORDS[result.of].ljust(widest)} = ")
        style = colour(result.rule)
        for words in _sum(report, result, marks):
            line.append(words)
        if result.product.mult is not None or result.changed_by_class:
            line.append(f" = {number(result.value)}", style=f"bold {style}" if style != BASE else "bold")
        yield line


def _sum(report: Report, result: ExplainedValue, marks: Marks) -> Iterator[str]:
    product = result.product
    if product.mult is not None:
        yield f"{number(product.base)} {marks.times} {number(product.mult)}"
    else:
        yield number(product.result)
    yield f" ({_source(report, result)})"
    if result.changed_by_class:
        yield f" = {number(product.result)}, of which {visible(report.optimizer.type)} makes"


def _over_time(report: Report, row: ParamAssignment, options: TableOptions, *, apart: bool) -> Iterator[Text]:
    """What the schedule makes of the lr at the steps that were asked: by which factor of the lr that it begins from."""
    lrs = report.lrs_at(row)
    if not lrs or row.group is None:
        return
    yield from [Text()] if apart else []
    marks, schedule = options.marks, report.schedule_of(row.optimizer)
    name = "no schedule" if schedule is None or not schedule.title else f" {marks.dot} ".join(schedule_words(schedule))
    yield from filled(f"lr over time, by {name}:", options.width, hanging=8)
    parts, begin = [], row.setting.get("initial_lr") or row.lr
    for step, lr in lrs.items():
        factor = "" if lr is None or not begin else f" = {number(begin)} {marks.times} {computed(lr / begin)}"
        parts.append(Text.assemble(f"@{step} ", (computed(lr), "bold"), factor))
    start = Text(" " * 4)
    yield from filled(parts, options.width, start=start, joint=f" {marks.dot} ", hanging=4)


def _source(report: Report, result: ExplainedValue) -> str:
    rule = result.rule
    if rule.option == "default":
        words = "the optimizer's own value"
    elif rule.option == "optimizer_default":
        words = f"the default of {visible(report.optimizer.type)}"
    elif rule.option == "frozen":
        words = "frozen: the optimizer's own value"
    else:
        words = visible(rule.option) + (f' "{visible(rule.key)}"' if rule.key is not None else "")
    words += f", {_line(rule.location)}" if rule.location else ""
    return f"{words}; {result.product.note}" if result.product.note else words


def _line(location: Location) -> str:
    return visible(location.mark) if location.inherited else f"line {location.line}"

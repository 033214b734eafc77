"""A resumption → the verdict, what is wrong and where, and what to do: for a terminal, as JSON or as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pgaudit.names import fold_named
from pgaudit.render.columns import Column, Last, Row, Table
from pgaudit.render.data import json_text
from pgaudit.render.markdown import code, escaped, table
from pgaudit.render.pages.resume_words import both, folded, sides, sizes, verdict_words
from pgaudit.render.style import BASE, SEVERITY_STYLES
from pgaudit.render.styled import Text, filled
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.resume import ResumedGroup, Resumption, Verdict
from pgaudit.serialize import plain, portable
from pgaudit.text import counted, visible

_SHOWN = 4
"""Lines about one key that a terminal gets."""
_NAMES = 3
"""Folded names below a mismatch."""
_STYLES: dict[Verdict, str] = {
    "ok": "bold green",
    "overrides": SEVERITY_STYLES["warning"],
    "mismatch": SEVERITY_STYLES["error"],
    "refused": SEVERITY_STYLES["error"],
}


def render_resumption(found: Resumption, options: TableOptions) -> str:
    """Returns the verdict first, then what and where, and one sentence about what to do."""
    return printed(_parts(found, options), options)


def _parts(found: Resumption, options: TableOptions) -> Iterator[Text]:
    marks, width, style = options.marks, options.width, _STYLES[found.verdict]
    mark = {"ok": marks.won, "overrides": "!"}.get(found.verdict, marks.left_out)
    start = Text.assemble((f"{mark} {found.verdict}", style), "  ")
    yield from filled(verdict_words(found), width, start=start, hanging=2)
    words = [sides(found, marks), *sizes(found)]
    yield from filled(words, width, start=Text("  "), joint=f" {marks.dot} ", hanging=2, style=BASE)
    codes = {finding.code: finding for finding in found.findings}
    for mismatch in found.mismatches:
        yield Text()
        start = Text.assemble((codes["PG037"].title, SEVERITY_STYLES["error"]), "  ")
        yield from filled(visible(mismatch.message), width, start=start, hanging=2)
        if len(mismatch.params) < found.tensors:
            yield from _names(mismatch.params, width)
    if found.overrides:
        yield Text()
        message = codes["PG038"].message
        start = Text.assemble((codes["PG038"].title, SEVERITY_STYLES["warning"]), "  ")
        yield from filled(message, width, start=start, hanging=2)
        yield from _values(found, options)
    if found.notes:
        yield Text()
    for note in found.notes:
        yield from filled(visible(note), width, start=Text(f"{marks.dot} ", BASE), hanging=2, style=BASE)
    yield Text()
    yield from filled(found.advice, width, start=Text(f"{marks.arrow} ", "bold"), hanging=2)


def _names(params: Sequence[str], width: int | None) -> Iterator[Text]:
    """A few folded names; a message that names all of them needs no more."""
    if len(params) < 3:
        return
    folds = fold_named((name, None, None, name) for name in params)
    names = [visible(fold.name) for fold in folds[:_NAMES]]
    if len(folds) > _NAMES:
        names.append(f"and {counted(sum(len(fold.rows) for fold in folds[_NAMES:]), 'more tensor')}")
    yield from filled([f"{name}," for name in names[:-1]] + names[-1:], width, start=Text("  "), hanging=2, style=BASE)


def _values(found: Resumption, options: TableOptions) -> Iterator[Text]:
    """What is replaced: the key, both values, and whose they are, which may stand below."""
    arrow = Text(f" {options.marks.arrow} ", BASE)
    folds = folded(found.overrides)
    rows: list[Row | Text] = []
    seen: Counter[str] = Counter()
    for fold in folds:
        each = fold.rows[0]
        seen[each.key] += 1
        if seen[each.key] > _SHOWN:
            continue
        before, after = both(each)
        name = Text(visible(fold.name), BASE)
        cells = [Text.assemble(before, arrow, (after, "bold")), Text(f"{len(fold.rows):,}")]
        rows.append(Row(visible(each.key), cells, Last(name, name), mark=Text("  ")))
    titles = [
        Column("  key"),
        Column(f"asked for {options.marks.arrow} resumed"),
        Column(options.marks.times, right=True),
    ]
    yield from Table([*titles, Column("parameter")], rows, moving=True).lines(options.width)
    for key, count in seen.items():
        if count > _SHOWN:
            yield Text(f"  and {counted(count - _SHOWN, 'more value')} of {visible(key)}; --format json has all", BASE)


def render_json(found: Resumption) -> str:
    """Returns everything, for programs: one entry a parameter and key, numbers in full precision."""
    return json_text(data(found))


def data(found: Resumption) -> dict[str, Any]:
    """Returns a resumption as plain data."""
    return {
        "verdict": found.verdict,
        "overrides": [
            {
                "param": each.param,
                "key": each.key,
                "source": plain(each.source),
                "checkpoint": plain(each.checkpoint),
            }
            for each in found.overrides
        ],
        "mismatches": [{"message": each.message, "params": list(each.params)} for each in found.mismatches],
        "notes": list(found.notes),
        "groups": [_group(each) for each in found.resumed_groups],
    }


def _group(of: ResumedGroup) -> dict[str, Any]:
    return {
        **({"optimizer": of.optimizer} if of.optimizer else {}),
        "group": of.group,
        "from_group": of.from_group,
        "params": list(of.params),
        "tensors": of.tensors,
        "values": {
            key: {
                "source": plain(each.source),
                "checkpoint": plain(each.checkpoint),
                "resumed": plain(each.resumed),
                "replaced": each.replaced,
            }
            for key, each in of.values.items()
        },
    }


def render_markdown(found: Resumption) -> str:
    """Returns the same as Markdown, for a comment on a pull request."""
    files = f"{code(portable(found.checkpoint) or '')} → {code(portable(found.source) or '')}"
    lines = [
        f"**{found.verdict}**: {verdict_words(found)}",
        "",
        f"{files} · {' · '.join(map(escaped, sizes(found)))}",
        "",
    ]
    for mismatch in found.mismatches:
        lines += [f"- PG037 resume-mismatch: {escaped(mismatch.message)}"]
    lines += [""] if found.mismatches else []
    if found.overrides:
        rows = [
            (code(fold.name), str(len(fold.rows)), code(fold.rows[0].key), *map(escaped, both(fold.rows[0])))
            for fold in folded(found.overrides)
        ]
        lines += [*table(["parameter", "×", "key", "asked for", "resumed"], "lrlll", rows), ""]
    lines += [f"- {escaped(note)}" for note in found.notes]
    lines += [""] if found.notes else []
    return "\n".join([*lines, escaped(found.advice)]) + "\n"

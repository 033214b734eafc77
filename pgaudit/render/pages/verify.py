"""Verification → a proof or its refutation, for a terminal or as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.names import fold_named
from pgaudit.render.columns import Column, Row, Table
from pgaudit.render.data import document
from pgaudit.render.style import BASE, SEVERITY_STYLES
from pgaudit.render.styled import Text, filled
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.serialize import plain, portable
from pgaudit.text import counted, visible
from pgaudit.verify.run import Difference, Verification

_SHOWN = 40
"""Lines of differences that a terminal gets."""


def render_verification(found: Verification, options: TableOptions) -> str:
    """Returns what was compared, and the proof or the differences."""

    return printed(_parts(found, options), options)


def _parts(found: Verification, options: TableOptions) -> Iterator[Text]:
    words = [visible(found.ref), visible(portable(found.config.path) or "config"), found.config.constructor]
    yield Text(f" {options.marks.dot} ".join(words), "bold")
    yield from filled(_compared(found), options.width, style=BASE)
    yield Text()
    marks = options.marks
    mark, style = (marks.won, "bold green") if found.agrees else (marks.left_out, SEVERITY_STYLES["error"])
    yield from filled(_verdict(found), options.width, start=Text(f"{mark} ", style), hanging=2, style=style)
    for who, why in (("pgaudit", found.ours_refused), (found.library, found.theirs_refused)):
        if why is not None:
            yield from filled(visible(why), options.width, start=Text(f"  {who}: "), hanging=2)
    if found.differences:
        yield Text()
        yield from _differences(found, options)


def _compared(found: Verification) -> str:
    installed = f"{found.library} {found.version or ''}".strip()
    if installed == found.reproduced:
        return f"compared with the installed {installed}"
    return f"compared with the installed {installed}; pgaudit reproduces {found.reproduced}"


def _verdict(found: Verification) -> str:
    count = counted(found.parameters, "tensor")
    if found.agrees and found.theirs_refused is not None:
        return "both refuse to build it"
    if found.agrees:
        groups = counted(found.groups, "group")
        return f"{count} in {groups}: every lr, every weight decay and all else in the groups is equal, bit for bit"
    if not found.differences:
        return "one of the two refuses to build it"
    names = len({difference.name for difference in found.differences})
    return f"{names:,} of {count} differ"


def _differences(found: Verification, options: TableOptions) -> Iterator[Text]:
    folds = fold_named((difference.name, _likeness(difference), 0, difference) for difference in found.differences)
    rows = []
    for fold in folds[:_SHOWN]:
        difference = fold.rows[0]
        cells = (difference.what, _value(difference.ours), _value(difference.theirs))
        rows.append(Row(visible(fold.name), [Text(visible(cell)) for cell in cells]))
    titles = ("parameter", "", "pgaudit", found.library)
    yield from Table([Column(title) for title in titles], rows).lines(options.width)
    if len(folds) > _SHOWN:
        yield Text(f"and {counted(len(folds) - _SHOWN, 'line')} more; --format json has all", BASE)


def _likeness(difference: Difference) -> tuple[str, str, str]:
    # The index of a group is another for every parameter, where each has one of its own.
    group = difference.what == "group"
    ours, theirs = (bool(v is None) if group else _value(v) for v in (difference.ours, difference.theirs))
    return difference.what, str(ours), str(theirs)


def _value(value: object) -> str:
    """In full: two numbers that differ must not look alike."""
    return "none" if value is None else repr(plain(value))


def render_json(found: Verification) -> str:
    """Returns everything, for programs."""
    return document(
        model={"ref": portable(found.ref), "parameters": found.parameters},
        config={"path": portable(found.config.path), "constructor": found.config.constructor},
        library={"name": found.library, "version": found.version, "reproduced": found.reproduced},
        groups=found.groups,
        agrees=found.agrees,
        refused={"pgaudit": found.ours_refused, "library": found.theirs_refused},
        differences=[
            {"param": each.name, "what": each.what, "pgaudit": plain(each.ours), "library": plain(each.theirs)}
            for each in found.differences
        ],
    )

"""What every format says of a resumption in the same words: the verdict, the sides, the values that are replaced."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from pgaudit.names import Folded, fold_named
from pgaudit.render.numbers import apart, argument
from pgaudit.render.style import UNICODE, Marks
from pgaudit.resume import Override, Resumption
from pgaudit.serialize import plain, portable
from pgaudit.text import counted, visible


def verdict_words(found: Resumption) -> str:
    """Returns the verdict in a sentence."""
    if found.verdict == "refused":
        return "it does not load"
    if found.verdict == "mismatch":
        return "it loads without an error, and the run goes on wrong"
    lands = "every state lands on its own tensor" if found.proved else "nothing that can be told speaks against it"
    if found.verdict == "overrides":
        return f"it loads, {lands}, and values that were asked for are replaced"
    return f"it loads, {lands}, and no value is replaced"


def sides(found: Resumption, marks: Marks = UNICODE) -> str:
    """Returns what is loaded into what."""
    return f"{visible(portable(found.checkpoint))} {marks.arrow} {visible(portable(found.source))}"


def sizes(found: Resumption) -> list[str]:
    """Returns what wrote the checkpoint, and how large it is."""
    steps = [f"step {found.steps:,.0f}"] if found.steps is not None else []
    size = f"{counted(found.tensors, 'tensor')} in {counted(found.groups, 'group')}"
    return [visible(found.layout), size, *steps]


def folded(overrides: Sequence[Override]) -> list[Folded[Override]]:
    """Returns the values that are replaced alike, under one name a key; by key, in the order of the groups."""
    found: list[Folded[Override]] = []
    for key in dict.fromkeys(each.key for each in overrides):
        of_key = [each for each in overrides if each.key == key]
        folds = fold_named((each.param, _likeness(each), None, each) for each in of_key)
        alike: dict[Hashable, list[Folded[Override]]] = {}
        for fold in folds:
            alike.setdefault(_likeness(fold.rows[0]), []).append(fold)
        for same in alike.values():
            rows = tuple(row for fold in same for row in fold.rows)
            more = f" and {len(rows) - len(same[0].rows):,} more" if len(same) > 1 else ""
            whole = len(rows) == len(of_key) and len(same) > 1
            found.append(Folded("all of them" if whole and len(alike) == 1 else f"{same[0].name}{more}", rows))
    return found


def _likeness(each: Override) -> tuple[str, str]:
    return repr(plain(each.source)), repr(plain(each.checkpoint))


def both(each: Override) -> tuple[str, str]:
    """Returns both values, with as many digits as tell them apart."""
    before, after = each.source, each.checkpoint
    numbers = [isinstance(value, (int, float)) and not isinstance(value, bool) for value in (before, after)]
    if all(numbers):
        return apart(float(before), float(after))
    return argument(before), "nothing" if after is None else argument(after)

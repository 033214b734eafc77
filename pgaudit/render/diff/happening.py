"""What happens to the tensors of a diff, as a map shows it: colours, and words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pgaudit.diff import Change, ChangeKind
from pgaudit.render.diff.line import DiffLine
from pgaudit.render.diff.view import NOUNS
from pgaudit.render.html.model_map import Colouring, Look
from pgaudit.render.html.shades import distance, shade, span
from pgaudit.render.numbers import shape
from pgaudit.render.style import UNICODE
from pgaudit.text import visible

LEGEND = {
    "base": "unchanged",
    "alike": NOUNS[ChangeKind.SAME_EFFECT],
    "higher": f"{UNICODE.higher} higher",
    "lower": f"{UNICODE.lower} lower",
    "of-lr": "lr",
    "of-decay": "weight decay",
    "of-both": "lr and weight decay",
    "of-shape": "shape",
    "of-other": "something else",
    "added": "+ added",
    "removed": "− removed",
    "trains": "trains now",
    "frozen": f"{UNICODE.frozen} frozen now",
    "out": f"{UNICODE.left_out} left out now",
}
"""What each class of styles/map.css means."""
_TURNS = {1: ("higher", UNICODE.higher), -1: ("lower", UNICODE.lower)}
_TITLES = {"peak_lr": "scheduled lr", "weight_decay": "weight decay"}
_QUIET = ("base", "alike")


class _What(NamedTuple):
    """One thing that happens to a parameter."""

    title: str
    """What it is, whatever the values are."""
    words: str


class Happening:
    """What the kinds of a diff look like, and what is said of them."""

    def __init__(self, kinds: Sequence[Change | None], *, scheduled: bool) -> None:
        """Takes the first change of each kind; None stands for all that is unchanged."""
        self._lines = [None if each is None else DiffLine(each.param.name, (each,)) for each in kinds]
        self._lr = "peak_lr" if scheduled else "lr"
        self._whats = [[*_whats(line)] for line in self._lines]

    @property
    def colourings(self) -> list[Colouring]:
        """By what changes; by which way lr and weight decay go, where they do."""
        found = [Colouring("", "what changes", [*map(self._look, self._lines)])]
        for key, which in (("lr", self._lr), ("decay", "weight_decay")):
            looks = [*self._turns(which)]
            if any(look.style in ("higher", "lower") for look in looks):
                found.append(Colouring(key, _TITLES.get(which, which), looks))
        return found

    def _look(self, line: DiffLine | None) -> Look:
        if style := _style(line):
            return Look(style)
        assert line is not None
        lr, decay = line.turn(self._lr), line.turn("weight_decay")
        if lr or decay:
            return Look("of-both" if lr and decay else "of-lr" if lr else "of-decay")
        return Look("of-shape" if line.shapes and not line.change.extra else "of-other")

    def _turns(self, which: str) -> Iterator[Look]:
        far = [distance(*line.both(which)) if line and line.turn(which) else 0.0 for line in self._lines]
        widest = span(far)
        for line, by in zip(self._lines, far, strict=True):
            style = _style(line)
            if style or line is None or not line.turn(which):
                yield Look("base" if style in ("", *_QUIET) else style)
            else:
                yield Look(_TURNS[line.turn(which)][0], shade(by, widest))

    def words(self, kinds: Mapping[int, int]) -> Iterator[str]:
        """Yields what happens below a node, and to how many of its tensors, unless it is all of them."""
        every = sum(kinds.values())
        counts: dict[str, int] = {}
        words: dict[str, set[str]] = {}
        for kind in sorted(kinds, key=lambda kind: (_style(self._lines[kind]) in _QUIET, kind)):
            for what in self._whats[kind]:
                counts[what.title] = counts.get(what.title, 0) + kinds[kind]
                words.setdefault(what.title, set()).add(what.words)
        for title, count in counts.items():
            several = len(words[title])
            text = words[title].pop() if several == 1 else f"{title} ({several:,} different)"
            yield text if count == every else f"{text}: {count:,} of {every:,}"


def _style(line: DiffLine | None) -> str:
    """The look of what has one whatever its values are; empty for all else."""
    if line is None:
        return "base"
    before, after = line.change.before, line.change.after
    if line.change.kind is ChangeKind.SAME_EFFECT:
        return "alike"
    if before is None or after is None:
        return "added" if before is None else "removed"
    was, is_now = (each.in_optimizer and each.param.trainable is not False for each in (before, after))
    if was == is_now:
        return ""
    return "trains" if is_now else "frozen" if after.param.trainable is False else "out"


def _whats(line: DiffLine | None) -> Iterator[_What]:
    style = _style(line)
    if line is None or style in _QUIET:
        yield _What(LEGEND[style], LEGEND[style])
        return
    values = {_TITLES.get(which, which): which for which in line.values}
    if len(line.change.both) == 1:
        held = [f"{title} {line.value(which)}" for title, which in values.items()]
        yield _What(LEGEND[style], ", ".join([LEGEND[style], *held]))
        return
    if style:
        yield _What(LEGEND[style], LEGEND[style])
    for title, which in values.items():
        if line.value(which).new is not None:
            way, mark = _TURNS.get(line.turn(which), ("another one", ""))
            yield _What(f"{title} {way}", " ".join(filter(None, [title, mark, str(line.value(which))])))
    for each, words in zip(line.change.extra, line.extra, strict=True):
        yield _What(f"another {visible(each.name)}", words)
    if line.shapes:
        yield _What("another shape", f"shape {f' {UNICODE.arrow} '.join(map(shape, line.shapes))}")

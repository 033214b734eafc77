"""A sweep's models in columns, and what is found in them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from pgaudit.core.findings import Finding, at_least, gravity
from pgaudit.render.columns import GAP
from pgaudit.render.style import BASE, SEVERITY_STYLES, Marks
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions
from pgaudit.render.wrap import append_words
from pgaudit.sweep.records import SweepResult
from pgaudit.text import visible


def worst_text(worst: Finding, options: TableOptions, *, again: bool) -> Text:
    """What is said of the worst model of a group; short where it has been said of another."""
    text = Text("    ")
    where = visible(worst.location or "")
    if where:
        text.append(f"{where}  ")
    text.append(f"{worst.title} [{worst.severity}]", style=SEVERITY_STYLES[worst.severity])
    if again:
        return text.append("  as above", style=BASE)
    text.append("  ")
    append_words(text, visible(worst.message), options.width, BASE if worst.severity == "info" else "")
    if worst.hint and worst.severity != "info":
        text.append("      ")
        append_words(text, visible(worst.hint), options.width, BASE)
    text.rstrip()
    return text


class Rows:
    """Models in columns. The name has the right of way: when the width does not suffice, groups give way, then the
    number of tensors, then the share of decayed ones; at last the findings stand under the name.
    """

    def __init__(self, shown: Sequence[SweepResult], options: TableOptions) -> None:
        self._options = options
        self._name = max(cell_len("model"), *(cell_len(visible(result.model)) for result in shown))
        self._titles = ["tensors", "decayed", "groups"]
        findings = max(cell_len("findings"), *(_findings(result, options.marks).cells for result in shown))
        while self._titles and not self._fits(findings):
            self._titles.remove(next(title for title in ("groups", "tensors", "decayed") if title in self._titles))
        self._below = not self._fits(findings)
        if self._below:  # room for numbers once more
            self._titles = ["tensors", "decayed"]
            while self._titles and not self._fits(-GAP):
                self._titles.pop(0)

    def _fits(self, findings: int) -> bool:
        numbers = sum(GAP + len(title) for title in self._titles)
        return self._options.width is None or self._name + numbers + GAP + findings <= self._options.width

    def titles(self) -> Text:
        """Returns the heads of the columns."""
        words = ["model".ljust(self._name), *self._titles, *([] if self._below else ["findings"])]
        return Text((" " * GAP).join(words).rstrip(), style="bold")

    def row(self, result: SweepResult) -> list[Text]:
        """Returns the line of a model, or the two that it needs."""
        quiet = BASE if not at_least(result.severity, "warning") else ""
        name = visible(result.model)
        line = Text(name + " " * (self._name - cell_len(name)), style=quiet)
        numbers = {
            "tensors": f"{result.parameters:,}",
            "decayed": _share(result.decayed, result.parameters),
            "groups": f"{result.groups:,}",
        }
        for title in self._titles:
            line.append(" " * GAP + numbers[title].rjust(len(title)), style=quiet)
        findings = _findings(result, self._options.marks)
        if self._below:
            line.rstrip()
            return [line, Text("  ").append(findings)] if result.findings else [line]
        line.append(" " * GAP)
        line.append(findings)
        line.rstrip()
        return [line]


def _share(part: int, whole: int) -> str:
    """A share in per cent; neither none nor all is rounded to."""
    per_cent = 100 * part / max(whole, 1)
    return f"{per_cent if part in (0, whole) else min(max(per_cent, 1), 99):.0f} %"


def _findings(result: SweepResult, marks: Marks) -> Text:
    """The codes, each with its number, in the colours of their severity; the gravest first."""
    text = Text()
    for found in sorted(result.findings, key=lambda found: -gravity(found.severity)):
        times = f"{marks.times}{found.findings}" if found.findings > 1 else ""
        text.append(" " if text else "")
        text.append(f"{found.code}{times}", style=SEVERITY_STYLES[found.severity])
    return text

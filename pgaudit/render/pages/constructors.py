"""The catalogue of constructors → text for a terminal, Markdown, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pgaudit.catalogue import example
from pgaudit.catalogue.listing import Entry
from pgaudit.constructors import Constructor
from pgaudit.constructors.profile import TOPICS
from pgaudit.render.columns import GAP
from pgaudit.render.data import json_text
from pgaudit.render.markdown import code_span, escaped, table
from pgaudit.render.style import BASE
from pgaudit.render.styled import Text, filled
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.text import visible

_NARROWEST = 28
"""Cells that words need beside a head."""


def render_list(entries: Sequence[Entry], options: TableOptions) -> str:
    """Returns all constructors, a line each: name, library, what it stands for; for a plug-in, who brings it."""
    names = [visible(each.constructor.name) for each in entries]
    libraries = [visible(each.constructor.library) for each in entries]
    first, second = (max(map(len, words)) + GAP for words in (names, libraries))
    parts: list[Text] = []
    for each, name, library in zip(entries, names, libraries, strict=True):
        title = visible(each.constructor.title)
        said = title if each.source == "built in" else f"{title}, from {visible(each.source)}"
        head = Text.assemble((f"{name:<{first}}", "bold"), f"{library:<{second}}")
        parts += _in_column(head, said, options.width)
    parts += [Text(), Text("pgaudit constructors NAME says what it does", style=BASE)]
    return printed(parts, options)


def render_entry(entry: Entry, options: TableOptions) -> str:
    """Returns one constructor's ways, and the options that it reads."""
    return printed(_of_entry(entry, options), options)


def _of_entry(entry: Entry, options: TableOptions) -> Iterator[Text]:
    constructor, profile = entry.constructor, entry.constructor.profile

    def sentence(words: str, style: str) -> list[Text]:
        return filled(visible(words), options.width, style=style)

    yield from sentence(f"{constructor.name}: {constructor.title}", "bold")
    whose = "" if entry.source == "built in" else f", from {entry.source}"
    yield from sentence(f"as in {constructor.library}{whose}", BASE)
    if constructor.aliases:
        yield from sentence(f"also called {', '.join(constructor.aliases)}", BASE)
    if profile:
        yield Text()
    width = max(map(len, TOPICS.values())) + GAP
    for field, topic in TOPICS.items() if profile else ():
        yield from _in_column(Text(f"{topic:<{width}}", "cyan"), getattr(profile, field), options.width)
    if constructor.options:
        yield from (Text(), Text("options", "bold"))
        width = max(map(len, constructor.options)) + GAP
        for option, meaning in constructor.options.items():
            yield from _in_column(Text(f"{visible(option):<{width}}", "green"), visible(meaning), options.width)


def _in_column(head: Text, words: str, width: int | None) -> list[Text]:
    """Words beside a head, broken within their own column; below it where that is too narrow."""
    longest = max(map(len, words.split(" ")))
    if width is None or width - head.cells >= max(_NARROWEST, longest):
        return filled(words, width, start=head, hanging=head.cells)
    return [head.rstrip(), *filled(words, width, start=Text("  "), hanging=2)]


def render_markdown(entries: Sequence[Entry]) -> str:
    """Returns which constructor does what, as two tables: their ways, and who reads which option."""
    known = [each.constructor for each in entries if each.constructor.profile is not None]
    names = [each.name for each in known]
    rows = ((f"`{each.name}`", _literal(each.title), escaped(each.library)) for each in known)
    lines = [*table(("constructor", "stands for", "as in"), "lll", rows), *_example_lines()]
    for field, topic in TOPICS.items():
        ways = ((f"`{each.name}`", _literal(getattr(each.profile, field))) for each in known)
        lines += ["", f"## {topic[0].upper()}{topic[1:]}", "", *table(("constructor", ""), "ll", ways)]
    meanings = dict.fromkeys(item for each in known for item in each.options.items())
    options = [
        (f"`{option}`", *("✓" if each.options.get(option) == meaning else "" for each in known), _literal(meaning))
        for option, meaning in meanings
    ]
    lines += ["", "## Options", "", *table(("option", *names, "what it is for"), f"l{'c' * len(names)}l", options)]
    return "\n".join(lines) + "\n"


def _literal(words: str) -> str:
    """Returns words of ours for a cell; what stands between backticks in them is code."""
    return "".join(f"`{part}`" if odd % 2 else escaped(part) for odd, part in enumerate(words.split("`")))


def _example_lines() -> list[str]:
    """What has weight decay when each constructor is told to spare norms and biases."""
    found = example.decays()
    lines = ["", "## The same wish, in each one's words", ""]
    lines += ["Norms and biases are to have no weight decay. Each is told so in the way that it offers:", ""]
    for name, asked in example.asked().items():
        said = {section: words for section, words in asked.items() if section != "optimizer"}
        untold = "has no word for it" if all(found[name]) else "does so by itself"
        lines.append(f"* `{name}`: {code_span(json.dumps(said)) if said else untold}")
    lines += ["", "What is decayed then (●), what is not (–), and what is in no group (✕):", ""]
    decays = zip(*found.values(), strict=True)
    rows = [
        (sort.what, *("✕" if decay is None else "●" if decay else "–" for decay in row))
        for sort, row in zip(example.SORTS, decays, strict=True)
    ]
    return [*lines, *table(("", *found), f"l{'c' * len(found)}", rows)]


def render_json(entries: Sequence[Entry]) -> str:
    """Returns the catalogue for programs."""
    data = [_as_data(each.constructor, each.source) for each in entries]
    return json_text({"schema_version": 1, "constructors": data})


def _as_data(constructor: Constructor, source: str) -> dict[str, Any]:
    return {
        "name": constructor.name,
        "title": constructor.title,
        "aliases": list(constructor.aliases),
        "library": constructor.library,
        "source": source,
        "ways": asdict(constructor.profile) if constructor.profile else None,
        "options": dict(constructor.options),
    }

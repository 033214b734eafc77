"""The words that a shell completes, and that only pgaudit knows. A shell does not wait for torch: what is not known
without it is not offered. Nothing is written, no code runs, and only words are offered that no shell would take apart.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Items = list[CompletionItem]


def models(_context: click.Context, _param: click.Parameter, incomplete: str) -> Items:
    """Returns timm's names, as far as the cache has them, and files; without a letter, only files."""
    if ":" in incomplete or not incomplete:
        return _in_file(incomplete) or _files(incomplete)
    names = _timm_names()
    found = [name for name in names if name.startswith(incomplete)]
    return _items([*found, *_files_here(incomplete)], incomplete) if found else _files(incomplete)


def timm_names(_context: click.Context, _param: click.Parameter, incomplete: str) -> Items:
    """Returns timm's names, as far as the cache has them."""
    return _items(_timm_names(), incomplete)


def sources(_context: click.Context, _param: click.Parameter, incomplete: str) -> Items:
    """Returns files, and what a file of Python defines behind its colon."""
    return _in_file(incomplete) or _files(incomplete)


def sources_or_parameters(context: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Returns the same; but where the word before is the source already, the parameters of its model."""
    from pgaudit.cli.shared.common import is_config

    is_behind = is_config(context.params.get("model") or "") or context.params.get("named") is not None
    return (parameters(context, param, incomplete) if is_behind else []) or sources(context, param, incomplete)


def parameters(context: click.Context, _param: click.Parameter, incomplete: str) -> Items:
    """Returns the names of the parameters of the model on the line, where they are known without building it."""
    from pgaudit.cli.shared.typed import typed_inventory

    inventory = typed_inventory(context)
    return _items([name for each in inventory.parameters for name in each.names] if inventory else [], incomplete)


def findings(_context: click.Context, _param: click.Parameter, incomplete: str) -> Items:
    """Returns the codes and the names of findings, each with what it says; in a list, the last one's."""
    from click.shell_completion import CompletionItem

    from pgaudit.checks.documentation import all_documentation

    before, comma, last = incomplete.rpartition(",")
    words = [(word, each.title) for each in all_documentation() for word in (each.kind.code, each.kind.name)]
    found = [(word, title) for word, title in words if word.lower().startswith(last.lower())]
    return [CompletionItem(f"{before}{comma}{word}", help=title) for word, title in found]


def constructors(_context: click.Context, _param: click.Parameter, incomplete: str) -> Items:
    """Returns the names of constructors, those of plug-ins last; none of them is loaded."""
    from pgaudit.constructors.registry import constructor_names

    return _items(constructor_names(), incomplete)


def audits(context: click.Context, _param: click.Parameter, incomplete: str) -> Items:
    """Returns the names of the project's audits."""
    from pgaudit.config.project import find_project, load_project

    path = context.params.get("project")
    project = load_project(path) if path is not None else find_project()
    return _items([audit.name for audit in project.audits], incomplete)


def words(known: Sequence[str]) -> Callable[[click.Context, click.Parameter, str], Items]:
    """Returns what completes one of a few words, for an option that says itself what is wrong with others."""
    return lambda _context, _param, incomplete: _items(known, incomplete)


def _timm_names() -> list[str]:
    from pgaudit.models.cache import Cache

    found: list[str] = Cache().get("lists", "models") or []  # silently: no note into the shell's line
    return found


def _items(words: Iterable[str], incomplete: str) -> Items:
    """The words that begin so; what would have to be quoted is left out, for it may come from anybody's file."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(word) for word in words if word.startswith(incomplete) and shlex.quote(word) == word]


def _files(incomplete: str) -> Items:
    """The shell's own completion of files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _files_here(incomplete: str) -> list[str]:
    with os.scandir() as entries:
        return sorted(entry.name for entry in entries if entry.name.startswith(incomplete) and entry.is_file())


def _in_file(incomplete: str) -> Items:
    """What ``file.py:`` can be completed to; the file is parsed, and not run."""
    from pathlib import Path

    from pgaudit.models.definitions import names_defined

    file, colon, _ = incomplete.rpartition(":")
    if not colon or not file.endswith(".py"):
        return []
    return _items([f"{file}:{name}" for name in names_defined(Path(file))], incomplete)

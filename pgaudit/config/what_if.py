"""Changes of a config that are tried without writing them: another lr, optimizer or option than the file has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgaudit.config import layouts
from pgaudit.config.misplaced import split
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import Finding
from pgaudit.core.location import Path
from pgaudit.files.document import Document
from pgaudit.text import quoted, visible

_PART = re.compile(r"""(^|\.)("[^"]*"|'[^']*'|[^."']*)""")
_WITHOUT_EFFECT = ("PG001", "PG002", "PG011")
"""What is found of a key that matches nothing, loses everywhere, or that nobody reads."""
NO_CONFIG: Mapping[str, Any] = {"optimizer": {"type": "AdamW"}}
"""What stands for a config where there is none: the optimizer that most people train with, with its own defaults."""


@dataclass(frozen=True)
class WhatIf:
    """What takes the place of a config's own values."""

    optimizer: str | None = None
    """The class."""
    lr: float | None = None
    weight_decay: float | None = None
    values: tuple[tuple[Path, Any], ...] = ()
    """Further ones, by their paths in the file's own words."""
    words: str = ""
    """All of them as they are typed."""

    def on(self, document: Document) -> Document:
        """Returns the document with these values.

        Raises:
            UsageError: a path leads through something that is no mapping, or to what nobody reads; or the library has
                other words for an optimizer's values.
        """
        changes = [*self._of_optimizer(document), *self.values]
        value = document.value
        for path, new in changes:
            value = _changed(value, path, new)
        for path, _ in self.values:
            _refuse_unread(path, document, value)

        def stays(at: Path) -> bool:
            return not any(at[: len(path)] == path for path, _ in changes)

        keys, values = (
            {at: place for at, place in places.items() if stays(at)} for places in (document.keys, document.values)
        )
        clear = [each for each in document.ambiguous if stays(each.path)]
        return replace(document, value=value, keys=keys, values=values, ambiguous=clear)

    def has_no_effect(self, finding: Finding) -> bool:
        """Returns whether a finding says that nothing reads one of the further values, or that it matches nothing."""
        steps = {str(step) for path, _ in self.values for step in path}
        return finding.code in _WITHOUT_EFFECT and finding.key in steps

    def _of_optimizer(self, document: Document) -> list[tuple[Path, Any]]:
        named = {"type": self.optimizer, "lr": self.lr, "weight_decay": self.weight_decay}
        given = {key: value for key, value in named.items() if value is not None}
        if not given or not isinstance(document.value, Mapping):
            return []
        top, rest = split(document.value)
        layout = layouts.recognise(top, {**rest, **document.rest})
        at = layout.sections.get("optimizer")
        if at is None:
            (section,) = layout.sections["solver"]
            options = " and ".join(f"--{'optimizer' if key == 'type' else key.replace('_', '-')}" for key in given)
            raise UsageError(f"{options}: this config has a {quoted(section)}", f"--set {section}.KEY=VALUE")
        return [((*at, key), value) for key, value in given.items()]


def _refuse_unread(path: Path, document: Document, changed: Mapping[str, Any]) -> None:
    """Raises UsageError for a new key that would change nothing; one that another tool's word is read as is named."""
    key = str(path[0])
    is_new = key not in (document.value or ()) and key not in document.rest and key not in layouts.OF_OPENMMLAB
    if is_new and key in split(changed)[1]:
        read_as = next((at for at, word in reversed(document.origins.items()) if word == path), None)
        hint = f"--set {'.'.join(map(str, read_as))}=VALUE" if read_as else "--set paramwise_cfg.norm_decay_mult=0"
        raise UsageError(f"--set {visible('.'.join(map(str, path)))}: nothing here reads {quoted(key)}", hint)


def _changed(value: Any, path: Path, new: Any) -> Any:
    """The value with another one at a path; mappings on the way there are made, and lists have their items."""
    if not path:
        return new
    step, *rest = path
    if isinstance(value, list) and str(step) in map(str, range(len(value))):
        return [_changed(each, tuple(rest), new) if str(at) == str(step) else each for at, each in enumerate(value)]
    if value is not None and not isinstance(value, Mapping):
        message = f"--set: {quoted(step)} is below {visible(value)}, which is no section"
        raise UsageError(message, "--set SECTION.KEY=VALUE")
    held = value or {}
    return {**held, step: _changed(held.get(step), tuple(rest), new)}


def path_of(text: str) -> Path:
    """Returns the path of ``paramwise_cfg.custom_keys.".cls_token".lr_mult``: what is between quotes is one key.

    Raises:
        UsageError: a part is empty, or a quote is not closed.
    """
    parts = _PART.findall(text)
    if "".join(dot + part for dot, part in parts) != text or not all(part for _, part in parts) or parts[0][0]:
        raise UsageError(f"--set {visible(text)} is no path of keys", 'SECTION.KEY, or SECTION."a.key".KEY')
    return tuple(part[1:-1] if part[0] in "\"'" else part for _, part in parts)

"""Training configs of other tools, recognised by their own keys: each module reads one tool's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.config.dialects import deepspeed, hydra, lightning, timm, transformers
from pgaudit.config.dialects.translation import Translation
from pgaudit.config.dialects.words import Words
from pgaudit.config.layouts import BASES, SECTIONS, SIGNS, has
from pgaudit.files.document import Document

DIALECTS = (hydra, lightning, timm, transformers, deepspeed)
"""Each is asked in turn; ``read`` returns None for what is none of its own."""


def may_be_another(top: Mapping[str, Any]) -> bool:
    """Returns whether a config may be in another tool's words: it is in pgaudit's own layout if its ``optimizer`` is,
    and in a library's if anything tells so.

    Args:
        top: its keys, with those below them.
    """
    optimizer = top.get("optimizer")
    if isinstance(optimizer, Mapping) and not _is_foreign(optimizer) and not deepspeed.is_bare(top):
        return False
    if any(key in top for key in (*BASES, *SECTIONS.values()) if key != "optimizer"):
        return False
    return not any(has(top, sign) for signs in SIGNS.values() for sign in signs)


def translated(document: Document) -> Translation | None:
    """Returns what a training config of another tool says; None for what no dialect knows.

    Args:
        document: read with all its faults.

    Raises:
        ConfigError: it is recognised, and says what cannot be read.
    """
    if not isinstance(document.value, dict):
        return None
    words = Words(document)
    return next(filter(None, (dialect.read(words) for dialect in DIALECTS)), None)


def _is_foreign(optimizer: Mapping[str, Any]) -> bool:
    """Whether an ``optimizer`` is none that pgaudit's own layout could have: its class is named otherwise, or its
    arguments are a mapping of their own.
    """
    return "type" not in optimizer or isinstance(optimizer.get("params"), Mapping)

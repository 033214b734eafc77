"""Training configs of other tools, recognised by their own keys: each module reads one tool's."""

from __future__ import annotations

from pgaudit.config.dialects import deepspeed, hydra, lightning, rtdetr, timm, transformers
from pgaudit.config.dialects.translation import Translation
from pgaudit.config.dialects.words import Words
from pgaudit.files.document import Document

DIALECTS = (hydra, lightning, timm, transformers, rtdetr, deepspeed)
"""Each is asked in turn; ``read`` returns None for what is none of its own."""


def translated(document: Document) -> Translation | None:
    """Returns what a training config of another tool says; None for what no dialect knows.

    Args:
        document: a mapping, read with all its faults.

    Raises:
        ConfigError: it is recognised, and says what cannot be read.
    """
    words = Words(document)
    return next(filter(None, (dialect.read(words) for dialect in DIALECTS)), None)


def included(document: Document) -> Translation:
    """Returns what a config says together with what it includes, which only RT-DETR's do.

    Raises:
        ConfigError: it says nothing of an optimizer, or what cannot be read.
    """
    return rtdetr.translation(Words(document))

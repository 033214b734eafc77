"""Which of the words of a comparison are models, and which are sources."""

from __future__ import annotations

import os

from pgaudit.checkpoints import is_checkpoint
from pgaudit.cli.shared.common import is_config, references
from pgaudit.core.errors import UsageError
from pgaudit.core.parameters import INVENTORY_FILES
from pgaudit.files.inputs import read_bytes
from pgaudit.text import quoted
from pgaudit.user_code.imports import is_code, is_file

Named = tuple[str | None, str]
"""A model, where one is named, and a source."""
NamedSides = tuple[Named, Named]
_USAGE = "pgaudit diff [MODEL] SOURCE [MODEL] SOURCE, or [MODEL] CONFIG --lr 0.1"


def alone_in(words: tuple[str, ...], model: str | None) -> Named | None:
    """Returns the model and the source where the words name one source alone; None where they are to be two sides.

    Two words are two sides unless the first one can only be a model. Code can be both.

    Args:
        words: as they were typed.
        model: what ``--model`` names.

    Raises:
        UsageError: a model stands alone, or there are two of them.
    """
    if len(words) == 1 or (len(words) == 2 and not _is_source(words[0]) and not is_code(words[0])):
        return references(words[0], words[1] if len(words) == 2 else None, command="diff", model=model)
    return None


def sides_in(words: tuple[str, ...]) -> NamedSides:
    """Returns the two sides that two, three or four words name: each a source, or a model and its source.

    Of three words, the second one is a source, and so the first one its model, or it is the model of the third. Code
    may be either: where it stands in the middle, it is a source behind what can only be a model, and else a model.

    Raises:
        UsageError: there are fewer or more, or a model stands where a source has to be.
    """
    if len(words) == 2:
        found: NamedSides = (None, words[0]), (None, words[1])
    elif len(words) == 3:
        first, second, third = words
        if _is_source(second) or (is_code(second) and not _is_source(first) and not is_code(first)):
            found = (first, second), (None, third)
        else:
            found = (None, first), (second, third)
    elif len(words) == 4:
        found = (words[0], words[1]), (words[2], words[3])
    else:
        what = "nothing" if not words else f"{quoted(words[0])} alone" if len(words) == 1 else f"{len(words)} arguments"
        raise UsageError(f"two sources are compared, and {what} cannot be", _USAGE)
    for model, source in found:
        _refuse_misplaced(model, source)
    return found


def _is_source(word: str) -> bool:
    """Whether a word can only be a source."""
    if is_code(word) or _is_inventory(word):
        return False
    return is_config(word) or is_checkpoint(word) or is_file(word) or os.path.exists(word)


def _is_inventory(word: str) -> bool:
    """Whether a file holds a saved inventory, which is a model."""
    if not word.endswith(INVENTORY_FILES) or not is_file(word):
        return False
    from pgaudit.models.saved.file import is_saved

    return is_saved(read_bytes(word, 400))


def _refuse_misplaced(model: str | None, source: str) -> None:
    if model is not None and _is_source(model):
        raise UsageError(f"{quoted(model)} is no model, and stands before {quoted(source)}", _USAGE)
    is_name = not (_is_source(source) or is_code(source) or os.sep in source or os.path.splitext(source)[1])
    if is_name or _is_inventory(source):
        raise UsageError(f"{quoted(source)} is no source", _USAGE)

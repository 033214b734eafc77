"""Inventories as files: JSON of one line an entry, in the model's order, so that git shows what changed in a model.

    {"pgaudit_inventory": 1,
    "made_with": {"torch": "2.9.1", "timm": "1.0.31"},
    "model_args": {"num_classes": 10},
    "types": {
    "ResNet": ["timm.models.resnet.ResNet", "torch.nn.modules.module.Module", "builtins.object"],
    ...
    },
    "inventory": {
    "ref": "resnet18",
    "source": "timm",
    "version": "1.0.31",
    "type": "ResNet",
    "dtype": "float32",
    "modules": [
    ["", "ResNet"],
    ["conv1", "Conv2d", {"weight": [64, 3, 7, 7]}],
    ["bn1", "BatchNorm2d", {"weight": [64], "bias": [64]}],
    ...
    ],
    "hints": {
    ...
    }
    },
    "checksum": "0f343b0931126a20"}

What nearly all models have in common is left out: see :mod:`pgaudit.models.saved.lines`. Nothing is counted, so
that a module more is a line more. The checksum is of all bytes before it: a file that was cut, edited or merged by hand
is refused. The layout is part of the format; it is read line by line, for modules of one kind have equal lines but for
their names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.errors import ModelError
from pgaudit.core.location import Location
from pgaudit.core.parameters import Inventory
from pgaudit.memory import gc_disabled
from pgaudit.models.saved.lines import Types
from pgaudit.models.saved.read import read_document
from pgaudit.models.saved.refusal import refusal
from pgaudit.models.saved.write import braced, dumped, entries, section
from pgaudit.strict_json import Unreadable, mapping
from pgaudit.strict_json import text as text_of
from pgaudit.text import one_line, visible

FORMAT, NEWER_FORMAT = 1, 2
"""The newer one is of a model whose own methods list parameters otherwise than a walk over its modules, or whose
parameters lie on several device meshes: a pgaudit that does not know of such refuses the file.
"""
MAX_BYTES = 1 << 28
"""Of a file: enough for some millions of parameters."""
ANEW = "pgaudit snapshot MODEL -o FILE writes it anew"

_FIRST = re.compile(rb'\{"pgaudit_inventory": (\d{1,9}),\n')
_LAST = re.compile(rb'"checksum": "([0-9a-f]{16})"\}\n*')
_OURS = re.compile(rb'\s*\{\s*"pgaudit_inventory"')
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Saved:
    """An inventory as a file holds it."""

    inventory: Inventory
    """Of the model itself."""
    inside: Inventory | None = None
    """Of its attribute ``module``, for a model that has one."""
    model_args: Mapping[str, Any] = field(default_factory=dict)
    """What the factory was given: plain JSON values."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the libraries that it was made with."""


def is_saved(data: bytes) -> bool:
    """Whether a file is meant to be a saved inventory, by its first bytes."""
    return _OURS.match(data.removeprefix(_BOM)) is not None


def written(saved: Saved) -> str:
    """Returns the file's text; equal inventories have equal texts.

    Raises:
        ModelError: the model holds what would not be read as it was.
    """
    with gc_disabled():
        types = Types()
        parts = [("inventory", section(saved.inventory, types))]
        if saved.inside is not None:
            parts.append(("inside", section(saved.inside, types)))
        both = [saved.inventory, *([saved.inside] if saved.inside else [])]
        newer = any(each.listings is not None or each.meshes is not None for each in both)
        lines = [
            f'{{"pgaudit_inventory": {NEWER_FORMAT if newer else FORMAT},',
            f'"made_with": {dumped(saved.versions, "the versions")},',
            f'"model_args": {dumped(saved.model_args, "the model arguments")},',
            f'"types": {braced(entries(types.table()))},',
            *(f'"{name}": {braced(part)},' for name, part in parts),
        ]
        body = "".join(f"{line}\n" for line in lines)
        text = f'{body}"checksum": "{_checksum(body.encode("ascii"))}"}}\n'
        # Torch lets a model make up nearly anything. What this layout cannot carry is refused, not bent.
        if read(text.encode("ascii"), saved.inventory.ref) != saved:
            raise ModelError(
                f"{visible(saved.inventory.ref)} cannot be saved: a file would not be read as the model is"
            )
        return text


def read(data: bytes, path: str) -> Saved:
    """Reads what :func:`written` wrote.

    Args:
        data: the file's bytes; line ends of Windows do no harm.
        path: its name, for messages.

    Raises:
        ModelError: it was cut or changed, is of a newer format, or is something else.
    """
    if len(data) > MAX_BYTES:
        message = f"the file is larger than the {MAX_BYTES:,} bytes that a saved inventory may have"
        raise ModelError(message, ANEW, Location(path))
    text = _checked(data, path)
    try:
        with gc_disabled():
            document, inventory, inside = read_document(text)
            versions = {name: text_of(version) for name, version in mapping(document["made_with"]).items()}
            return Saved(inventory, inside, mapping(document["model_args"]), versions)
    except Unreadable as error:
        said = str(error)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        said = f"{type(error).__name__}: {one_line(error, limit=80)}"
    raise ModelError(f"the saved inventory holds what none does: {said}", ANEW, Location(path))


def _checked(data: bytes, path: str) -> str:
    """Returns the text without its last line, once nothing speaks against it."""
    data = data.removeprefix(_BOM)
    if b"\r\n" in data[:40]:
        data = data.replace(b"\r\n", b"\n")
    first = _FIRST.match(data)
    if first is None:
        raise refusal(data, path, ours=is_saved(data))
    if int(first[1]) not in (FORMAT, NEWER_FORMAT):
        hint = "a newer pgaudit wrote it" if int(first[1]) > FORMAT else ANEW
        known = f"{FORMAT} and {NEWER_FORMAT}"
        raise ModelError(f"inventory format {int(first[1])}; this pgaudit reads {known}", hint, Location(path))
    end = data.rfind(b'"checksum"')
    last = _LAST.fullmatch(data, max(end, 0))
    if last is None or last[1].decode() != _checksum(memoryview(data)[:end]):
        raise refusal(data, path, ours=True, begins=True, ends=last is not None)
    try:
        return str(memoryview(data)[:end], "ascii")
    except UnicodeDecodeError:
        raise ModelError("the saved inventory is not ASCII text", ANEW, Location(path)) from None


def _checksum(body: bytes | memoryview) -> str:
    return hashlib.sha256(body).hexdigest()[:16]

"""Inventories as files: plain JSON of one line a parameter, in the model's order, so that git shows what changed.

    {"pgaudit_inventory": 3,
    "made_with": {"torch": "2.9.1", "timm": "1.0.31"},
    "model_args": {"num_classes": 10},
    "types": {
    "ResNet": {"bases": ["timm.models.resnet.ResNet", "torch.nn.modules.module.Module", "builtins.object"], ...},
    ...
    },
    "inventory": {
    "ref": "resnet18",
    ...
    "parameters": [
    ["conv1.weight", [64, 3, 7, 7], "ResNet/Conv2d", {"layer": 0, "conv": [3, 64, 1]}],
    ["bn1.weight", [64], "ResNet/BatchNorm2d", {"layer": 0}],
    ...
    ],
    "listings": null
    },
    "inside": null,
    "checksum": "0f343b0931126a20"}

Nothing is counted, so that a module more is its lines more: see :mod:`pgaudit.models.saved.write`. The checksum is of
all bytes before it: a file that was cut, edited or merged by hand is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.errors import ModelError
from pgaudit.core.location import Location
from pgaudit.core.parameters import Inventory
from pgaudit.memory import gc_disabled
from pgaudit.models.saved.read import read_section, read_types
from pgaudit.models.saved.refusal import ANEW, refusal
from pgaudit.models.saved.write import Types, section
from pgaudit.strict_json import DECODER, Unreadable, mapping
from pgaudit.strict_json import text as text_of
from pgaudit.text import format_exception, one_line, quoted, visible

FORMAT = 3
MAX_BYTES = 1 << 28
"""Of a file, packed or not: enough for two million parameters."""

_FIRST = re.compile(rb'\{"pgaudit_inventory": (\d{1,9}),\n')
_LAST = re.compile(rb'"checksum": "([0-9a-f]{16})"\}\n*')
_OURS = re.compile(rb'\s*\{\s*"pgaudit_inventory"')
_BOM = b"\xef\xbb\xbf"
_GZIP, _GZIP_BITS = b"\x1f\x8b", 31

_ENCODER = json.JSONEncoder(allow_nan=False)
_IN_LINES = frozenset(
    {"types", "inventory", "inside", "hints", "layer_depths"}
    | {"parameters", "listings", "named_modules", "named_parameters", "_parameters"}
)
"""What takes a line an entry."""


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
    if data.startswith(_GZIP):
        try:
            data = zlib.decompressobj(_GZIP_BITS).decompress(data, 1000)
        except zlib.error:
            return False
    return _OURS.match(data.removeprefix(_BOM)) is not None


def written(saved: Saved) -> str:
    """Returns the file's text; equal inventories have equal texts.

    Raises:
        ModelError: the model holds what would not be read as it was.
    """
    with gc_disabled():
        types = Types()
        inventory = section(saved.inventory, types)
        inside = None if saved.inside is None else section(saved.inside, types)
        document = {
            "pgaudit_inventory": FORMAT,
            "made_with": saved.versions,
            "model_args": saved.model_args,
            "types": types.table(),
            "inventory": inventory,
            "inside": inside,
        }
        lines = "".join(f'"{key}": {_laid_out(value, key)},\n' for key, value in document.items())
        body = f"{{{lines}"
        text = f'{body}"checksum": "{_checksum(body.encode("ascii"))}"}}\n'
        # Torch lets a model make up nearly anything. What cannot be read back as it was is refused, not bent.
        if read(text.encode("ascii"), saved.inventory.ref) != saved:
            raise ModelError(
                f"{visible(saved.inventory.ref)} cannot be saved: a file would not be read as the model is"
            )
        return text


def packed(text: str) -> bytes:
    """Returns a file's text as gzip packs it: without a name and a time, so that equal texts have equal bytes."""
    packer = zlib.compressobj(wbits=_GZIP_BITS)
    return packer.compress(text.encode("ascii")) + packer.flush()


def _laid_out(value: Any, key: str) -> str:
    """Returns JSON; what is said of the ``key`` takes one line, or one line an entry."""
    if key not in _IN_LINES or not value:
        return _dumped(value, key)
    if isinstance(value, dict):
        inside = (f"{_dumped(name, key)}: {_laid_out(entry, name)}" for name, entry in value.items())
        return "{\n" + ",\n".join(inside) + "\n}"
    return "[\n" + ",\n".join(_dumped(entry, entry[0]) for entry in value) + "\n]"


def _dumped(value: Any, what: str) -> str:
    try:
        return _ENCODER.encode(dict(value) if isinstance(value, Mapping) else value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"{quoted(what)} cannot be saved: {format_exception(error)}") from None


def read(data: bytes, path: str) -> Saved:
    """Reads what :func:`written` wrote, packed or not.

    Args:
        data: the file's bytes; line ends of Windows do no harm.
        path: its name, for messages.

    Raises:
        ModelError: it was cut or changed, is of another format, or is something else.
    """
    text = _checked(_unpacked(data, path), path)
    try:
        with gc_disabled():
            document = mapping(DECODER.decode(text))
            types = read_types(document["types"])
            inside = document["inside"]
            return Saved(
                read_section(document["inventory"], types),
                None if inside is None else read_section(inside, types),
                mapping(document["model_args"]),
                {name: text_of(version) for name, version in mapping(document["made_with"]).items()},
            )
    except Unreadable as error:
        said = str(error)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        said = f"{type(error).__name__}: {one_line(error, limit=80)}"
    raise ModelError(f"the saved inventory holds what none does: {said}", ANEW, Location(path))


def _unpacked(data: bytes, path: str) -> bytes:
    """Returns at most ``MAX_BYTES``, whatever a packed file would come to."""
    whole = True
    if data.startswith(_GZIP):
        unpacker = zlib.decompressobj(_GZIP_BITS)
        try:
            data = unpacker.decompress(data, MAX_BYTES + 1)
        except zlib.error as error:
            raise ModelError(f"the gzip file is damaged: {error}", ANEW, Location(path)) from None
        whole = unpacker.eof and not unpacker.unused_data
    if len(data) > MAX_BYTES:
        message = f"the file is larger than the {MAX_BYTES:,} bytes that a saved inventory may have"
        raise ModelError(message, ANEW, Location(path))
    if not whole:
        raise ModelError("the gzip file was cut, or something stands after its end", ANEW, Location(path))
    return data


def _checked(data: bytes, path: str) -> str:
    """Returns the text, once nothing speaks against it."""
    data = data.removeprefix(_BOM)
    if b"\r\n" in data[:40]:
        data = data.replace(b"\r\n", b"\n")
    first = _FIRST.match(data)
    if first is None:
        raise refusal(data, path, ours=is_saved(data))
    if (number := int(first[1])) != FORMAT:
        hint = "a newer pgaudit wrote it" if number > FORMAT else ANEW
        raise ModelError(f"inventory format {number}; this pgaudit reads {FORMAT}", hint, Location(path))
    end = data.rfind(b'"checksum"')
    last = _LAST.fullmatch(data, max(end, 0))
    if last is None or last[1].decode() != _checksum(memoryview(data)[:end]):
        raise refusal(data, path, ours=True, begins=True, ends=last is not None)
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise ModelError("the saved inventory is not ASCII text", ANEW, Location(path)) from None


def _checksum(body: bytes | memoryview) -> str:
    return hashlib.sha256(body).hexdigest()[:16]

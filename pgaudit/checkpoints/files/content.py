"""A single file of a checkpoint → what it holds, and where its elements lie."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pgaudit.checkpoints.files import torch_zip
from pgaudit.checkpoints.files.legacy import Pickles
from pgaudit.checkpoints.files.misnamed import what_else
from pgaudit.checkpoints.files.random_access import RandomAccess, opened
from pgaudit.checkpoints.files.safetensors import SafeTensors, is_safetensors
from pgaudit.checkpoints.files.torch_zip import TorchZip
from pgaudit.checkpoints.pickles.limits import Cut, Refused
from pgaudit.core.errors import ConfigError
from pgaudit.text import quoted

LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""How torch's legacy format begins, in the protocol that it has always been written in."""
_HEAD = 512
_AGAIN = "copy or save it again; pgaudit reads it without running anything in it"


@contextmanager
def content_of(path: str) -> Iterator[Any]:
    """Yields what a file holds: plain values, records and stubs. Values of tensors can be read meanwhile.

    Raises:
        ConfigError: it cannot be read, is damaged, or is no checkpoint.
    """
    with opened(path) as file:
        head = file.read(0, _HEAD)
        other = what_else(head)
        if other is not None:
            raise ConfigError(f"{quoted(path)} {other[0]}", other[1])
        try:
            value = _load(file, head)
        except Refused as error:
            if isinstance(error, Cut) and not _begins_like_pickle(head):
                raise ConfigError(
                    f"{quoted(path)} is no checkpoint: neither torch.save nor safetensors wrote it"
                ) from None
            raise ConfigError(f"{quoted(path)} {error}", _AGAIN) from None
        yield value


def loaded(data: bytes) -> Any:
    """Returns what the bytes of a file of ``torch.save`` hold.

    Raises:
        Refused: they are damaged.
    """
    return _load(RandomAccess(io.BytesIO(data)), data[:_HEAD])


def _load(file: RandomAccess, head: bytes) -> Any:
    if head.startswith(b"PK"):
        return TorchZip(file).load()
    if is_safetensors(head):
        return SafeTensors(file).load()
    if _begins_like_pickle(head):
        return Pickles(file).load()
    raise Refused("is no checkpoint: neither torch.save nor safetensors wrote it")


def _begins_like_pickle(head: bytes) -> bool:
    """Whether it is of protocol 2 or later, or begins as a mapping, a list or a class does before that."""
    return (head[:1] == b"\x80" and 2 <= (head[1:2] or b"\0")[0] <= 5) or head[:1] in (b"(", b"}", b"]", b"c")


def looks_like_checkpoint(path: str) -> bool:
    """Whether a file begins as those of ``torch.save`` and safetensors do; no for what cannot be read."""
    try:
        with opened(path) as file:
            head = file.read(0, _HEAD)
    except ConfigError:
        return False
    if head.startswith(torch_zip.MAGIC):
        length = int.from_bytes(head[26:28], "little")
        return head[30 : 30 + length].endswith(b"/data.pkl")
    return head.startswith(LEGACY) or (is_safetensors(head) and head[8:10] == b'{"')

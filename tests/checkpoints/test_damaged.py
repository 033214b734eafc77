"""Files that are cut, or of which bytes are wrong: a checkpoint or one of our errors, never anything else."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from pgaudit.checkpoints import read_checkpoint
from pgaudit.core.errors import PgauditError
from tests.budget import examples
from tests.checkpoints.made import trained


def _torch(*, zipped: bool) -> bytes:
    net, optimizer = trained()
    buffer = io.BytesIO()
    value = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "net": net}
    torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("made") / "x.safetensors"
    save_file(
        {f"state.{n}.exp_avg": torch.zeros(2) for n in range(3)}, path, {"param_groups": '[{"params": [0, 1, 2]}]'}
    )
    return {"zip": _torch(zipped=True), "legacy": _torch(zipped=False), "safetensors": path.read_bytes()}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], None]:
    path: Path = tmp_path_factory.mktemp("damaged") / "x.pt"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        try:
            for optimizer in read_checkpoint(str(path)).optimizers:
                list(optimizer.tensors)
        except PgauditError as error:
            assert len(error.findings) == 1
            assert str(error).isprintable()

    return read


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_every_cut(kind: str, files: dict[str, bytes], read: Callable[[bytes], None]) -> None:
    data = files[kind]
    for end in range(0, len(data), max(1, len(data) // examples(600))):
        read(data[:end])


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
@given(data=st.data())
def test_random_bytes(kind: str, data: st.DataObject, files: dict[str, bytes], read: Callable[[bytes], None]) -> None:
    whole = bytearray(files[kind])
    where = st.integers(0, len(whole) - 1) | st.integers(0, min(3000, len(whole) - 1))
    for at, byte in data.draw(st.lists(st.tuples(where, st.integers(0, 255)), min_size=1, max_size=8)):
        whole[at] = byte
    read(bytes(whole))


@given(st.binary(max_size=200))
def test_random_pickles(read: Callable[[bytes], None], data: bytes) -> None:
    read(b"\x80\x04" + data + b".")

"""Every model of timm is read from a file as it was walked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgaudit.models.saved.file import read, written
from pgaudit.snapshot import compare, snapshot

SLICES = 64


@pytest.mark.parity_full
@pytest.mark.parametrize("part", range(SLICES))
def test_a_model_of_timm_is_read_as_it_was(part: int, record_property: Callable[[str, object], None]) -> None:
    import timm

    parameters = 0
    for name in timm.list_models()[part::SLICES]:
        print(name)  # seen where it fails
        before = snapshot(name)
        after = read(written(before).encode(), name)
        assert after == before
        assert not compare(before, after).changes
        parameters += len(after.inventory.parameters)
    record_property("compared with their files, parameters of timm", parameters)

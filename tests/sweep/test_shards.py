"""Parts of a sweep: every model in exactly one, and no part much larger than another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgaudit.core.errors import UsageError
from pgaudit.sweep.shards import Shard, shard_of


@given(st.lists(st.integers()), st.integers(1, 50))
def test_every_model_is_in_exactly_one_part(models: list[int], count: int) -> None:
    parts = [shard_of(f"{index}/{count}").of(models) for index in range(1, count + 1)]
    placed: list[int | None] = [None] * len(models)
    for index, part in enumerate(parts):
        placed[index::count] = part
    assert placed == models
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_no_part_is_the_whole() -> None:
    assert shard_of(None).of([3, 1, 2]) == [3, 1, 2]
    assert str(Shard(2, 5)) == "2/5"


@pytest.mark.parametrize(
    "given", ["", "1", "0/4", "5/4", "1/0", "0/0", "-1/4", "1/4/2", "a/b", "1.0/4", "²/4", "1/9999999999"]
)
def test_what_is_no_part(given: str) -> None:
    with pytest.raises(UsageError, match=r"--shard"):
        shard_of(given)

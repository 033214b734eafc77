"""Where a pickle ends, held against Python's own pickletools."""

from __future__ import annotations

import pickle
import pickletools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgaudit.checkpoints.pickles.limits import Cut, Refused
from pgaudit.checkpoints.pickles.scan import end_of_pickle
from pgaudit.checkpoints.pickles.unpickler import unpickle

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 300), 1 << 300)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.frozensets(st.integers() | st.text(), max_size=3) | st.binary(max_size=4).map(bytearray),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.tuples(st.integers()), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(value=VALUES, protocol=st.integers(0, 5), after=st.binary(max_size=5))
def test_plain_values_end_where_they_end_and_are_what_they_are(value: Any, protocol: int, after: bytes) -> None:
    data = pickle.dumps(value, protocol)
    assert end_of_pickle(data + after) == len(data)
    if protocol >= 3 and not _has_bytearray(value):  # before that, bytes are the result of a call
        assert unpickle(data) == value


def _has_bytearray(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_has_bytearray, value))
    return isinstance(value, (bytearray, frozenset)) or (
        isinstance(value, dict) and any(map(_has_bytearray, value.values()))
    )


@given(value=VALUES, protocol=st.integers(0, 5), data=st.data())
def test_what_is_cut_is_told(value: Any, protocol: int, data: st.DataObject) -> None:
    whole = pickle.dumps(value, protocol)
    end = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Cut):
        end_of_pickle(whole[:end])


@given(st.lists(st.sampled_from(pickletools.opcodes), max_size=12), st.binary(max_size=30))
def test_what_is_found_harmless_is_read_or_refused(codes: list[pickletools.OpcodeInfo], rest: bytes) -> None:
    data = b"".join(each.code.encode("latin1") + rest[:2] for each in codes) + b"."
    try:
        end = end_of_pickle(data)
        unpickle(data[:end])
    except Refused:
        pass

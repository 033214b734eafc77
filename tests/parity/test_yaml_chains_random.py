"""Random chains of detectron2's configs: pgaudit reads what fvcore reads, or both refuse; and each key has the place of
the value that it really has.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from pgaudit.config.yaml_chain import read_chain
from pgaudit.core.errors import ConfigError
from pgaudit.files.yaml_text import Source
from tests.budget import examples
from tests.parity.client import Oracle
from tests.parity.yaml_chains import chains


@pytest.fixture(scope="module")
def fvcore() -> Iterator[Oracle]:
    with Oracle("detectron2", "tests.parity.oracle_fvcore", "fvcore") as oracle:
        yield oracle


def entries(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value by its path."""
    yield at, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from entries(item, (*at, key))


@settings(max_examples=examples(200))
@given(files=chains())
def test_random_chains(fvcore: Oracle, files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        config = str(Path(folder, "config.yaml"))
        theirs = fvcore.ask(path=config)
        try:
            source = Source(Path(config).read_bytes(), config)
            ours = read_chain(config, source, aside=lambda top: {})
        except ConfigError:
            assert "raises" in theirs, theirs
            return
        assert ours.value == theirs.get("value"), theirs
        assert list(ours.value) == list(theirs["value"])
        found = dict(entries(ours.value))
        assert set(ours.values) == set(found), "each value has a place, and nothing else has"
        assert set(ours.keys) == {at for at in found if at and isinstance(at[-1], str)}
        for at, place in ours.keys.items():
            assert place.path
            assert place.line
            assert place.column
            lines = Path(place.path).read_text(encoding="utf-8").split("\n")
            rest = lines[place.line - 1][place.column - 1 :]
            assert rest.startswith(f"{at[-1]}:")
            assert not isinstance(found[at], int) or rest.startswith(f"{at[-1]}: {found[at]}")

"""Random chains: a key's place is the line on which the value stands that it really has, or there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.budget import examples
from tests.openmmlab.marked import readings, written
from tests.openmmlab.places import lines, misplaced
from tests.openmmlab.random_chains import Writer
from tests.parity.client import Oracle

CHAINS = examples(300)


def leaves(value: Any, at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every whole number of a value on its journey, by its path."""
    kind, inside = value
    if kind == "dict":
        for key, item in inside:
            yield from leaves(item, (*at, key))
    elif kind == "int":
        yield at, inside


def test_random_places_are_those_of_the_values(
    reader: Oracle, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    for seed in range(CHAINS):
        written(tmp_path / str(seed), Writer(seed).chain())
    configs = [f"{seed}/config.py" for seed in range(CHAINS)]
    told = total = read = 0
    for both in readings(reader, tmp_path, configs):
        ours, theirs = both["ours"], both["theirs"]
        if "refused" in ours:
            assert "raises" in theirs or "type" not in dict(theirs["optimizer"][1]), both
            continue
        read += 1
        assert {key: ours[key] for key in theirs} == theirs
        assert not misplaced(tmp_path, ours["places"])
        places = {tuple(at): (file, line) for at, file, line, _ in ours["places"]}
        for at, value in leaves(ours["optimizer"], ("optim_wrapper", "optimizer")):
            total += 1
            if at in places:
                told += 1
                file, line = places[at]
                assert value in lines(tmp_path / file)[line - 1], (file, line, at, value)
    assert read > CHAINS / 2
    assert told > total / 2
    record_property("compared with mmengine, random chains of configs", read)
    record_property("shown, of the keys of random chains with a value, in percent with a place", 100 * told // total)

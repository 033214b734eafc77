"""``${a.b}`` means what it means to OmegaConf: in random configs, the same value, or an error where it raises one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pgaudit.config.dialects.interpolation import Interpolation
from pgaudit.config.dialects.words import Words
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Path
from pgaudit.files.document import Document
from tests.budget import examples

KEYS = ("a", "b", "c")
PATHS = st.lists(st.sampled_from([*KEYS, "0", "1"]), min_size=1, max_size=3).map(".".join)
REFERENCES = st.builds(lambda up, path: "${" + "." * up + path + "}", st.integers(0, 3), PATHS)
ITEMS = st.builds(
    lambda up, key, item: "${" + "." * up + f"{key}[{item}]}}",
    st.integers(0, 2),
    st.sampled_from(KEYS),
    st.sampled_from([*KEYS, "0"]),
)
NESTED = st.builds(lambda key, inner: "${" + f"{key}.{inner}" + "}", st.sampled_from(KEYS), REFERENCES)
OTHERS = st.sampled_from(
    [
        *("x", "a", 1, 2.5, None, True, "a_${b}", "${a}${b}", "${ a.b }", "x\\y", "???", "${oc.env:NO_SUCH}", "${"),
        *("\\${a}", "\\\\${a}", "pre ${a} mid \\${b} ${..c}"),
    ]
)
LEAVES = REFERENCES | ITEMS | NESTED | OTHERS
TREES = st.recursive(
    LEAVES, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=3) | st.lists(inner, max_size=2)
)
RAISES = object()


@settings(max_examples=examples(400))
@given(st.dictionaries(st.sampled_from(KEYS), TREES, min_size=1, max_size=3))
def test_as_omegaconf(top: dict[str, Any]) -> None:
    try:
        config = OmegaConf.create(top)
    except OmegaConfBaseException:  # its grammar
        return
    asked = Interpolation(Words(Document(top)))
    for at in places(top):
        theirs, ours = as_omegaconf_has_it(config, at), value_of(asked, at)
        if ours is RAISES and any(isinstance(each, str) and ("{" in each or "[" in each) for each in leaves(theirs)):
            continue  # a mapping or list in the middle of a text, which it prints as Python does
        assert ours == theirs
        assert type(ours) is type(theirs)


def value_of(asked: Interpolation, at: Path) -> Any:
    try:
        return asked.get(*at)
    except ConfigError:
        return RAISES


def as_omegaconf_has_it(config: Any, at: Path) -> Any:
    try:
        for step in at[:-1]:
            config = config._get_node(step)  # itself, and not what it refers to
        found = config[at[-1]]
        return (
            OmegaConf.to_container(found, resolve=True, throw_on_missing=True) if OmegaConf.is_config(found) else found
        )
    except (OmegaConfBaseException, RecursionError):
        return RAISES


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from places(inner, (*at, key))


def leaves(value: Any) -> Iterator[Any]:
    if not isinstance(value, (dict, list)):
        yield value
        return
    for inner in value.values() if isinstance(value, dict) else value:
        yield from leaves(inner)


def test_what_grows_without_end_is_refused() -> None:
    bomb: dict[str, Any] = {"a0": "x" * 100}
    bomb.update({f"a{n + 1}": f"${{a{n}}}${{a{n}}}" for n in range(40)})
    with pytest.raises(ConfigError, match="is longer than 10,000 characters"):
        Interpolation(Words(Document(bomb))).get("a40")
    wide: dict[str, Any] = {"a0": [1] * 10, **{f"a{n + 1}": [f"${{a{n}}}"] * 10 for n in range(6)}}
    with pytest.raises(ConfigError, match="is made of more than 10,000 values"):
        Interpolation(Words(Document(wide))).get("a6")

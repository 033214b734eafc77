"""Globs: fnmatch's on whole names, and braces."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgaudit.names import Glob, GlobError
from tests.budget import examples

_TEXTS = st.text("ab.*?[]!-^\\n\n1", max_size=8)


@settings(max_examples=examples(1500))
@given(_TEXTS, st.text("ab.-!^\\n\n1]", max_size=6))
def test_without_braces_it_is_fnmatch_random(glob: str, name: str) -> None:
    assert Glob(glob).matches(name) == fnmatchcase(name, glob)


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("*.bias", "a.bias b.c.bias", "bias a.q_bias a.bias.x"),
        ("blocks.{0..11}.*", "blocks.0.a blocks.11.a.b", "blocks.12.a blocks.1 xblocks.1.a blocks.01.a"),
        ("{a,b.c}.weight", "a.weight b.c.weight", "c.weight b.weight"),
        ("bn{1..3}.{weight,bias}", "bn1.weight bn3.bias", "bn4.bias bn1.x"),
        ("x{1,3..5,a}", "x1 x4 xa", "x2 x6 x"),
        ("x{}", "x", "xa"),
        ("x{,_1}", "x x_1", "x_"),
        ("a[{]b[}]", "a{b}", "ab"),
        ("a[{0..2}]", "a[0] a[2]", "a0 a[3] a{ a["),
        ("a[{}]", "a{ a}", "a[] a[{}]"),
        ("A", "A", "a"),
    ],
)
def test_braces(glob: str, yes: str, no: str) -> None:
    pattern = Glob(glob)
    assert all(pattern.matches(name) for name in yes.split())
    assert not any(pattern.matches(name) for name in no.split())


@pytest.mark.parametrize("glob", ["{", "a{b", "a}", "{a{b}}", "{3..1}"])
def test_what_is_none(glob: str) -> None:
    with pytest.raises(GlobError):
        Glob(glob)

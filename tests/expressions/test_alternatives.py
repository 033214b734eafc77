"""Alternatives in a group of their own. Python's `re` is the judge: the mended pattern finds what one finds that has
`.*`, or the anchors, written out for each alternative.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgaudit.expressions.alternatives import between_anchors, regrouped
from tests.budget import examples

ATOMS = ["a", "b", r"\|", r"\(", "[|)(]", "[]|]", "[^]a]", "(?:a|b)", "(?P<n>b)?", "(a|\\))", "b{1,2}", r"a(?!b|\.)"]
ALTERNATIVES = st.lists(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3).map("".join), min_size=2, max_size=3)
NAMES = st.text("ab|().]", max_size=8)


@settings(max_examples=examples(600))
@given(alternatives=ALTERNATIVES, name=NAMES, sign=st.sampled_from("=!"), far=st.lists(st.booleans(), max_size=2))
def test_lookaheads(alternatives: list[str], name: str, sign: str, far: list[bool]) -> None:
    alternatives = [each.replace("(?P<n>", f"(?P<n{place}>", 1) for place, each in enumerate(alternatives)]
    if any(each.count("(?P<n>") for each in alternatives):
        return  # a name may stand but once
    own = [True, *far, False, False]
    body = "|".join(f".*{each}" if has else each for each, has in zip(alternatives, own, strict=False))
    meant = "|".join(f".*{each}" for each in alternatives)
    found = regrouped(f"x?^(?{sign}{body})[|].*|^a")
    if all(own[: len(alternatives)]):
        assert found is None
        return
    assert found is not None
    assert found.freed == tuple(each for each, has in zip(alternatives, own, strict=False) if not has)
    written_out = f"x?^(?{sign}{meant})[|].*|^a"
    assert bool(re.search(found.text, name)) == bool(re.search(written_out, name))


@settings(max_examples=examples(300))
@given(alternatives=ALTERNATIVES, name=NAMES)
def test_anchors(alternatives: list[str], name: str) -> None:
    alternatives = [each.replace("(?P<n>", "(") for each in alternatives]
    found = between_anchors(f"^{'|'.join(alternatives)}$")
    assert found is not None
    whole, parts = found
    for pattern, judges in ((whole.text, alternatives), *zip(parts, ([each] for each in alternatives), strict=True)):
        assert bool(re.search(pattern, name)) == any(re.search(f"^(?:{each})$", name) for each in judges)


@pytest.mark.parametrize(
    "text",
    [
        "^(?=.*(?:norm|bn)).*$",
        "^(?=.*norm|.*bn).*$",
        "(?=norm|bn)",
        r"(?=.*norm\|bn)",
        "(?=.*[norm|bn])",
        "(?#(?=.*norm|bn)a",
        "(?x)(?=.*norm | bn)",
        "(?<=norm|bn_).*",
        "norm|bn",
    ],
)
def test_lookaheads_that_mean_what_they_say(text: str) -> None:
    assert regrouped(text) is None


@pytest.mark.parametrize(
    "text", ["^(a|b)$", "^a|b", "a|b$", "^a|^b$", "^a$|b$", r"^a|b\$", "^a|b|^c$", "^a$", "(?x)^a|b$", "(^a|b$)"]
)
def test_anchors_that_mean_what_they_say(text: str) -> None:
    assert between_anchors(text) is None

"""One word is replaced, in its own quotes, and nothing else moves."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pgaudit.core.findings import Fix
from pgaudit.core.location import Location
from pgaudit.fix.edit import Edit, edited, renumbered

HERE = Location("a.yaml", 1, 1)
KEPT: dict[str, tuple[str, int, int, Fix, str]] = {
    "a key": ("a: 1\nfcc: 2 # c\n", 2, 1, Fix("fcc", "fc"), "a: 1\nfc: 2 # c\n"),
    "in single quotes": ("'fcc': 2", 1, 1, Fix("fcc", "f'c"), "'f''c': 2"),
    "in double quotes": ('{"fcc": 2}', 1, 2, Fix("fcc", 'f"c'), '{"f\\"c": 2}'),
    "no plain word": ("fcc: 2", 1, 1, Fix("fcc", "0"), "'0': 2"),
    "a word with a mark": ("fcc: 2", 1, 1, Fix("fcc", "*.fc"), "'*.fc': 2"),
    "a value, named by its key": ("a: {type: SDG, lr: 1}", 1, 5, Fix("SDG", "SGD"), "a: {type: SGD, lr: 1}"),
    "a value in what its key has": (
        "r:\n- match: x.*\n  a: 1\n",
        2,
        3,
        Fix("x.*", "y.*"),
        "r:\n- match: y.*\n  a: 1\n",
    ),
    "a number": ("lr: 1e-4 # c", 1, 5, Fix("1e-4", "1.0e-4", number=True), "lr: 1.0e-4 # c"),
    "other line ends": ("a: 1\r\nfcc: 2\r\n", 2, 1, Fix("fcc", "fc"), "a: 1\r\nfc: 2\r\n"),
    "a beginning": ("\ufefffcc: 2", 1, 1, Fix("fcc", "fc"), "\ufefffc: 2"),
    "no end": ("é: {fcc: 2}", 1, 5, Fix("fcc", "fc"), "é: {fc: 2}"),
    "the first of two": ("fcc: {fcc: 1}", 1, 1, Fix("fcc", "fc"), "fc: {fcc: 1}"),
}
REFUSED = {
    "another word": ("fc: 2", 1, 1, Fix("fcc", "fc")),
    "another place": ("a: {fcc: 2}", 1, 7, Fix("fcc", "fc")),
    "two of them": ("a: [SDG, SDG]", 1, 1, Fix("SDG", "SGD")),
    "a tag": ("a: !!str SDG", 1, 1, Fix("SDG", "SGD")),
    "an anchor": ("a: &x SDG\nb: *x", 1, 1, Fix("SDG", "SGD")),
    "a number that is a text": ("lr: '1e-4'", 1, 5, Fix("1e-4", "1.0e-4", number=True)),
    "several lines": ("a: S\n  DG", 1, 1, Fix("S DG", "SGD")),
    "a block": ("a: |\n  SDG\n", 1, 1, Fix("SDG\n", "SGD")),
    "no YAML": ("a: [", 1, 1, Fix("a", "b")),
}


@pytest.mark.parametrize(("text", "line", "column", "fix", "expected"), KEPT.values(), ids=KEPT)
def test_a_word(text: str, line: int, column: int, fix: Fix, expected: str) -> None:
    assert edited(text.encode(), Location("a.yaml", line, column), fix) == Edit(expected.encode(), alone=True)


@pytest.mark.parametrize(("text", "line", "column", "fix"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_replaced(text: str, line: int, column: int, fix: Fix) -> None:
    assert edited(text.encode(), Location("a.yaml", line, column), fix) is None


def test_what_an_alias_stands_for_may_be_in_two_places() -> None:
    edit = edited(b"a: &x {fcc: 1}\nb: *x\n", Location("a.yaml", 1, 8), Fix("fcc", "fc"))
    assert edit == Edit(b"a: &x {fc: 1}\nb: *x\n", alone=False)


WORDS = st.text("abAB01 :#'\"\\-*é~\n\t", min_size=1, max_size=6)


@given(st.dictionaries(WORDS, WORDS, min_size=1, max_size=4), WORDS, st.sampled_from(["'", '"', None]), st.booleans())
def test_yaml_reads_the_same_but_for_the_word(config: dict[str, str], new: str, style: str | None, flow: bool) -> None:
    text = "# a comment\n" + yaml.safe_dump(config, default_style=style, default_flow_style=flow, allow_unicode=True)
    node = yaml.compose(text)
    assert node is not None
    key = node.value[0][0]
    place = Location("a.yaml", key.start_mark.line + 1, key.start_mark.column + 1)
    edit = edited(text.encode(), place, Fix(key.value, new))
    if edit is not None and new not in config:
        assert yaml.safe_load(edit.data) == {new if word == key.value else word: config[word] for word in config}
        assert edit.data.startswith(b"# a comment\n")


NUMBERS: dict[str, tuple[str, int, int, float, str, str | None]] = {
    "a float": ("a: {lr: 0.1} # c\n", 1, 9, 0.1, "5", "a: {lr: 5} # c\n"),
    "what PyYAML takes for a text": ("lr: 1e-4 # c", 1, 5, 1e-4, "1.0e-5", "lr: 1.0e-5 # c"),
    "other line ends": ("a: 1\r\nlr: .5\r\n", 2, 5, 0.5, "0.25", "a: 1\r\nlr: 0.25\r\n"),
    "digits in groups": ("n: 10_000", 1, 4, 10_000, "2", "n: 2"),
    "another number": ("lr: 0.1", 1, 5, 0.2, "5", None),
    "a text": ("lr: '0.1'", 1, 5, 0.1, "5", None),
    "what is computed": ("lr: ${base}", 1, 5, 0.1, "5", None),
    "an anchor": ("lr: &x 0.1", 1, 5, 0.1, "5", None),
    "an octal number": ("n: 010", 1, 4, 8, "5", None),
    "no number": ("lr: 0.1", 1, 5, 0.1, "x", None),
    "nothing there": ("lr: 0.1", 3, 5, 0.1, "5", None),
}


@pytest.mark.parametrize(("text", "line", "column", "old", "new", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_a_number(text: str, line: int, column: int, old: float, new: str, expected: str | None) -> None:
    found = renumbered(text.encode(), Location("a.yaml", line, column), old, new)
    assert found == (None if expected is None else Edit(expected.encode(), alone=True))

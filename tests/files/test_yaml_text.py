"""The strict YAML loader: what PyYAML lets pass in silence has a place and a message here."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.files.yaml_text import MAX_BYTES, read_yaml
from tests.budget import examples

BAD = {
    "duplicate key": ("a: 1\nb: 2\na: 3", 'f:3:1: the key "a" stands twice here, first in line 1'),
    "number as key": ("a:\n  0: 1", 'f:2:3: the key 0 is read as a number by YAML (quote it: "0")'),
    "boolean as key": ("no: 1", 'f:1:1: the key no is read as true or false by YAML (quote it: "no")'),
    "date as key": ("2020-01-01: 1", "f:1:1: the key 2020-01-01 is read as a date by YAML"),
    "list as key": ("? [a]\n: 1", "f:1:3: a key must be a word"),
    "cycle": ("a: &a [*a]", "f:1:4: this alias contains itself"),
    "merge cycle": ("a: &a {<<: *a}", "f:1:4: this alias contains itself"),
    "python tag": ("a: !!python/object/apply:os.getpid []", "f:1:4: the tag"),
    "python tuple": (
        "a: !!python/tuple [1]",
        'f:1:4: the tag "!!python/tuple" is not allowed in a config (write a plain list)',
    ),
    "unknown tag": ("a: !mine 3", "f:1:4: the tag"),
    "octal": ("a: 017", "f:1:4: 017 is an octal or base-60 number"),
    "sexagesimal": ("a: 1:30", "f:1:4: 1:30 is an octal or base-60 number"),
    "not a float": ("a: !!float abc", 'f:1:4: "abc" is not a number'),
    "not a bool": ("a: !!bool abc", 'f:1:4: "abc" is not true or false'),
    "empty int": ("a: !!int ''", 'f:1:4: "" is not a number'),
    "two documents": ("a: 1\n---\nb: 2", "f:2:1: not YAML: a config is one YAML document"),
    "open bracket": ("a: [1,\nb", "f:2:2: not YAML"),
    "tab": ("a:\n\tb: 1", "f:2:1: not YAML: found character '\\\\t' that cannot start any token (indent with spaces)"),
    "escape character": ("a: b\nc: \x1b", "f:2:4: the character U+001B is not allowed in YAML"),
    "huge code point": ('a: "\\U99999999"', "f: not YAML"),
    "empty": ("# nothing", "f: the file is empty"),
    "merge of a word": ("a: {<<: b}", "f:1:9: `<<` merges mappings only"),
    "two merges": ("a: {<<: {b: 1}, <<: {b: 2}}", "f:1:17: `<<` stands twice here (merge a list: <<: [*a, *b])"),
    "huge number": ("a: 0x" + "f" * 6000, "f:1:4: this number is too large"),
    "deep": ("[" * 3000, "f: the YAML is nested too deeply"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_bad_yaml_has_a_place_and_a_message(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_yaml(text.encode(), "f")
    assert str(caught.value).startswith(message.replace("\\\\", "\\"))


def test_all_problems_of_a_file_are_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read_yaml(b"a: 017\na: 1\n0: 2\nb: !x 3\n", "f")
    assert [problem.location for problem in caught.value.findings] == [
        Location("f", 1, 4),
        Location("f", 2, 1),
        Location("f", 3, 1),
        Location("f", 4, 4),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe", "f:1:1: byte 0xFF is not UTF-8"),
        (b"a: 1\nb: \xc3(", "f:2:4: byte 0xC3 is not UTF-8"),
        (b"a" * (MAX_BYTES + 1), "f: the file is larger than the 1,048,576 bytes that a config may have"),
    ],
)
def test_what_is_no_text_is_no_config(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match="f") as caught:
        read_yaml(data, "f")
    assert str(caught.value).startswith(message)


def _bomb(line: str) -> bytes:
    first = "a0: &a0 {k: v}\n"
    return (first + "".join(line.format(i=i, refs=", ".join([f"*a{i - 1}"] * 9)) for i in range(1, 9))).encode()


@pytest.mark.parametrize(
    "line", ["a{i}: &a{i} [{refs}]\n", "a{i}: &a{i} {{<<: [{refs}]}}\n"], ids=["aliases", "merges"]
)
def test_a_bomb_is_stopped_by_the_node_budget(line: str) -> None:
    with pytest.raises(ConfigError, match="expands to more than 100,000 values"):
        read_yaml(_bomb(line), "f")


@pytest.mark.parametrize("text", ["1e-4", "5e-05", "1E5", "1.5e3", "-2e-1", ".5e3"])
def test_a_number_that_pyyaml_reads_as_text_is_a_number_and_remembered(text: str) -> None:
    assert yaml.safe_load(text) == text
    document = read_yaml(f"a: {{b: {text}}}".encode(), "f")
    assert document.value == {"a": {"b": float(text)}}
    assert [(found.path, found.location, found.text) for found in document.ambiguous] == [
        (("a", "b"), Location("f", 1, 8), text)
    ]


@pytest.mark.parametrize("text", ["'1e-4'", '"1e-4"', "1.0e-4", "1.e+4", "0.1", "1_000", "0x1F", "e-4", "2e", "1e-4x"])
def test_other_scalars_mean_what_they_mean_to_pyyaml(text: str) -> None:
    document = read_yaml(f"a: {text}".encode(), "f")
    assert document.value == yaml.safe_load(f"a: {text}")
    assert document.ambiguous == []


def test_every_key_and_value_keeps_its_place() -> None:
    document = read_yaml(b"a:\n  - b: 1\n  - {c: [2, 3]}\n", "f")
    assert document.keys == {
        ("a",): Location("f", 1, 1),
        ("a", 0, "b"): Location("f", 2, 5),
        ("a", 1, "c"): Location("f", 3, 6),
    }
    assert document.values["a", 1, "c", 1] == Location("f", 3, 13)


def test_merged_keys_keep_the_place_where_they_are_written() -> None:
    document = read_yaml(b"base: &b {x: 1, y: {z: 1e-4}}\nmine: {<<: *b, x: 2}\n", "f")
    assert document.value["mine"] == {"x": 2, "y": {"z": 1e-4}}
    assert document.keys["mine", "x"] == Location("f", 2, 16)
    assert document.keys["mine", "y", "z"] == Location("f", 1, 21)
    assert {found.path for found in document.ambiguous} == {("base", "y", "z"), ("mine", "y", "z")}


def test_of_two_merges_the_first_wins_as_in_pyyaml() -> None:
    text = "p: &p {x: 1, y: 1}\nq: &q {x: 2, z: 2}\nr: {<<: [*p, *q], w: 0}\n"
    assert read_yaml(text.encode(), "f").value == yaml.safe_load(text)


@settings(max_examples=examples(300))
@given(st.binary(max_size=60) | st.text("ab:-{}[]&*!<>|#\"'\n\t ,?%@`0123456789.e+~", max_size=60).map(str.encode))
def test_random_input_gives_a_document_or_a_config_error(data: bytes) -> None:
    try:
        read_yaml(data, "f")
    except ConfigError as error:
        assert all(problem.location and problem.location.path == "f" and problem.message for problem in error.findings)


_SAFE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("abc xyz\n:#'", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz.", min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(max_examples=examples(200))
@given(st.dictionaries(st.sampled_from("pqrst"), _SAFE, min_size=1, max_size=3))
def test_what_pyyaml_dumps_is_read_back_the_same(value: object) -> None:
    dumped = yaml.safe_dump(value)
    try:
        assert read_yaml(dumped.encode(), "f").value == yaml.safe_load(dumped)
    except ConfigError as error:  # a key such as `y` or `.`, which PyYAML itself reads as something else
        assert "key" in str(error)

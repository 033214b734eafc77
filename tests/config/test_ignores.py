"""`findings: {ignore: ...}`: what an entry may hold, and what is said about one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import pgaudit
from pgaudit import ConfigError, load_config
from pgaudit.core.config import Ignore

TOP = "optimizer: {type: SGD, lr: 0.1}\n"


def _ignores(tmp_path: Path, section: str) -> tuple[Ignore, ...]:
    path = tmp_path / "f.yaml"
    path.write_text(TOP + section, encoding="utf-8")
    return load_config(path).ignores


def _errors(tmp_path: Path, section: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _ignores(tmp_path, section)
    return [problem.sentence.replace(str(tmp_path / "f.yaml"), "f") for problem in caught.value.findings]


AT = ("findings", "ignore", "PG001")
READ = {
    "a reason": ("PG001: inherited", (Ignore("PG001", "inherited", at=AT),)),
    "a reason, written out": ("PG001: {reason: inherited}", (Ignore("PG001", "inherited", at=AT),)),
    "all scopes": (
        "PG001: {reason: r, key: .a, param: ['b.*', c], count: 2}",
        (Ignore("PG001", "r", (".a",), ("b.*", "c"), 2, AT),),
    ),
    "several of one code": (
        "PG001: [inherited, {reason: r, key: [a, b]}]",
        (Ignore("PG001", "inherited", at=(*AT, 0)), Ignore("PG001", "r", ("a", "b"), at=(*AT, 1))),
    ),
}


@pytest.mark.parametrize(("entry", "expected"), READ.values(), ids=READ)
def test_an_entry(tmp_path: Path, entry: str, expected: tuple[Ignore, ...]) -> None:
    assert _ignores(tmp_path, f"findings: {{ignore: {{{entry}}}}}\n") == expected


@pytest.mark.parametrize("section", ["", "findings: {}\n", "findings:\n", "findings: {ignore: {}}\n"])
def test_nothing_to_ignore(tmp_path: Path, section: str) -> None:
    assert _ignores(tmp_path, section) == ()


NO_REASON = "a finding is ignored for a reason, and none is given"
EXAMPLE = '(PG001: "why it is harmless")'
WRONG = {
    "no reason": ("PG001: {key: a}", f"f:2:21: findings.ignore.PG001: {NO_REASON} {EXAMPLE}"),
    "an empty reason": ("PG001: ''", f"f:2:21: findings.ignore.PG001: {NO_REASON} {EXAMPLE}"),
    "a blank reason": ("PG001: {reason: ' '}", f"f:2:21: findings.ignore.PG001: {NO_REASON} {EXAMPLE}"),
    "no reason in a list": ("PG001: [a, {key: b}]", f"f:2:32: findings.ignore.PG001.1: {NO_REASON} {EXAMPLE}"),
    "nothing": ("PG001:", f"f:2:21: findings.ignore.PG001: give a reason, or a mapping with one {EXAMPLE}"),
    "an empty list": ("PG001: []", f"f:2:21: findings.ignore.PG001: give a reason, or a mapping with one {EXAMPLE}"),
    "a number": ("PG001: 3", f"f:2:21: findings.ignore.PG001: give a reason, or a mapping with one {EXAMPLE}"),
    "a reason that is no text": (
        "PG001: {reason: 3}",
        "f:2:29: findings.ignore.PG001.reason: expected a name, got the number 3",
    ),
    "a typo": (
        "PG001: {reason: r, keys: a}",
        'f:2:40: unknown key "keys" (did you mean "key"?)',
    ),
    "a word like no other": (
        "PG001: {reason: r, zzz: a}",
        'f:2:40: unknown key "zzz" (known: reason, key, param, count)',
    ),
    "a key that is no text": ("PG001: {reason: r, key: 3}", "f:2:40: findings.ignore.PG001.key: expected a name, got"),
    "params that are no texts": (
        "PG001: {reason: r, param: [a, 3]}",
        "f:2:51: findings.ignore.PG001.param.1: expected a name, got the number 3",
    ),
    "a count of none": (
        "PG001: {reason: r, count: 0}",
        "f:2:40: findings.ignore.PG001.count: 0 is no use here; a number from 1 up is",
    ),
    "a count that is no number": (
        "PG001: {reason: r, count: all}",
        'f:2:40: findings.ignore.PG001.count: expected a whole number, got the text "all"',
    ),
    "a name for a code": (
        "dead-key: r",
        f"f:2:21: findings.ignore.dead-key: a finding's code is PG and three digits {EXAMPLE}",
    ),
}


@pytest.mark.parametrize(("entry", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_an_entry(tmp_path: Path, entry: str, message: str) -> None:
    (error,) = _errors(tmp_path, f"findings: {{ignore: {{{entry}}}}}\n")
    assert error.startswith(message)


SECTIONS = {
    "no mapping": ("findings: 3\n", "f:2:1: findings: expected a mapping, got the number 3"),
    "a list": ("findings: {ignore: [PG001]}\n", "f:2:12: findings.ignore: expected a mapping, got a list"),
    "a typo": ("findings: {ignroe: {}}\n", 'f:2:12: unknown key "ignroe" (did you mean "ignore"?)'),
}


@pytest.mark.parametrize(("section", "message"), SECTIONS.values(), ids=SECTIONS)
def test_what_is_wrong_with_the_section(tmp_path: Path, section: str, message: str) -> None:
    assert _errors(tmp_path, section) == [message]


def test_all_problems_come_in_one_run(tmp_path: Path) -> None:
    section = (
        "findings:\n  ingore: {}\n  ignore:\n    PG001:\n    PG2: r\n    PG003: [{reason: r, kye: a}, '']\nmodel: 3\n"
    )
    assert [error.partition(": ")[0] for error in _errors(tmp_path, section)] == [
        *("f:3:3", "f:5:5", "f:6:5", "f:7:25", "f:7:34", "f:8:1")
    ]


def test_unknown_codes_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("optimizer: {type: SGD, lr: 0.1}\nfindings: {ignore: {PG099: r, PG000: [r]}}\n")
    with pytest.raises(ConfigError) as caught:
        pgaudit.audit("resnet18", path)
    assert [problem.sentence.replace(str(path), "f") for problem in caught.value.findings] == [
        "f:2:21: there is no finding PG099 (known: PG001 to PG038)",
        "f:2:39: there is no finding PG000 (known: PG001 to PG038)",
    ]

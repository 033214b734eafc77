"""pgaudit's own policy is a closed language: whatever it does not know is an error, at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

import pgaudit

HEAD = "constructor: rules\noptimizer: {type: SGD, lr: 0.1}\nparamwise_cfg:\n"


def _problems(tmp_path: Path, body: str) -> list[tuple[int, int, str]]:
    file = tmp_path / "c.yaml"
    file.write_text(HEAD + body)
    with pytest.raises(pgaudit.ConfigError) as caught:
        pgaudit.load_config(file)
    return [
        (problem.location.line or 0, problem.location.column or 0, f"{problem.message} | {problem.hint}")
        for problem in caught.value.findings
        if problem.location
    ]


FAULTS = {
    "  moed: first\n  rules: []\n": (4, 3, 'unknown key "moed" | did you mean "mode"?'),
    "  mode: frist\n  rules: []\n": (4, 3, 'expected layered or first, got the text "frist"'),
    "  unmatched: skip\n  rules: []\n": (4, 3, "expected base, freeze or error"),
    "  rules: {a: 1}\n": (4, 3, "expected a list"),
    "  rules:\n  - fc\n": (5, 5, "expected a mapping"),
    "  rules:\n  - {lr_mult: 1}\n": (5, 5, '"match" is missing'),
    "  rules:\n  - {match: a}\n": (5, 5, "the rule says nothing"),
    "  rules:\n  - {match: a, lrmult: 1}\n": (5, 16, 'unknown key "lrmult" | did you mean "lr_mult"?'),
    "  rules:\n  - {match: a, lr: 1, lr_mult: 1}\n": (5, 23, '"lr" and "lr_mult" say two things'),
    "  rules:\n  - {match: a, decay_mult: 1, weight_decay: 1}\n": (5, 16, '"weight_decay" and "decay_mult" say two'),
    "  rules:\n  - {match: a, freeze: true, lr: 1}\n": (5, 30, 'what is frozen has no "lr"'),
    "  rules:\n  - {match: a, freeze: 1}\n": (5, 16, "expected true or false"),
    "  rules:\n  - {match: a, lr: -1}\n": (5, 16, "a number from 0 up"),
    "  rules:\n  - {match: a, lr_mult: .inf}\n": (5, 16, "a number from 0 up"),
    "  rules:\n  - {match: a, set: {lr: 1}}\n": (5, 22, '"lr" does not belong into `set`'),
    "  rules:\n  - {match: 'a{', lr: 1}\n": (5, 6, "not a glob"),
    "  rules:\n  - {match: [], lr: 1}\n": (5, 6, "an empty list"),
    "  rules:\n  - {match: 3, lr: 1}\n": (5, 6, "a match is a glob, or a mapping"),
    "  rules:\n  - {match: {}, lr: 1}\n": (5, 6, "a match is a glob, or a mapping"),
    "  rules:\n  - {match: {nmae: a}, lr: 1}\n": (5, 14, 'unknown condition "nmae" | did you mean "name"?'),
    "  rules:\n  - {match: {regex: '('}, lr: 1}\n": (5, 14, "not a regular expression"),
    "  rules:\n  - {match: {ndim: true}, lr: 1}\n": (5, 14, "a number of dimensions"),
    "  rules:\n  - {match: {ndim: [1, -1]}, lr: 1}\n": (5, 24, "a number of dimensions"),
    "  rules:\n  - {match: {type: 3}, lr: 1}\n": (5, 14, "a type is the name of a class"),
    "  mode: first\n  rules:\n  - {match: a, lr: 1}\n  - {match: {name: a}, decay_mult: 2}\n": (7, 6, "the same match"),
    "  mode: layered\n  rules:\n  - {match: a, lr: 1}\n  - {match: a, lr_mult: 2}\n": (7, 6, "the same match"),
    "  rules:\n  - {match: a, lr: 1}\n  - {match: b, lr: 2}\n": (4, 3, "`mode` does not say"),
}


@pytest.mark.parametrize("body", FAULTS, ids=lambda body: " ".join(body.split()))
def test_a_fault_is_told_where_it_is(tmp_path: Path, body: str) -> None:
    line, column, words = FAULTS[body]
    found = _problems(tmp_path, body)
    assert [(at[0], at[1]) for at in found] == [(line, column)]
    assert words in found[0][2]


def test_all_faults_at_once(tmp_path: Path) -> None:
    assert (
        len(_problems(tmp_path, "".join(["  moed: 1\n  rules:\n", *("  - {match: [], lr: x}\n" for _ in "abc")]))) == 8
    )


def test_a_tuple_is_a_list_of_rules_too() -> None:
    """As a Python config may have it."""
    rules = ({"match": ("fc.*", "conv1.*"), "lr_mult": 3}, {"match": "bn1.*", "decay_mult": 0})
    config = {"constructor": "rules", "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.1}}
    pgaudit.load_config({**config, "paramwise_cfg": {"rules": rules, "mode": "layered"}})
    with pytest.raises(pgaudit.ConfigError, match=r'unknown key "lr_mul"'):
        pgaudit.load_config({**config, "paramwise_cfg": {"rules": ({"match": "fc.*", "lr_mul": 3},)}})

"""`expect:`: what it may hold, alone or in a config, and what is said about one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgaudit import ConfigError, load_config
from pgaudit.config.expect import load_expectations
from pgaudit.core.expectations import Expectations, LrExpectation, ParamExpectation, RuleExpectation
from pgaudit.core.location import Location

TOP = "optimizer: {type: SGD, lr: 0.1}\n"


def _alone(tmp_path: Path, text: str) -> Expectations:
    path = tmp_path / "f.yaml"
    path.write_text(text, encoding="utf-8")
    return load_expectations(str(path))


def _errors(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _alone(tmp_path, text)
    return [problem.sentence.replace(str(tmp_path / "f.yaml"), "f") for problem in caught.value.findings]


ALL = """\
rules:
  norm_decay_mult: '*.bn?.*'
  bias_lr_mult: ['*.bias', fc.b]
  custom_keys.fc: 2
  custom_keys.head: {params: 'head.*', count: 0}
  custom_keys: {}
exhaustive: true
params:
  '*.bias': {weight_decay: 0}
  fc.weight: {lr: 1.0e-1, rule: custom_keys.fc, lr_rule: a, weight_decay_rule: b}
groups: {max: 3}
findings: {fail_on: warning}
"""


def test_all_that_can_be_expected(tmp_path: Path) -> None:
    expect = _alone(tmp_path, ALL)
    at = ("rules",)
    assert expect.rules == (
        RuleExpectation("norm_decay_mult", ("*.bn?.*",), None, (*at, "norm_decay_mult")),
        RuleExpectation("bias_lr_mult", ("*.bias", "fc.b"), None, (*at, "bias_lr_mult")),
        RuleExpectation("custom_keys.fc", None, 2, (*at, "custom_keys.fc")),
        RuleExpectation("custom_keys.head", ("head.*",), 0, (*at, "custom_keys.head")),
        RuleExpectation("custom_keys", None, None, (*at, "custom_keys")),
    )
    assert expect.params == (
        ParamExpectation("*.bias", None, 0, None, None, None, ("params", "*.bias")),
        ParamExpectation("fc.weight", 0.1, None, "custom_keys.fc", "a", "b", ("params", "fc.weight")),
    )
    assert (expect.exhaustive, expect.max_groups, expect.fail_on) == (True, 3, "warning")
    assert expect.location(("groups", "max")) == Location(expect.path, 11, 10)


def test_in_a_config_and_in_a_file_of_its_own_they_are_the_same(tmp_path: Path) -> None:
    alone = _alone(tmp_path, ALL)
    section = "expect:\n" + "".join(f"  {line}\n" for line in ALL.splitlines())
    nested = _alone(tmp_path, section)
    (tmp_path / "c.yaml").write_text(TOP + section)
    inside = load_config(tmp_path / "c.yaml").expect
    assert inside is not None
    assert inside.path == str(tmp_path / "c.yaml")
    for other in (nested, inside):
        assert other.at == ("expect",)
        assert [(rule.rule, rule.params, rule.count) for rule in other.rules] == [
            (rule.rule, rule.params, rule.count) for rule in alone.rules
        ]
        assert [param.glob for param in other.params] == [param.glob for param in alone.params]
        assert (other.exhaustive, other.max_groups, other.fail_on) == (True, 3, "warning")
    assert nested.location(("expect", "groups", "max")) == Location(nested.path, 12, 12)
    assert inside.location(("expect", "groups", "max")) == Location(inside.path, 13, 12)


@pytest.mark.parametrize("section", ["", "expect:\n", "expect: {}\n"])
def test_nothing_expected(tmp_path: Path, section: str) -> None:
    (tmp_path / "c.yaml").write_text(TOP + section)
    assert load_config(tmp_path / "c.yaml").expect is None


OVER_TIME = """\
params:
  '*.bias':
    weight_decay: 0
    at:
      1_000: {lr: 1.0e-5}
      0: {lr: 0}
      "20": {lr: 1}
"""


def test_expectations_at_steps(tmp_path: Path) -> None:
    expect = _alone(tmp_path, OVER_TIME)
    (param,) = expect.params
    at = ("params", "*.bias", "at")
    assert param.weight_decay == 0
    assert param.over_time == (
        LrExpectation(0, 0, (*at, "0")),
        LrExpectation(20, 1, (*at, "20")),
        LrExpectation(1000, 1e-5, (*at, "1000")),
    )
    assert expect.steps == {0, 20, 1000}
    assert expect.location((*at, "1000")) == Location(expect.path, 5, 7)
    section = {"params": {"*": {"at": {0: {"lr": 1}, "7": {"lr": 2}}}}}
    config = load_config({"optimizer": {"type": "SGD", "lr": 0.1}, "expect": section})
    assert config.expect is not None
    assert config.expect.steps == {0, 7}


WRONG = {
    "empty": ("", "f: the file is empty (for example rules: {custom_keys.head: 'head.*'})"),
    "a list": ("[a]", "f:1:1: expected a mapping, got a list"),
    "a typo": ("ruels: {}", 'f:1:1: unknown key "ruels" (did you mean "rules"?)'),
    "rules as a list": ("rules: [a]", "f:1:1: rules: expected a mapping, got a list"),
    "no expectation of a rule": (
        "rules: {fc: }",
        "f:1:9: rules.fc: expected globs of names, a count, or both, got noth",
    ),
    "a count that is true": (
        "rules: {fc: true}",
        "f:1:9: rules.fc: expected globs of names, a count, or both, got true",
    ),
    "a count with a point": ("rules: {fc: 1.5}", "f:1:9: rules.fc: expected a whole number, got the number 1.5"),
    "a written count that is true": (
        "rules: {fc: {count: true}}",
        "f:1:14: rules.fc.count: expected a whole number, got true",
    ),
    "a written count with a point": (
        "rules: {fc: {count: 2.5}}",
        "f:1:14: rules.fc.count: expected a whole number, got the number 2.5",
    ),
    "a count below none": ("rules: {fc: -1}", "f:1:9: rules.fc: -1 is no use here; a number from 0 up is"),
    "a glob that is a number": ("rules: {fc: [a, 3]}", "f:1:17: rules.fc.1: expected a name, got the number 3"),
    "an empty glob": ("rules: {fc: ''}", "f:1:9: rules.fc: expected a name, got an empty text"),
    "a typo in a rule": ("rules: {fc: {parms: a}}", 'f:1:14: unknown key "parms" (did you mean "params"?)'),
    "params as a list": ("params: ['*.bias']", "f:1:1: params: expected a mapping, got a list"),
    "params without a demand": (
        "params: {'*.bias': {}}",
        "f:1:10: params.*.bias: say what these parameters must get (lr, weight_decay or rule)",
    ),
    "params with an empty demand": ("params: {'*.bias': {lr: }}", "f:1:10: params.*.bias: say what these parameters"),
    "params with a bare number": ("params: {'*.bias': 0}", "f:1:10: params.*.bias: expected a mapping, got the number"),
    "an lr that is true": ("params: {a: {lr: true}}", "f:1:14: params.a.lr: expected a number, got true"),
    "an lr that is a text": ("params: {a: {lr: '0.1'}}", 'f:1:14: params.a.lr: expected a number, got the text "0.1"'),
    "an lr below 0": ("params: {a: {lr: -1}}", "f:1:14: params.a.lr: -1 is no use here; a number from 0 up is"),
    "an lr without end": ("params: {a: {lr: .inf}}", "f:1:14: params.a.lr: inf is no use here"),
    "a typo in params": ("params: {a: {weigth_decay: 0}}", 'f:1:14: unknown key "weigth_decay" (did you mean "weight_'),
    "exhaustive: yes, in quotes": (
        "exhaustive: 'yes'",
        'f:1:1: exhaustive: expected true or false, got the text "yes"',
    ),
    "exhaustive: 1": ("exhaustive: 1", "f:1:1: exhaustive: expected true or false, got the number 1"),
    "groups as a number": ("groups: 3", "f:1:1: groups: expected a mapping, got the number 3"),
    "no groups": ("groups: {max: 0}", "f:1:10: groups.max: 0 is no use here; a number from 1 up is"),
    "half a group": ("groups: {max: 1.5}", "f:1:10: groups.max: expected a whole number, got the number 1.5"),
    "true groups": ("groups: {max: true}", "f:1:10: groups.max: expected a whole number, got true"),
    "another severity": (
        "findings: {fail_on: warnings}",
        'f:1:12: findings.fail_on: expected info, warning, error or never, got the text "warnings"',
    ),
    "no severity": ("findings: {}", 'f:1:1: "fail_on" is missing'),
    "twice": ("params: {a: {lr: 1}, a: {lr: 2}}", 'f:1:22: the key "a" stands twice here, first in line 1'),
    "no YAML": ("params: {", "f:1:10: not YAML"),
    "a step that is none": ("params: {a: {at: {x: {lr: 1}}}}", 'f:1:19: "x" is no step: a whole number from 0 up is'),
    "a negative step": (
        "params: {a: {at: {-1: {lr: 1}}}}",
        "f:1:19: the key -1 is read as a number by YAML (a number of",
    ),
    "an octal step": (
        "params: {a: {at: {010: {lr: 1}}}}",
        "f:1:19: the key 010 is read as a number by YAML (a number of",
    ),
    "a number as a key elsewhere": (
        "params: {a: {ta: {1: 1}}}",
        'f:1:19: the key 1 is read as a number by YAML (quote it: "1"',
    ),
    "a step without end": ("params: {a: {at: {10000000000000000: {lr: 1}}}}", 'f:1:19: "10000000000000000" is no step'),
    "a step twice": (
        "params: {a: {at: {6: {lr: 1}, '06': {lr: 1}}}}",
        "f:1:31: params.a.at.06: the step 6 stands here twice, first as",
    ),
    "a step as written twice": (
        "params: {a: {at: {6: {lr: 1}, '6': {lr: 1}}}}",
        'f:1:31: the key "6" stands twice here',
    ),
    "no lr at a step": ("params: {a: {at: {6: {}}}}", 'f:1:19: "lr" is missing'),
    "another value at a step": ("params: {a: {at: {6: {lr: 1, rule: b}}}}", 'f:1:30: unknown key "rule" (known: lr)'),
    "a lr below 0 at a step": ("params: {a: {at: {6: {lr: -1}}}}", "f:1:23: params.a.at.6.lr: -1 is no use here"),
    "no steps": ("params: {a: {at: {}}}", "f:1:14: params.a.at: say at which steps (for example at: {0: {lr: 1.0e-6}"),
    "steps as a list": ("params: {a: {at: [6]}}", "f:1:14: params.a.at: expected steps, got a list"),
    "steps without anything": ("params: {a: {at: }}", "f:1:10: params.a: say what these parameters must get"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (error,) = _errors(tmp_path, text)
    assert error.startswith(message)


def test_all_problems_come_in_one_run(tmp_path: Path) -> None:
    text = "rules: {a: , b: {cuont: 1}}\nparams: {c: 3}\ngroups: {max: 0}\nexhaustiv: true\n"
    assert [error.partition(": ")[0] for error in _errors(tmp_path, text)] == [
        "f:1:9",
        "f:1:18",
        "f:2:10",
        "f:3:10",
        "f:4:1",
    ]


def test_in_a_config_they_are_told_with_the_rest(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("optimizer: {type: SGD, lr: x}\nexpect: {params: {a: {lr: x}}}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "f.yaml")
    assert [str(problem.location) for problem in caught.value.findings] == [
        *(f"{tmp_path}/f.yaml:1:24", f"{tmp_path}/f.yaml:2:23")
    ]


@pytest.mark.parametrize(
    ("name", "message"), [("g.yaml", "no such expectations file"), (".", "is a folder"), ("", "no s")]
)
def test_no_file(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_expectations(str(tmp_path / name) if name else "")

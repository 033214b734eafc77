"""What is not as expected is said with parameter, expected, got, the rule with its line, and the expectation's line."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from pgaudit.core.expectations import Expectations
from pgaudit.core.findings import Threshold
from pgaudit.gate import Audit, Outcome
from pgaudit.gate.expected import unexpected
from pgaudit.gate.run import judged
from tests.gate.audits import CONFIG, line, report

BN = ("bn.weight", "bn.bias")
FC = ("fc.weight", "fc.bias")
CONV = ("conv.weight",)
FAILS: dict[str, tuple[str, list[tuple[str, str, tuple[str, ...]]]]] = {
    "a rule hits more": (
        "rules: {norm_decay_mult: bn.weight}",
        [
            ("10:11 unexpected-rule-hit", 'norm_decay_mult (c.yaml:6:3) may hit "bn.weight", and hits bn.bias', BN[1:]),
        ],
    ),
    "a key hits more": (
        "rules: {fc: [fc.w*, 'x*']}",
        [
            (
                "10:11 unexpected-rule-hit",
                'custom_keys.fc (c.yaml:8:5) may hit "fc.w*", "x*", and hits fc.bias',
                FC[1:],
            ),
        ],
    ),
    "a rule may hit nothing": (
        "rules: {custom_keys: []}",
        [
            (
                "10:11 unexpected-rule-hit",
                "custom_keys.fc (c.yaml:8:5) may hit nothing, and hits 2 tensors such as fc.weight",
                FC,
            ),
        ],
    ),
    "the base hits more": (
        "rules: {default: 'x*'}",
        [
            ("10:11 unexpected-rule-hit", 'default (c.yaml:4:3) may hit "x*", and hits conv.weight', CONV),
        ],
    ),
    "a count": (
        "rules: {custom_keys.fc: 3}",
        [
            ("10:11 unexpected-rule-count", "expected 3 tensors, got 2 by custom_keys.fc (c.yaml:8:5)", FC),
        ],
    ),
    "none allowed": (
        "rules: {custom_keys.fc: 0}",
        [
            ("10:11 unexpected-rule-count", "expected 0 tensors, got 2 by custom_keys.fc (c.yaml:8:5)", FC),
        ],
    ),
    "globs and a count": (
        "rules: {fc: {params: '*.bias', count: 1}}",
        [
            ("10:11 unexpected-rule-hit", 'custom_keys.fc (c.yaml:8:5) may hit "*.bias", and hits fc.weight', FC[:1]),
            ("10:11 unexpected-rule-count", "expected 1 tensor, got 2 by custom_keys.fc (c.yaml:8:5)", FC),
        ],
    ),
    "a rule that decides nothing": (
        "rules: {custom_keys.fcc: {}}",
        [
            ("10:11 rule-hits-nothing", '"custom_keys.fcc" decides nothing; expected some parameter', ()),
        ],
    ),
    "a rule that decides nothing, with globs": (
        "rules: {bias_lr_mult: 'fc.bias'}",
        [
            ("10:11 rule-hits-nothing", '"bias_lr_mult" decides nothing; expected "fc.bias"', ()),
        ],
    ),
    "a rule that is not listed": (
        "rules: {fc: 2}\n  exhaustive: true",
        [
            (
                "11:3 unexpected-rule-hit",
                "norm_decay_mult (c.yaml:6:3) is not listed, and hits 2 tensors such as bn.weight",
                BN,
            ),
        ],
    ),
    "no rule is listed": (
        "exhaustive: true",
        [
            (
                "10:3 unexpected-rule-hit",
                "norm_decay_mult (c.yaml:6:3) is not listed, and hits 2 tensors such as bn.weight",
                BN,
            ),
            (
                "10:3 unexpected-rule-hit",
                "custom_keys.fc (c.yaml:8:5) is not listed, and hits 2 tensors such as fc.weight",
                FC,
            ),
        ],
    ),
    "a weight decay": (
        "params: {'*.bias': {weight_decay: 0}}",
        [
            (
                "10:12 unexpected-setting",
                'fc.bias ("*.bias"): expected weight_decay 0, got 0.0001 by custom_keys.fc (c.yaml:8:5)',
                FC[1:],
            ),
        ],
    ),
    "an lr": (
        "params: {conv.weight: {lr: 0.2}}",
        [
            ("10:12 unexpected-setting", "conv.weight: expected lr 0.2, got 0.1 by default (c.yaml:3:3)", CONV),
        ],
    ),
    "an lr that is nearly it": (
        "params: {conv.weight: {lr: 0.10000001}}",
        [
            ("10:12 unexpected-setting", "conv.weight: expected lr 0.10000001, got 0.1 by default (c.yaml:3:3)", CONV),
        ],
    ),
    "both": (
        "params: {bn.weight: {lr: 0.2, weight_decay: 1}}",
        [
            (
                "10:12 unexpected-setting",
                "bn.weight: expected lr 0.2, got 0.1 by default (c.yaml:3:3)",
                BN[:1],
            ),
            (
                "10:12 unexpected-setting",
                "bn.weight: expected weight_decay 1, got 0.0 by norm_decay_mult (c.yaml:6:3)",
                BN[:1],
            ),
        ],
    ),
    "different values under one glob": (
        "params: {'*.weight': {lr: 5}}",
        [
            (
                "10:12 unexpected-setting",
                '2 tensors such as conv.weight ("*.weight"): expected lr 5, got 0.1 by default (c.yaml:3:3)',
                ("conv.weight", "bn.weight"),
            ),
            (
                "10:12 unexpected-setting",
                'fc.weight ("*.weight"): expected lr 5, got 1.0 by custom_keys.fc (c.yaml:8:5)',
                FC[:1],
            ),
        ],
    ),
    "a rule": (
        "params: {bn.weight: {rule: custom_keys.fc}}",
        [
            (
                "10:12 unexpected-setting",
                "bn.weight: expected rule custom_keys.fc, got norm_decay_mult (c.yaml:6:3)",
                BN[:1],
            ),
        ],
    ),
    "the rule of a value": (
        "params: {bn.weight: {lr_rule: fc, weight_decay_rule: default}}",
        [
            (
                "10:12 unexpected-setting",
                "bn.weight: expected lr_rule fc, got default (c.yaml:3:3)",
                BN[:1],
            ),
            (
                "10:12 unexpected-setting",
                "bn.weight: expected weight_decay_rule default, got norm_decay_mult (c.yaml:6:3)",
                BN[:1],
            ),
        ],
    ),
    "a glob that matches nothing": (
        "params: {fc.wieght: {lr: 1}}",
        [
            ("10:12 dead-expectation", '"fc.wieght" matches no parameter', ()),
        ],
    ),
    "groups": (
        "groups: {max: 2}",
        [
            ("10:12 too-many-groups", "expected at most 2 groups, got 5", ()),
        ],
    ),
}
CODES = {
    **dict.fromkeys(("unexpected-rule-hit", "unexpected-rule-count", "rule-hits-nothing"), "expect-rules"),
    **dict.fromkeys(("unexpected-setting", "dead-expectation"), "expect-params"),
    "too-many-groups": "expect-groups",
}
HINTS = {
    "a rule that decides nothing": 'did you mean "custom_keys.fc"?',
    "a rule that decides nothing, with globs": "these do: custom_keys, custom_keys.fc, default, fc, norm_decay_mult",
    "a glob that matches nothing": 'did you mean "fc.weight"?',
    "groups": "pgaudit.build_optimizer merges groups of equal settings; this counts what the constructor makes",
}


@pytest.mark.parametrize("case", FAILS)
def test_what_fails(tmp_path: Path, case: str) -> None:
    text, expected = FAILS[case]
    of = report(tmp_path, f"{CONFIG}expect:\n  {text}\n")
    notices = list(unexpected(of, of.config.expect or Expectations()))
    said = [f"c.yaml:{where.replace(' ', f' {CODES[where.split()[1]]} ')}: {message}" for where, message, _ in expected]
    assert [line(notice) for notice in notices] == said
    assert [notice.params for notice in notices] == [params for _, _, params in expected]
    assert Outcome(Audit(None, "c.yaml"), tuple(notices), "never").failures == tuple(notices)
    assert {notice.hint for notice in notices} == {HINTS.get(case)}


SILENT = (
    "rules: {norm_decay_mult: 'bn.*', custom_keys.fc: {params: ['fc.*'], count: 2}, default: conv.weight}",
    "rules: {norm_decay_mult: 2, fc: }".replace("fc: ", "fc: {}"),
    "rules: {nowhere: 0, bias_lr_mult: []}",
    "rules: {norm_decay_mult: {}, custom_keys: {}}\n  exhaustive: true",
    "rules: {default: {}, fc: {}, norm_decay_mult: {}}\n  exhaustive: true",
    "exhaustive: false",
    "params: {'bn.*': {weight_decay: 0}, 'fc.*': {lr: 1, rule: custom_keys}, '*': {}}".replace(", '*': {}", ""),
    "params: {'bn.*': {rule: default, lr_rule: default, weight_decay_rule: norm_decay_mult}}",
    "params: {fc.bias: {rule: fc, lr: 1.0000000000000002}}",
    "groups: {max: 5}",
    "findings: {fail_on: never}",
    "{}",
)


@pytest.mark.parametrize("text", SILENT)
def test_what_is_as_expected(tmp_path: Path, text: str) -> None:
    of = report(tmp_path, f"{CONFIG}expect:\n  {text}\n")
    assert list(unexpected(of, of.config.expect or Expectations())) == []


def test_expectations_of_parameters_that_are_in_no_group(tmp_path: Path) -> None:
    model = nn.Module()
    model.module = nn.Linear(2, 2)
    model.outside = nn.Linear(2, 2)
    head = "optimizer: {type: SGD, lr: 0.1}\nconstructor: mmcv\n"
    text = f"{head}expect: {{params: {{'outside.*': {{lr: 0.1, rule: default}}}}}}\n"
    of = report(tmp_path, text, model)
    who, got = '2 tensors such as outside.weight ("outside.*")', "got none, for it is not in the optimizer"
    assert [notice.message for notice in unexpected(of, of.config.expect or Expectations())] == [
        f"{who}: expected {wanted}, {got}" for wanted in ("lr 0.1", "rule default")
    ]


def test_a_tied_parameter_answers_to_each_of_its_names(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    text = "optimizer: {type: SGD, lr: 0.1}\nexpect: {params: {1.weight: {lr: 0.2}}}\n"
    of = report(tmp_path, text, model)
    (notice,) = unexpected(of, of.config.expect or Expectations())
    assert notice.params == ("0.weight",)


def test_hostile_names_are_made_visible(tmp_path: Path) -> None:
    model = nn.ParameterDict(
        {"a\x1b[31m": nn.Parameter(nn.Linear(1, 1).weight), "x[0]": nn.Parameter(nn.Linear(1, 1).weight)}
    )
    text = 'optimizer: {type: SGD, lr: 0.1}\nexpect: {params: {"a\\e[31m": {lr: 1, rule: "b\\n"}, "x[0]": {lr: 0.1}}}\n'
    of = report(tmp_path, text, model)
    notices = list(unexpected(of, of.config.expect or Expectations()))
    assert len(notices) == 2
    assert all(notice.message.isprintable() for notice in notices)


LEVELS = {
    # the command line or the audit, the expectations, what a PG001 warning, PG011 error and PG007 info do
    "nothing said": (None, None, ["PG011"]),
    "by expectations": (None, "warning", ["PG001", "PG011"]),
    "by the audit": ("info", "never", ["PG001", "PG007", "PG011"]),
    "never": ("never", "info", []),
    "never by expectations": (None, "never", []),
}


@pytest.mark.parametrize(("audit", "expect", "codes"), LEVELS.values(), ids=LEVELS)
def test_from_which_severity_on_findings_fail(
    tmp_path: Path, audit: Threshold | None, expect: Threshold | None, codes: list[str]
) -> None:
    text = CONFIG.replace("norm_decay_mult: 0", "norm_decay_mutl: 0") + "    nowhere: {}\n"
    of = report(tmp_path, text)
    outcome = judged(Audit(None, "c.yaml", fail_on=audit), of, Expectations(fail_on=expect))
    assert sorted({notice.code for notice in outcome.failures}) == codes
    assert outcome.exit_code == bool(codes)

from __future__ import annotations

import pgaudit
from tests.checks.built_cases import BuiltCase, Made, audited, check_cases, sgd, stem_and_head


def _one_group() -> Made:
    model = stem_and_head(frozen=True)
    return model, sgd(model)


def _own_group() -> Made:
    model = stem_and_head(frozen=True)
    return model, sgd(model["head"], {"params": list(model["stem"].parameters()), "lr": 0.01})


def _without_model() -> Made:
    return None, sgd(stem_and_head(frozen=True))


def _filtered() -> Made:
    model = stem_and_head(frozen=True)
    return model, sgd({"params": [each for each in model.parameters() if each.requires_grad]})


CASES = {
    "among others": BuiltCase(
        _one_group,
        ("2 frozen tensors are in the optimizer: stem.weight, stem.bias",),
        "once unfrozen, they train with what their group holds",
        ("stem.weight", "stem.bias"),
    ),
    "alone in a group": BuiltCase(
        _own_group, ("2 frozen tensors are in the optimizer: stem.weight, stem.bias; group 1 holds nothing else",)
    ),
    "without the model": BuiltCase(
        _without_model, ("2 frozen tensors are in the optimizer: group 0 [0], group 0 [1]",)
    ),
    "filtered": BuiltCase(_filtered),
    "none": BuiltCase(lambda: ((model := stem_and_head()), sgd(model))),
}
test_pg035 = check_cases("PG035", CASES)


def test_groups_with_others_are_not_named() -> None:
    (finding,) = audited(BuiltCase(_one_group)).findings
    assert "holds nothing else" not in finding.message


def test_of_a_policy_pg010_says_it() -> None:
    report = pgaudit.audit(stem_and_head(frozen=True), {"optimizer": {"type": "SGD", "lr": 0.1}})
    assert [finding.code for finding in report.findings] == ["PG010"]

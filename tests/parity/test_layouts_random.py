"""A policy means the same from Python and from a file, in each layout that people write it in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings

import pgaudit
from tests.budget import examples
from tests.parity.compare import Case
from tests.parity.random_policies import cases, mmengine_cases
from tests.parity.trees import build


def _layouts(case: Case) -> dict[str, Any]:
    options = {"paramwise_cfg": case["paramwise_cfg"]} if "paramwise_cfg" in case else {}
    return {
        "own": {"optimizer": case["optimizer"], **options, "constructor": "mmcv"},
        "mmcv": {"optimizer": {**case["optimizer"], **options}, "runner": {"type": "EpochBasedRunner"}},
        "mmengine": {"optim_wrapper": {"optimizer": case["optimizer"], **options, "constructor": "mmcv"}},
    }


def _mmengines_layouts(case: Case) -> dict[str, Any]:
    options = {"paramwise_cfg": case["paramwise_cfg"]} if "paramwise_cfg" in case else {}
    name = "DefaultOptimWrapperConstructor"
    wrapper = {"type": "AmpOptimWrapper", "clip_grad": {"max_norm": 5.0}}
    return {
        "own": {"optimizer": case["optimizer"], **options, "constructor": "mmengine"},
        "mmcv": {"optimizer": {**case["optimizer"], **options, "constructor": name}},
        "mmengine": {"optim_wrapper": {"optimizer": case["optimizer"], **options, **wrapper}},
        "named": {"optim_wrapper": {"optimizer": case["optimizer"], **options, "constructor": name}},
    }


def _outcome(case: Case, config: Any) -> Any:
    """What decides, without the places where it stands."""
    try:
        report = pgaudit.audit(build(case["model"]), config)
    except pgaudit.PgauditError as error:
        return sorted(problem.message.split(": ", 1)[-1] for problem in error.findings)
    rows = [(row.name, row.lr, row.weight_decay, row.group, _rule_names(row)) for row in report.params]
    return rows, sorted(finding.code for finding in report.findings if finding.code != "PG012")


def _rule_names(row: Any) -> list[Any]:
    return [rule and rule.name for rule in (row.setting.lr_rule, row.setting.weight_decay_rule)]


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
def test_random_policies_mean_the_same_in_every_layout(tmp_path: Path, case: Case) -> None:
    expected = _outcome(case, _layouts(case)["own"])
    path = tmp_path / "policy.yaml"
    for config in _layouts(case).values():
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        assert _outcome(case, str(path)) == expected


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=mmengine_cases())
def test_random_policies_of_mmengine_mean_the_same_in_every_layout(tmp_path: Path, case: Case) -> None:
    expected = _outcome(case, _mmengines_layouts(case)["own"])
    path = tmp_path / "policy.yaml"
    for config in _mmengines_layouts(case).values():
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        assert _outcome(case, str(path)) == expected

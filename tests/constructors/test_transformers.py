"""transformers' Trainer as pgaudit tells of it: rules that stand in no config, and what is found all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

import pgaudit
from pgaudit.cli import main
from tests.checks.cases import audit, only, places, tree

TEXT = "constructor: transformers\noptimizer: {type: AdamW, lr: 1.0e-3, weight_decay: 0.1}\n"


def codes(report: pgaudit.Report) -> list[str]:
    return [finding.code for finding in report.findings]


def test_rules_of_the_librarys_own_are_never_dead_nor_inert(tmp_path: Path) -> None:
    assert codes(audit(tmp_path, TEXT, nn.Linear(2, 2, bias=False))) == []
    assert codes(audit(tmp_path, TEXT, tree({"norm": nn.LayerNorm(2), "fc": nn.Linear(2, 2)}))) == []
    assert codes(audit(tmp_path, TEXT.replace("0.1}", "0}"), nn.Linear(2, 2))) == []


@pytest.mark.parametrize(
    "norm", [nn.BatchNorm1d(2), nn.RMSNorm(2), nn.GroupNorm(1, 2)], ids=lambda norm: type(norm).__name__
)
def test_norms_that_are_decayed(tmp_path: Path, norm: nn.Module) -> None:
    report = audit(tmp_path, TEXT, tree({"a.norm1": norm, "fc": nn.Linear(2, 2)}))
    finding = only(report, "PG006")
    assert finding.params == ("a.norm1.weight",)
    keeps = "is no norm to the constructor `transformers`, so 1 tensor keeps weight decay 0.1"
    assert f"{type(norm).__name__} {keeps}" in finding.message
    assert finding.location is not None  # the file, and no place in it
    assert (finding.location.line, finding.hint) == (None, None)


def test_norms_that_their_names_save(tmp_path: Path) -> None:
    for name in ("norm", "q_norm", "layernorm1", "RMSNorm_0"):
        report = audit(tmp_path, TEXT, tree({f"a.{name}": nn.RMSNorm(2), "fc": nn.Linear(2, 2)}))
        assert "PG006" not in codes(report), name


def test_words_inside_words_are_trainers_own_doing(tmp_path: Path) -> None:
    report = audit(tmp_path, TEXT, tree({"debias_proj": nn.Linear(2, 2), "fc": nn.Linear(2, 2)}))
    row = report["debias_proj.weight"]
    assert row.weight_decay == 0
    assert row.setting.weight_decay_rule
    assert row.setting.weight_decay_rule.full == "forbidden_name.bias"  # the table says who, and no config can fix it
    assert {finding.code for finding in report.findings}.isdisjoint({"PG003", "PG016"})


def test_findings_about_base_values_stand_in_the_config(tmp_path: Path) -> None:
    report = audit(tmp_path, TEXT.replace("1.0e-3", "0.0"), nn.Embedding(2, 2))
    assert places(report, "PG013") == [("PG013", 2, 26)]
    assert places(report, "PG007") == [("PG007", 2, 35)]


def test_rules_name_the_expression(tmp_path: Path) -> None:
    report = audit(tmp_path, TEXT, tree({"norm": nn.BatchNorm1d(2), "fc": nn.Linear(2, 2)}))
    rules = {row.name: row.setting.weight_decay_rule for row in report.params}
    assert {name: (rule.full, rule.location and rule.location.line) for name, rule in rules.items() if rule} == {
        "norm.weight": (r"forbidden_name.(?:^|\.)norm(?:$|\.)", None),
        "norm.bias": ("forbidden_name.bias", None),
        "fc.weight": ("default", 2),
        "fc.bias": ("forbidden_name.bias", None),
    }


def test_one_rule_is_enough_and_the_others_are_told(tmp_path: Path) -> None:
    (occurrence,) = pgaudit.explain(audit(tmp_path, TEXT, tree({"a_norm": nn.LayerNorm(2)})), "a_norm.bias").occurrences
    told = [
        (tried.rule.full, tried.matched, tried.beaten_by and tried.beaten_by.full) for tried in occurrence.evaluations
    ]
    assert told == [
        ("layer_norm", True, None),
        ("forbidden_name.bias", True, "layer_norm"),
        ("forbidden_name.layernorm", False, None),
        ("forbidden_name.rmsnorm", False, None),
        (r"forbidden_name.(?:^|\.)norm(?:$|\.)", False, None),
        (r"forbidden_name._norm(?:$|\.)", True, "layer_norm"),
        ("default", True, None),
    ]


def test_the_second_name_of_a_tied_parameter_is_passed_over(tmp_path: Path) -> None:
    model = tree({"fc": nn.Linear(2, 2), "norm": nn.Linear(2, 2)})
    model.get_submodule("norm").register_parameter("weight", model.get_parameter("fc.weight"))
    first, second = pgaudit.explain(audit(tmp_path, TEXT, model), "fc.weight").occurrences
    assert [tried.rule.option for tried in second.evaluations] == ["duplicate"]
    assert first.name == "fc.weight"


def test_a_live_model_gets_the_same_optimizer(tmp_path: Path) -> None:
    model = tree({"norm": nn.LayerNorm(2), "fc": nn.Linear(2, 2)})
    built = pgaudit.build_optimizer(
        model, {"constructor": "Trainer", "optimizer": {"type": "AdamW", "weight_decay": 0.1, "eps": 1e-6}}
    )
    assert [(len(g["params"]), g["lr"], g["weight_decay"], g["eps"]) for g in built.param_groups] == [
        (3, 5e-5, 0.0, 1e-6),
        (1, 5e-5, 0.1, 1e-6),
    ]


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "svg", "html"])
def test_every_form_shows_it(tmp_path: Path, form: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(TEXT, encoding="utf-8")
    output = tmp_path / "out"
    assert main(["show", "vit_tiny_patch16_224", str(path), "--format", form, "--output", str(output)]) == 0
    assert "layer_norm" in output.read_text(encoding="utf-8").replace("\\_", "_")

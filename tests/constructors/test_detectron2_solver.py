"""detectron2's own YAML configs: the `SOLVER` section, as yacs merges it into the defaults.

Transcribed from detectron2 02b5c4e, `detectron2/config/defaults.py` and `build_optimizer`, and from yacs 0.1.8.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch import nn

import pgaudit
from pgaudit import ConfigError
from pgaudit.cli import main
from tests.checks.cases import only, places

REST = """\
MODEL: {META_ARCHITECTURE: GeneralizedRCNN, MASK_ON: True}
DATASETS: {TRAIN: [coco_2017_train]}
INPUT:
  MIN_SIZE_TRAIN: (640, 672)
VERSION: 2
"""


def model() -> nn.Module:
    return nn.ModuleDict({"norm": nn.BatchNorm2d(2), "fc": nn.Linear(2, 2)})


def audit(tmp_path: Path, solver: str, rest: str = REST) -> pgaudit.Report:
    path = tmp_path / "f.yaml"
    path.write_text(f"SOLVER: {solver}\n{rest}", encoding="utf-8")
    return pgaudit.audit(model(), path)


def settings(report: pgaudit.Report) -> dict[str, tuple[Any, Any]]:
    return {row.name: (row.lr, row.weight_decay) for row in report.params}


def refusal(tmp_path: Path, solver: str, rest: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        audit(tmp_path, solver, rest)
    return str(caught.value)


def test_defaults(tmp_path: Path) -> None:
    report = audit(tmp_path, "{}")
    assert settings(report) == {
        "norm.weight": (0.001, 0.0),
        "norm.bias": (0.001, 0.0),
        "fc.weight": (0.001, 1e-4),
        "fc.bias": (0.001, 1e-4),
    }
    assert report.optimizer.call == {
        "type": "SGD",
        "lr": 0.001,
        "momentum": 0.9,
        "nesterov": False,
        "weight_decay": 1e-4,
        "foreach": True,
    }
    assert [dict(report[name].setting.written) for name in ("norm.weight", "fc.weight")] == [
        {"lr": 0.001, "weight_decay": 0.0},
        {"lr": 0.001},  # the weight decay goes to the optimizer alone
    ]


def test_all_that_decides(tmp_path: Path) -> None:
    report = audit(
        tmp_path,
        "{BASE_LR: 0.5, WEIGHT_DECAY: 0.25, WEIGHT_DECAY_NORM: 0.125, WEIGHT_DECAY_BIAS: 2.0, BIAS_LR_FACTOR: 4.0}",
    )
    assert settings(report) == {
        "norm.weight": (0.5, 0.125),
        "norm.bias": (2.0, 2.0),
        "fc.weight": (0.5, 0.25),
        "fc.bias": (2.0, 2.0),
    }
    rules = {rule.full: (rule.location and rule.location.line) for rule in (count.rule for count in report.rules)}
    assert rules == {"BIAS_LR_FACTOR": 1, "WEIGHT_DECAY_BIAS": 1, "WEIGHT_DECAY_NORM": 1, "default": 1}


@pytest.mark.parametrize(
    ("solver", "norm", "bias"),
    [
        ("{WEIGHT_DECAY_NORM: null}", 1e-4, 1e-4),
        ("{WEIGHT_DECAY_NORM: None}", 1e-4, 1e-4),
        ("{BIAS_LR_FACTOR:}", 0.0, 1e-4),
    ],
)
def test_nothing_stands_for_nothing(tmp_path: Path, solver: str, norm: float, bias: float) -> None:
    report = audit(tmp_path, solver)
    assert (report["norm.weight"].weight_decay, report["fc.bias"].weight_decay) == (norm, bias)


@pytest.mark.parametrize("number", ["1e-2", "'0.01'", "1.0e-2"])
def test_texts_are_read_as_literals(tmp_path: Path, number: str) -> None:
    report = audit(tmp_path, f"{{BASE_LR: {number}}}")
    assert report["fc.weight"].lr == 0.01
    assert places(report, "PG012") == []  # yacs reads a number, where PyYAML alone reads a text


@pytest.mark.parametrize(
    ("solver", "message"),
    [
        (
            "{BASE_LRS: 0.1}",
            'unknown key "BASE_LRS"; detectron2 would raise KeyError: Non-existent config key: SOLVER.BASE_LRS',
        ),
        ("{AMP: {KIND: True}}", "Non-existent config key: SOLVER.AMP.KIND"),
        ("{BASE_LR: 1}", "expected a value of type float, got int; yacs would raise ValueError: Type mismatch"),
        ("{NESTEROV: 1}", "expected a value of type bool, got int"),
        ("{BASE_LR: fast}", "expected a value of type float, got str"),
        ("{AMP: True}", "expected a value of type dict, got bool"),
        ("{BASE_LR: -0.1}", "expected a number from 0 up"),
        ("{BASE_LR: null}", "SGD would raise TypeError"),
        ("{WEIGHT_DECAY_BIAS: high}", "expected a number from 0 up"),
        ("{NESTEROV: True, MOMENTUM: 0.0}", "SGD would raise ValueError: Nesterov momentum requires"),
        ("[BASE_LR]", "expected a mapping"),
        ("", "expected a mapping"),
    ],
)
def test_what_yacs_or_torch_refuses(tmp_path: Path, solver: str, message: str) -> None:
    assert message in refusal(tmp_path, solver)


def test_hints(tmp_path: Path) -> None:
    assert "did you mean" in refusal(tmp_path, "{BASE_LRS: 0.1}")
    assert "a build_optimizer of its own" in refusal(tmp_path, "{OPTIMIZER: ADAMW}")
    assert "write 1.0" in refusal(tmp_path, "{BASE_LR: 1}")


def test_a_tuple_may_be_a_list(tmp_path: Path) -> None:
    assert len(audit(tmp_path, "{STEPS: [60000, 80000]}").params) == 4
    assert len(audit(tmp_path, '{STEPS: "(60000, 80000)"}').params) == 4
    assert "of type tuple, got int" in refusal(tmp_path, "{STEPS: 60000}")


@pytest.mark.parametrize("other", ["optimizer: {type: SGD}", "optim_wrapper: {}", "solver: {}"])
def test_two_layouts_in_one_config(tmp_path: Path, other: str) -> None:
    assert "are both in this config" in refusal(tmp_path, "{}", other + "\n")


def test_another_constructor_does_not_read_it(tmp_path: Path) -> None:
    assert '"mmcv" does not read a `SOLVER:`' in refusal(tmp_path, "{}", "constructor: mmcv\n")


def test_findings_stand_where_the_section_has_its_words(tmp_path: Path) -> None:
    assert places(audit(tmp_path, "{BASE_LR: 0.0}"), "PG013") == [("PG013", 1, 10)]
    assert places(audit(tmp_path, "{WEIGHT_DECAY: 0.1}"), "PG007") == [("PG007", 1, 10)]
    assert places(audit(tmp_path, "{WEIGHT_DECAY_NORM: 0.0}"), "PG005") == [("PG005", 1, 10)]
    assert places(audit(tmp_path, "{}", "paramwise_cfg: {norm_decay_mult: 0}\n"), "PG014") == [("PG014", 2, 1)]


def test_a_default_of_detectron2_is_no_finding(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("SOLVER: {}\n", encoding="utf-8")
    report = pgaudit.audit(nn.Linear(2, 2), path)
    assert [finding.code for finding in report.findings] == ["PG007"]
    report = pgaudit.audit(nn.Sequential(nn.RMSNorm(2)), path)
    assert only(report, "PG006").hint is None  # there is no word for it


class TestFunctions:
    """`lr_factor_func` by name."""

    TEXT = (
        "constructor: detectron2\noptimizer: {type: SGD, lr: 0.5}\nparamwise_cfg:\n  base_lr: 0.5\n  lr_factor_func: "
    )

    def audit(self, tmp_path: Path, ref: str) -> pgaudit.Report:
        (tmp_path / "factors.py").write_text(
            "calls = []\ndef half(name):\n    calls.append(name)\n    return 0.5 ** len(calls)\nnumber = 3\n",
            encoding="utf-8",
        )
        path = tmp_path / "f.yaml"
        path.write_text(f"{self.TEXT}{ref}\n", encoding="utf-8")
        return pgaudit.audit(model(), path)

    def test_of_a_file_beside_the_config_and_asked_once_a_name(self, tmp_path: Path) -> None:
        report = self.audit(tmp_path, "factors.py:half")
        assert [row.lr for row in report.params] == [0.25, 0.125, 0.0625, 0.03125]
        explanation = pgaudit.explain(report, "fc.bias")
        assert [(r.product.base, r.product.mult, r.value) for r in explanation.results if r.of == "lr"] == [
            (0.5, 0.0625, 0.03125)
        ]

    def test_of_a_module(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"f\.yaml:5:3: .*the function raises TypeError"):
            self.audit(tmp_path, "math:sqrt")

    @pytest.mark.parametrize(
        ("ref", "message"),
        [
            ("factors.py:halve", "has no attribute"),
            ("factors.py:number", "is no function"),
            ("nowhere.py:half", "no such file"),
            ("half", "is not module:attribute"),
        ],
    )
    def test_wrong_names(self, tmp_path: Path, ref: str, message: str) -> None:
        with pytest.raises(ConfigError, match=message) as caught:
            self.audit(tmp_path, ref)
        assert caught.value.findings[0].location is not None
        assert caught.value.findings[0].location.line == 5


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "svg", "html"])
def test_every_form_shows_it(tmp_path: Path, form: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("SOLVER: {BIAS_LR_FACTOR: 2.0}\n", encoding="utf-8")
    output = tmp_path / "out"
    assert main(["show", "resnet18", str(path), "--format", form, "--output", str(output)]) == 0
    assert "BIAS_LR_FACTOR" in output.read_text(encoding="utf-8").replace("\\_", "_")

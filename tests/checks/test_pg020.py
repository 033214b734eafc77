from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from pgaudit.cli import main
from tests.checks.cases import Case, audit, examine, only
from tests.parity.named import named

NAMES = [
    "backbone.stem.conv.weight",
    "backbone.stem.bn.weight",
    "backbone.stem.bn.bias",
    "encoder.norm.weight",
    "neck.encoder.weight",
]
RTDETR = "constructor: rtdetr\noptimizer: {type: SGD, lr: 0.1}\nparamwise_cfg:\n  params:\n"
BASECLS = "solver:\n  weight_decay:\n"
REGEX = "constructor: regex\noptimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\nparamwise_cfg:\n  wd_mults:\n"
FREED = '"bn" is looked for at one place alone, and it'


def _model() -> nn.Module:
    return named(NAMES)


def _frozen() -> nn.Module:
    return named(NAMES, frozen=[name for name in NAMES if ".bn." in name])


def _without_bn() -> nn.Module:
    return named(["backbone.conv.weight", "backbone.norm.weight", "encoder.norm.weight"])


CASES = {
    "norms that it passes over": Case(
        RTDETR + "    - {params: '^(?=.*backbone)(?=.*norm|bn).*$', lr: 0.2}\n",
        (5, 7),
        f'"^(?=.*backbone)(?=.*norm|bn).*$": a | ends the .* before it, so that {FREED} passes over 2 tensors',
        'did you mean "^(?=.*backbone)(?=.*(?:norm|bn)).*$"?',
        _model,
    ),
    "norms that it takes in": Case(
        RTDETR + "    - {params: '^(?=.*backbone)(?!.*norm|bn).*$', lr: 0.2}\n",
        (5, 7),
        f"{FREED} takes in 2 tensors … : backbone.stem.bn.weight, backbone.stem.bn.bias",
        'did you mean "^(?=.*backbone)(?!.*(?:norm|bn)).*$"?',
        _model,
    ),
    "frozen norms": Case(RTDETR + "    - {params: '^(?=.*backbone)(?!.*norm|bn).*$', lr: 0.2}\n", None, model=_frozen),
    "norms that are called otherwise": Case(
        RTDETR + "    - {params: '^(?=.*backbone)(?!.*norm|bn).*$', lr: 0.2}\n", None, model=_without_bn
    ),
    "grouped": Case(RTDETR + "    - {params: '^(?=.*backbone)(?!.*(?:norm|bn)).*$', lr: 0.2}\n", None, model=_model),
    "between anchors": Case(
        RTDETR + "    - {params: '^backbone.*bias|encoder.*$', lr: 0.2}\n",
        (5, 7),
        "its ^ and its $ belong to one alternative each, and it takes in 1 tensor … : neck.encoder.weight",
        'did you mean "^(?:backbone.*bias|encoder.*)$"?',
        _model,
    ),
    "between anchors, where each is meant for one": Case(
        RTDETR + "    - {params: '^backbone|norm.weight$', lr: 0.2}\n", None, model=_model
    ),
    "a policy of BaseCls": Case(
        BASECLS + "    - [0, '^(?=.*norm|bn)']\n    - 0.1\n", (3, 7), f"{FREED} passes over 2 tensors", model=_model
    ),
    "a pattern for the whole name": Case(
        REGEX + "    - ['(?=.*norm|bn).*weight', 0.0]\n", (5, 7), f"{FREED} passes over 1 tensor", model=_model
    ),
    "anchors around the whole name": Case(REGEX + "    - ['^backbone.*bias|encoder.*$', 0.0]\n", None, model=_model),
}


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str, tmp_path: Path) -> None:
    examine(tmp_path, "PG020", CASES[name])


def test_a_pattern_that_matches_nothing_for_it_is_not_told_twice(tmp_path: Path) -> None:
    report = audit(tmp_path, CASES["norms that it passes over"].text, _model())
    assert only(report, "PG020").params == ("backbone.stem.bn.weight", "backbone.stem.bn.bias")
    assert "PG001" not in {finding.code for finding in report.findings}


def test_both_halves_of_a_model_are_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    entries = "".join(f"    - params: '^(?=.*backbone)({sign}.*norm|bn).*$'\n" for sign in ("?=", "?!"))
    Path("c.yaml").write_text(RTDETR + entries, encoding="utf-8")
    Path("m.py").write_text(
        "from torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.backbone = nn.ModuleDict({'conv': nn.Conv2d(1, 1, 1), 'bn': nn.BatchNorm2d(1)})\n"
        "        self.head = nn.Linear(1, 1)\n",
        encoding="utf-8",
    )
    assert main(["check", "m.py:Net", "c.yaml"]) == 1
    assert main(["check", "m.py:Net", "c.yaml", "--fix", "--unsafe-fixes"]) == 0
    assert Path("c.yaml").read_text(encoding="utf-8") == RTDETR + entries.replace("norm|bn", "(?:norm|bn)")

"""No finding asks to change what the config cannot change: a library's own rules are nobody's mistake here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from torch import nn

import pgaudit
from pgaudit.catalogue.example import asked as configs
from pgaudit.constructors import CONSTRUCTORS
from pgaudit.text import quoted
from tests.checks.cases import audit, only, places, tree
from tests.checks.test_pg006 import RmsNorm, marked

OF_RULES = frozenset({"PG001", "PG002", "PG003", "PG004", "PG005", "PG015", "PG016"})
"""The findings that blame a rule, and so stand at its place in the config."""
BUILT_IN = tuple(CONSTRUCTORS)
OPTIONS = {option for constructor in BUILT_IN for option in CONSTRUCTORS[constructor].options} - {"rules"}


def _t5() -> nn.Module:
    """Names as transformers' T5 has them, which Trainer's own expressions cut into."""
    block = "encoder.block.0"
    return tree(
        {
            f"{block}.layer.0.SelfAttention.q": nn.Linear(2, 2, bias=False),
            f"{block}.layer.0.layer_norm": RmsNorm(),
            "encoder.final_layer_norm": nn.LayerNorm(2),
            "lm_head": nn.Linear(2, 2),
        }
    )


def _odd() -> nn.Module:
    """A convolution of one channel, vectors of the module's own, a frozen part, and a word in the middle of others."""
    model = tree(
        {
            "stem": nn.Conv2d(1, 2, 3),
            "bn": nn.BatchNorm2d(2),
            "frozen.bn": nn.BatchNorm2d(2),
            "head": nn.Linear(2, 2),
            "decode_head.fc": nn.Linear(2, 2),
        }
    )
    model.get_submodule("frozen").requires_grad_(False)
    for name in ("q_bias", "relative_position_bias_table"):
        model.register_parameter(name, nn.Parameter(nn.Linear(2, 2).bias.detach()))
    return model


def _tied() -> nn.Module:
    model = tree({"embed": nn.Embedding(2, 2), "norm": nn.LayerNorm(2), "out": nn.Linear(2, 2, bias=False)})
    model.get_submodule("out").weight = model.get_submodule("embed").weight
    return model


def _tied_and_frozen() -> nn.Module:
    model = _tied()
    model.get_submodule("out").requires_grad_(False)
    return model


MODELS: dict[str, Callable[[], nn.Module]] = {
    "T5": _t5,
    "odd": _odd,
    "tied": _tied,
    "tied and frozen": _tied_and_frozen,
}


def _texts(constructor: str) -> Iterator[str]:
    """The config that asks for undecayed norms and biases, and one without any option."""
    asked = configs()[constructor]
    yield yaml.safe_dump({"constructor": constructor, **asked})
    yield yaml.safe_dump({"constructor": constructor, **{k: v for k, v in asked.items() if k != "paramwise_cfg"}})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("constructor", BUILT_IN)
def test_what_a_finding_asks_for_can_be_done(tmp_path: Path, constructor: str, model: str) -> None:
    looked_at = 0
    path = tmp_path / "c.yaml"
    for text in _texts(constructor):
        path.write_text(text, encoding="utf-8")
        try:
            report = pgaudit.audit(marked(MODELS[model]()), path)
        except pgaudit.PgauditError:
            continue  # the library refuses such a model
        rules = CONSTRUCTORS[constructor].chains(report.inventory, report.config, report.defaults).rules
        of_library = {rule.provenance.key for rule in rules if rule.provenance.key and not rule.at}
        looked_at += 1
        for finding in report.findings:
            assert finding.code not in OF_RULES or finding.location is not None, finding
            assert not of_library.intersection({finding.key, *finding.keys}), finding
            assert not any(quoted(key) in finding.message for key in of_library), finding
            wanted = OPTIONS.intersection(re.findall(r"\w+", finding.hint or ""))
            assert wanted <= set(CONSTRUCTORS[constructor].options), finding.hint
    assert looked_at or constructor.endswith("layer_decay")


def test_trainers_own_expressions_are_blamed_for_nothing(tmp_path: Path) -> None:
    report = audit(tmp_path, "constructor: transformers\noptimizer: {type: AdamW, weight_decay: 0.1}\n", _t5())
    assert places(report, "PG003") == places(report, "PG016") == []


@pytest.mark.parametrize("constructor", ["mmcv", "mmengine"])
def test_a_tied_tensor_can_be_mended_where_there_is_an_option(tmp_path: Path, constructor: str) -> None:
    options = "optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\nparamwise_cfg: {norm_decay_mult: 0}\n"
    report = audit(tmp_path, f"constructor: {constructor}\n{options}", _tied())
    assert "bypass_duplicate" in (only(report, "PG009").hint or "")

"""timm beyond its groups: what a config may say, what is refused and where, and how it is explained.

What the groups hold is compared with the real timm in `tests/parity`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit.explanation import explain
from tests.checks.cases import HEAD, Case, examine
from tests.parity.trees import block, build, node

LINEAR = node("Linear", 2, 2)
TIMM = "constructor: timm\noptimizer: {type: adamw, lr: 0.5, weight_decay: 0.25}\nparamwise_cfg:\n"


def _model(**says: Any) -> nn.Module:
    """Three layers, where a matcher tells them."""
    root = block(cls_token=[1, 1, 2], stem=LINEAR, body=block(bias=[2, 2]), head=LINEAR)
    matcher = {"stem": "^(?:cls_token|stem)", "body": "^body"}
    return build({"root": root, "says": {"group_matcher": matcher, "no_weight_decay": ["cls_*", "body.bias"], **says}})


def _audit(model: nn.Module | None = None, optimizer: Any = None, **options: Any) -> pgaudit.Report:
    optimizer = optimizer or {"type": "adamw", "lr": 0.5, "weight_decay": 0.25}
    return pgaudit.audit(
        model or _model(), {"constructor": "timm", "optimizer": optimizer, "paramwise_cfg": options or None}
    )


REFUSED = {
    "an unknown name": (
        "constructor: timm\noptimizer: {type: adamv, lr: 0.1}\n",
        '2:13: .*Optimizer adamv not found in registry \\(did you mean "adamw?"',
    ),
    "a class": (
        "constructor: timm\noptimizer: {type: mine:Optimizer, lr: 0.1}\n",
        "2:13: .*names of its registry.*no class of your own",
    ),
    "an argument of nobody": (
        "constructor: timm\noptimizer: {type: sgd, lr: 0.1, momentun: 0.9}\n",
        '2:33: .*unexpected keyword argument.*did you mean "momentum"',
    ),
    "an option in the wrong section": (
        "constructor: timm\noptimizer: {type: sgd, lr: 0.1, layer_decay: 0.9}\n",
        '2:33: "layer_decay" is about groups \\(write it in `paramwise_cfg`',
    ),
    "a typo": (TIMM + "  layer_deca: 0.9\n", '4:3: .*would hand it to the optimizer.*did you mean "layer_decay"'),
    "an option of OpenMMLab": (TIMM + "  norm_decay_mult: 0.0\n", '4:3: .*makes no groups by "norm_decay_mult"'),
    "timm's other name": (TIMM + "  weight_decay_exclude_1d: true\n", "4:3: .*multiple values.*filter_bias_and_bn"),
    "a function": (TIMM + "  param_group_fn: mine:groups\n", "4:3: .*param_group_fn is a function"),
    "a text for a list": (TIMM + '  fallback_list: "head.*"\n', "4:3: .*expected a list.*each character for a pattern"),
    "a number for a switch": (TIMM + "  filter_bias_and_bn: 1\n", "4:3: .*expected true or false, got the number 1"),
    "a negative scale": (TIMM + "  layer_decay: -0.5\n", "4:3: .*-0.5 is no use here"),
    "a scale beyond all bounds": (TIMM + "  layer_decay: 1.0e+300\n", "4:3: .* \\*\\* 2, .* is too large for a number"),
    "no number where layers need one": (
        "constructor: timm\noptimizer: {type: sgd, lr: 0.1, weight_decay: null}\nparamwise_cfg: {layer_decay: 0.5}\n",
        "2:33: weight_decay is null.*the first step would raise TypeError",
    ),
    "a model that raises": (TIMM + "  layer_decay: 0.5\n", "4:3: .*asks the model for its layers.*ValueError"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_and_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(text, encoding="utf-8")
    model = _model(group_matcher="matcher_of_words") if "raises" in message or "asks" in message else _model()
    with pytest.raises(pgaudit.ConfigError, match=message):
        pgaudit.audit(model, path)


def _tried(report: pgaudit.Report, name: str) -> list[tuple[str, bool, str, list[str]]]:
    """What explain tells: each rule, whether it matched, why, and what it decides."""
    (occurrence,) = explain(report, name).occurrences
    return [(tried.rule.full, tried.matched, tried.why, sorted(tried.decides)) for tried in occurrence.evaluations]


def test_explained_without_layers() -> None:
    report = _audit()
    none = "none of the 2 names in the model's no_weight_decay()"
    lr = ("default", True, "one lr for all", ["lr"])
    assert _tried(report, "stem.weight") == [
        ("filter_bias_and_bn", False, 'it has 2 dimensions, and is no ".bias"', []),
        ("no_weight_decay", False, none, []),
        ("default", True, "nothing takes the weight decay away", ["weight_decay"]),
        lr,
    ]
    assert _tried(report, "stem.bias")[:2] == [
        ("filter_bias_and_bn", True, "it has 1 dimension", ["weight_decay"]),
        ("no_weight_decay", False, none, []),
    ]
    assert _tried(report, "cls_token") == [
        ("filter_bias_and_bn", False, 'it has 3 dimensions, and is no ".bias"', []),
        ("no_weight_decay.cls_*", True, "the model's no_weight_decay() names it", ["weight_decay"]),
        lr,
    ]
    both = explain(report, "body.bias").occurrences[0].evaluations
    assert [(tried.rule.full, tried.why) for tried in both[:2]] == [
        ("filter_bias_and_bn", "its name ends in .bias"),
        ("no_weight_decay", "the model's no_weight_decay() names it"),
    ]
    assert both[1].beaten_by == both[0].rule
    assert _tried(_audit(filter_bias_and_bn=False), "stem.bias")[0] == ("filter_bias_and_bn", False, "it is off", [])


def test_explained_with_layers() -> None:
    report = _audit(layer_decay=0.5, layer_decay_min_scale=0.3)
    assert _tried(report, "body.bias")[0][2] == "it has 2 dimensions; layer decay asks for no name"
    assert _tried(report, "body.bias")[-2:] == [
        ("layer_decay", True, "layer 1 of 0 to 2: scale 0.5 ** 1 = 0.5", ["lr"]),
        ("layer_decay_min_scale", False, "at least 0.3", []),
    ]
    assert _tried(report, "stem.weight")[-2:] == [
        ("layer_decay", True, "layer 0 of 0 to 2: scale 0.5 ** 2 = 0.25", []),
        ("layer_decay_min_scale", True, "at least 0.3", ["lr"]),
    ]
    assert report["stem.weight"].scheduled_lr == 0.15


def test_explained_where_it_is_left_out() -> None:
    model = _model()
    model.get_parameter("head.weight").requires_grad_(False)
    report = _audit(model, layer_decay=0.5, layer_decay_no_opt_scale=0.4)
    why = "layer 0 of 0 to 2: scale 0.5 ** 2 = 0.25, which is under 0.4: left out, and frozen"
    assert _tried(report, "stem.weight") == [("layer_decay_no_opt_scale", True, why, ["lr", "weight_decay"])]
    why = "it is frozen: left out, without a word"
    assert _tried(report, "head.weight") == [("frozen", True, why, ["lr", "weight_decay"])]
    assert explain(report, "stem.weight").results == ()


def test_every_explanation_says_what_was_decided() -> None:
    for options in ({}, {"layer_decay": 0.5}, {"layer_decay": 0.5, "layer_decay_min_scale": 0.6}):
        for optimizer in ({"type": "adamw", "lr": 0.5, "weight_decay": 0.25}, {"type": "adamw"}):
            report = _audit(None, optimizer, **options)
            for row in report.params:
                lr, decay = explain(report, row.name).results[0], explain(report, row.name).results[-1]
                assert (lr.rule, lr.product.result) == (row.setting.lr_rule, row.lr)
                assert (decay.rule, decay.product.result) == (row.setting.weight_decay_rule, row.weight_decay)


def test_merged_groups_keep_their_scale() -> None:
    model = _model()
    config = {
        "constructor": "timm",
        "optimizer": {"type": "sgd", "lr": 0.5, "weight_decay": 0.25},
        "paramwise_cfg": {"layer_decay": 0.5, "fallback_list": ["head.*"]},
    }
    report = pgaudit.audit(model, config)
    built = pgaudit.build_optimizer(model, config)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    for group in built.param_groups:
        for parameter in group["params"]:
            row = report[names[id(parameter)]]
            assert (group["lr"], group["weight_decay"]) == (row.lr, row.weight_decay)
            assert group["lr_scale"] == row.setting.lr_scale
            assert group.get("use_fallback", False) == row.name.startswith("head.")
    assert built.defaults["nesterov"] is True
    assert sum(len(group["params"]) for group in built.param_groups) == len(report.params)


def test_case_of_names_is_the_operating_system_s(monkeypatch: pytest.MonkeyPatch) -> None:
    from pgaudit.constructors.timm import names

    globs = ("CLS_*", "Head")
    assert names.NameGlobs(globs).first("cls_token") is None
    monkeypatch.setattr("os.path.normcase", str.lower)
    assert names.NameGlobs(globs).first("cls_token") == "CLS_*"
    assert names.NameGlobs(globs).first("head") == "head"


FINDINGS = {
    "layer decay of 1": ("PG005", Case(TIMM + "  layer_decay: 1.0\n", (4, 3), "layer_decay changes nothing here")),
    "layer decay": ("PG005", Case(TIMM + "  layer_decay: 0.9\n", None)),
    "no layer is scaled so little": (
        "PG005",
        Case(
            TIMM + "  layer_decay: 0.9\n  layer_decay_min_scale: 0.1\n", (5, 3), "layer_decay_min_scale changes nothing"
        ),
    ),
    "some layers are": ("PG005", Case(TIMM + "  layer_decay: 0.5\n  layer_decay_min_scale: 0.4\n", None)),
    "left out": (
        "PG010",
        Case(
            TIMM + "  layer_decay: 0.5\n  layer_decay_no_opt_scale: 0.4\n",
            (5, 3),
            "layer_decay_no_opt_scale leaves out 3 tensors … such as cls_token",
        ),
    ),
    "nothing left out": ("PG010", Case(TIMM + "  layer_decay: 0.5\n", None)),
    "timm decays none of these": ("PG007", Case(TIMM + "  layer_decay: 0.5\n", None)),
    "others may decay them": ("PG007", Case(HEAD, (1, 39), "no_weight_decay() names 2 of them")),
    "norms of any class are vectors": ("PG006", Case(TIMM + "  layer_decay: 0.5\n", None)),
}


@pytest.mark.parametrize(("code", "case"), FINDINGS.values(), ids=FINDINGS)
def test_findings(tmp_path: Path, code: str, case: Case) -> None:
    if case.text == HEAD:
        path = tmp_path / "f.yaml"
        path.write_text(HEAD, encoding="utf-8")
        found = [f for f in pgaudit.audit(_model(), path).findings if f.code == code and "names 2" in f.message]
        assert len(found) == 1
        return
    examine(tmp_path, code, Case(case.text, case.place, case.message, case.hint, _model))


def test_deciding_is_the_same_for_a_part_of_a_model() -> None:
    """Checks ask what some parameters would get: the layers are those of the whole."""
    from pgaudit.checks import Audited
    from pgaudit.config import load_config
    from pgaudit.constructors import CONSTRUCTORS
    from pgaudit.models.built import BuiltModel

    config = load_config({"constructor": "timm", "optimizer": {"type": "sgd"}, "paramwise_cfg": {"layer_decay": 0.5}})
    inventory = BuiltModel(_model(), "model").inventory()
    defaults = pgaudit.audit(inventory, config).defaults
    decisions = CONSTRUCTORS["timm"].decide(inventory, config, defaults)
    audited = Audited(inventory, config, CONSTRUCTORS["timm"], defaults, decisions, decisions)
    for index in range(len(inventory.parameters)):
        ((now, then),) = audited.settings_if([index]).values()
        assert (now.lr_scale, now.weight_decay) == (then.lr_scale, then.weight_decay)


def test_timm_is_not_asked_of_a_config_that_names_another() -> None:
    report = pgaudit.audit(_model(), {"optimizer": {"type": "SGD", "lr": 0.1}})
    assert report.optimizer.call == {"type": "SGD", "lr": 0.1}
    assert isinstance(pgaudit.build_optimizer(_model(), {"optimizer": {"type": "SGD", "lr": 0.1}}), torch.optim.SGD)

"""What the catalogue claims of a constructor is what the constructor does, and the sample is a real model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit.catalogue import example
from pgaudit.constructors import CONSTRUCTORS, Profile, constructor_named
from pgaudit.core.setting import Provenance
from pgaudit.models.built import BuiltModel

ASKED = example.asked()

Claim = Callable[[str], bool]


def _audit(name: str, model: nn.Module, **options: Any) -> pgaudit.Report:
    asked = dict(ASKED[name])
    if options and "paramwise_cfg" in asked:
        asked["paramwise_cfg"] = {**asked["paramwise_cfg"], **options}
    elif options:
        section = "solver" if "solver" in asked else "paramwise_cfg"
        asked[section] = {**asked.get(section, {}), **options}
    return pgaudit.audit(model, {"constructor": name, **asked})


def _codes(report: pgaudit.Report) -> set[str]:
    return {finding.code for finding in report.findings}


class ConvNeXt:
    """What layer decay takes for a backbone, by its name."""


class _Root(nn.Module):
    backbone = ConvNeXt()

    def get_layer_depth(self, name: str) -> tuple[int, int]:
        return 0, 1


def _net(**members: nn.Module) -> nn.Module:
    model = _Root()
    for name, module in members.items():
        model.add_module(name, module)
    return model


def _frozen() -> nn.Module:
    model = _net(stem=nn.Linear(2, 2), norm=nn.LayerNorm(2))
    model.get_parameter("norm.weight").requires_grad_(False)
    return model


def _at_base(name: str) -> bool:
    row = _audit(name, _frozen())["norm.weight"]
    return row.group is not None and row.weight_decay == 1.0 and row.setting.lr_rule == Provenance("frozen")


def _under_its_rule(name: str) -> bool:
    row = _audit(name, _frozen())["norm.weight"]
    return row.group is not None and row.weight_decay == 0.0


def _in_the_group(name: str) -> bool:
    row = _audit(name, _frozen())["norm.weight"]
    return row.group == 0 and row.weight_decay == 1.0 and row.setting.lr_rule == Provenance("default")


def _left_out(name: str) -> bool:
    report = _audit(name, _frozen())
    return report["norm.weight"].group is None and "PG010" not in _codes(report)


def _left_out_with_a_warning(name: str) -> bool:
    report = _audit(name, _frozen())
    bare = pgaudit.audit(_frozen(), {"constructor": name, "optimizer": ASKED[name].get("optimizer")})
    warned = "PG010" in _codes(report) and report["norm.weight"].group is None
    return warned and bare["norm.weight"].group == 0


def _tied() -> nn.Module:
    model = _net(first=nn.Linear(2, 2), second=nn.Linear(2, 2))
    model.get_submodule("second").register_parameter("weight", model.get_parameter("first.weight"))
    return model


def _refused_unless_bypassed(name: str) -> bool:
    refused = "PG009" in _codes(_audit(name, _tied()))
    return refused and "PG009" not in _codes(_audit(name, _tied(), bypass_duplicate=True))


def _refused(name: str) -> bool:
    return "PG009" in _codes(_audit(name, _tied(), bypass_duplicate=True))


def _first_decides(name: str) -> bool:
    report = _audit(name, _tied())
    is_first = "PG009" not in _codes(report) and report["second.weight"].name == "first.weight"
    return is_first and not _must_agree(name)


def _must_agree(name: str) -> bool:
    try:
        _audit(name, _tied(), rules=[{"match": "second.weight", "lr_mult": 0.5}])
    except pgaudit.ConfigError as error:
        return "two names" in str(error)
    return False


def _wrapped(name: str) -> set[str]:
    wrapper = _net(module=_net(fc=nn.Linear(2, 2)), beside=nn.Linear(2, 2))
    return {row.name for row in _audit(name, wrapper).params if row.group is not None}


def _ignores(name: str) -> bool:
    return "PG011" in _codes(_audit(name, _tied(), no_such_option=1))


def _ignores_all(name: str) -> bool:
    return "PG014" in _codes(_audit(name, _tied(), no_such_option=1))


def _is_an_error(name: str) -> bool:
    return "unknown key" in _refusal(name) and not _raises(name)


def _refusal(name: str) -> str:
    try:
        _audit(name, _tied(), no_such_option=1)
    except pgaudit.ConfigError as error:
        return str(error)
    return ""


def _raises(name: str) -> bool:
    return "TypeError" in _refusal(name)


def _sends_elsewhere(name: str) -> bool:
    return "would hand it to the optimizer's class" in _refusal(name)


CLAIMS: Mapping[str, Mapping[str, Claim]] = {
    "frozen": {
        "in a group, at the base values": _at_base,
        "in a group, under its rule": _under_its_rule,
        "in the group, and never updated": _in_the_group,
        "left out": _left_out,
        "left out, with a warning; without options in the group": _left_out_with_a_warning,
    },
    "tied": {
        "torch refuses them, unless bypass_duplicate": _refused_unless_bypassed,
        "torch refuses them": _refused,
        "the first name decides": _first_decides,
        "must get the same under each name": _must_agree,
    },
    "begins": {
        "its attribute `module`, if it has one": lambda name: _wrapped(name) == {"fc.weight", "fc.bias"},
        "the model as it is given": lambda name: len(_wrapped(name)) == 4,
    },
    "unknown": {
        "ignored": _ignores,
        "ignored; in a custom key copied into the group": _ignores,
        "ignored; in an entry copied into the group": _ignores,
        "it has no options; all are ignored": _ignores_all,
        "TypeError": _raises,
        "refused here; in `optimizer` they are arguments of the class": _sends_elsewhere,
        "an error": _is_an_error,
    },
}


def _profile(name: str) -> Profile:
    found = CONSTRUCTORS[name].profile
    assert found is not None
    return found


def test_every_constructor_has_its_lines() -> None:
    assert list(ASKED) == list(CONSTRUCTORS)
    assert all(each.profile for each in CONSTRUCTORS.values())


@pytest.mark.parametrize("topic", CLAIMS)
@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_a_claim_is_what_the_constructor_does(name: str, topic: str) -> None:
    claim = getattr(_profile(name), topic)
    assert CLAIMS[topic][claim](name), claim
    others = [other for words, other in CLAIMS[topic].items() if words != claim and other is not CLAIMS[topic][claim]]
    assert not any(_holds(other, name) for other in others), "one claim of a topic holds, and no other"


def _holds(claim: Claim, name: str) -> bool:
    try:
        return claim(name)
    except (pgaudit.PgauditError, AssertionError):
        return False


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_the_options_are_those_that_it_reads(name: str) -> None:
    if _profile(name).unknown.startswith(("TypeError", "refused", "an error")):
        return  # its grammar is closed
    config = pgaudit.load_config({"constructor": name, **ASKED[name]})
    section = "solver" if config.solver is not None else "paramwise_cfg"
    options = CONSTRUCTORS[name].options
    given = {**dict.fromkeys(options, 0), "no_such_option": 0}
    changed: dict[str, Any] = {section: {**given, "custom_keys": {}}}
    unread = constructor_named(name).unread(replace(config, **changed), example.BASE_VALUES)
    found = {str(each.at[-1]) for each in unread}
    assert found - {"custom_keys"} == ({"no_such_option"} if options else {"paramwise_cfg"})


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.ln_1 = nn.RMSNorm(8), nn.RMSNorm(8)
        self.gamma, self.q_bias = nn.Parameter(torch.ones(8)), nn.Parameter(torch.ones(8))
        self.relative_position_bias_table = nn.Parameter(torch.ones(9, 2))


class _Model(_Root):
    def __init__(self) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.ones(1, 9, 8))
        self.stem, self.bn = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
        self.dw, self.blocks = nn.Conv2d(8, 8, 3, groups=8), nn.ModuleList([_Block()])
        self.head = nn.Linear(8, 2, bias=False).requires_grad_(False)

    def no_weight_decay(self) -> set[str]:
        return {"pos_embed"}


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_the_sample_is_a_real_model(name: str) -> None:
    report = _audit(name, _Model())
    decays = dict(zip((sort.name for sort in example.SORTS), example.decays()[name], strict=True))
    assert {row.name: row.weight_decay for row in report.params} == decays


def test_the_samples_classes_are_torchs() -> None:
    real = {p.name: p for p in BuiltModel(_Model(), "model").inventory().parameters}
    for parameter in example.inventory().parameters:
        walked = real[parameter.name]
        assert (parameter.shape, parameter.trainable) == (walked.shape, walked.trainable)
        assert parameter.module.families == walked.module.families
        if parameter.module.name.startswith("torch."):
            assert set(parameter.module.bases) <= set(walked.module.bases)

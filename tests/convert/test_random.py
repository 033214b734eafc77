"""Random policies of every constructor, on random models, in every target's words: what comes out is audited, or run,
by the test itself, and is the same for every parameter; or it was refused for a reason that is true.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given, settings
from torch import nn

import pgaudit
from pgaudit.convert import TARGETS, convert
from pgaudit.models.source import model_source
from pgaudit.pipeline import audit_with_tensors
from tests.budget import examples
from tests.convert.random_sources import Source, sources
from tests.parity.trees import build

Held = dict[int, "dict[str, Any] | None"]
"""What the group of each tensor holds that its optimizer's class, or a scheduler, reads; None for no group."""

EXAMPLES = 130
LEAST = {"rules": 60, "mmcv": 25, "mmengine": 40, "basecls": 20, "python": 60, "timm": 3}
"""Of so many examples, the conversions that must have come about from each constructor's policies; the others have been
refused.
"""


def _word(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_word(item) for item in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value).hex() if is_number else value


def _held(model: nn.Module, config: pgaudit.Config, *, of_target: bool = False) -> tuple[pgaudit.Report, Held]:
    """What a schedule of the source's library does not read need not be there; of the target, it may be another's."""
    report, tensors, call = audit_with_tensors(model_source(model, config), config)
    defaults = {**report.defaults.arguments, **call.arguments}
    known = {*defaults, "initial_lr", "lr_scale"}
    held: Held = {}
    for row, tensor in zip(report.params, tensors, strict=True):
        extra = row.setting.extra if of_target else row.setting.read
        group = {**defaults, **extra, "lr": row.lr, "weight_decay": row.weight_decay}
        read = {key: _word(value) for key, value in group.items() if key in known or key == "weight_decay"}
        held[id(tensor)] = {"class": call.kind, **read} if row.group is not None else None
    return report, held


def _run(model: nn.Module, text: str) -> Held:
    assert set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE)) <= {"re", "torch", "timm"}
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    optimizer = namespace["build_optimizer"](model)
    assert isinstance(optimizer, torch.optim.Optimizer)
    held: Held = dict.fromkeys(map(id, model.parameters()))
    for group in optimizer.param_groups:
        values = {key: _word(value) for key, value in group.items() if key != "params"}
        held |= {id(tensor): {"class": type(optimizer), **values} for tensor in group["params"]}
    lots = [repr(sorted(map(repr, group.items()))) for group in namespace["param_groups"](model)]
    assert len(set(lots)) == len(lots), "groups of equal settings are one"
    return held


def _same(before: Held, after: Held, model: nn.Module, *, frozen: bool) -> None:
    assert before.keys() == after.keys()
    for tensor in model.parameters():
        if not (frozen or tensor.requires_grad):
            continue
        one, other = before[id(tensor)], after[id(tensor)]
        assert (one is None) == (other is None)
        for key in (one or {}).keys() & (other or {}).keys():
            assert one is not None
            assert other is not None
            assert one[key] == other[key], key
        for key in {"initial_lr", "lr_scale"} & ((one or {}).keys() ^ (other or {}).keys()):
            assert {**(one or {}), **(other or {})}[key] is None, key


Truth = Callable[[pgaudit.Report, nn.Module], bool]


def _inside(report: pgaudit.Report) -> list[Any]:
    return [row for row in report.params if row.group is not None]


def _frozen_inside(report: pgaudit.Report, model: nn.Module) -> bool:
    return any(not row.param.trainable for row in _inside(report))


def _out(report: pgaudit.Report, model: nn.Module, *, trainable: bool) -> bool:
    return any(row.group is None and row.param.trainable == trainable for row in report.params)


def _beside(report: pgaudit.Report, model: nn.Module) -> bool:
    wrapped = hasattr(model, "module") and not report.inventory.unwrapped
    return wrapped and any(not row.name.startswith("module.") for row in _inside(report))


def _extra(report: pgaudit.Report, model: nn.Module) -> bool:
    return any(row.setting.extra for row in _inside(report))


def _is_plain(report: pgaudit.Report, model: nn.Module) -> bool:
    """Whether weight decay goes by dimensions alone, with or without biases, and nothing else is written."""
    named = {name: tensor.ndim for name, tensor in model.named_parameters()}
    decayed = {row.name: bool(row.weight_decay) for row in _inside(report)}
    if _extra(report, model) or _out(report, model, trainable=True) or not decayed.keys() <= named.keys():
        return False
    by_dimensions = {name: named[name] > 1 and not name.endswith(".bias") for name in decayed}
    return decayed in (by_dimensions, dict.fromkeys(decayed, True), dict.fromkeys(decayed, False))


REASONS: Mapping[str, Truth] = {
    r"(the constructor `rules`|mmengine|timm) leaves frozen parameters out": _frozen_inside,
    "mmcv puts frozen parameters into": lambda report, model: _out(report, model, trainable=False),
    "mmcv gives all frozen parameters the base": lambda report, model: (
        len({(row.lr, row.weight_decay) for row in _inside(report) if not row.param.trainable}) > 1
    ),
    "mmcv makes a group of each name of a frozen": lambda report, model: any(
        row.param.aliases and not row.param.trainable for row in report.params
    ),
    "mmcv multiplies the base": lambda report, model: any(
        row.lr == 0 or row.weight_decay == 0 for row in _inside(report) if not row.param.trainable
    ),
    r"\w+ leaves no trainable parameter out": lambda report, model: _out(report, model, trainable=True),
    r"\w+ takes the attribute `module`": _beside,
    "(mmcv|BaseCls) sets nothing but": _extra,
    "Rprop knows no weight decay": lambda report, model: any(row.weight_decay for row in _inside(report)),
    "BaseCls has one lr": lambda report, model: len({row.lr for row in _inside(report)}) > 1,
    "BaseCls puts every parameter": lambda report, model: any(row.group is None for row in report.params),
    "BaseCls has no ": lambda report, model: report.optimizer.type not in ("SGD", "Adam", "AdamW", "Lamb"),
    "timm has one lr": lambda report, model: len({row.lr for row in _inside(report)}) > 1,
    "timm knows one weight decay": lambda report, model: len({row.weight_decay for row in _inside(report)} - {0.0}) > 1,
    "timm goes by dimensions": lambda report, model: not _is_plain(report, model),
    "timm has no name for ": lambda report, model: report.optimizer.type in ("NAdam", "Rprop", "RMSprop", "Adagrad"),
    "nothing is left to convert": lambda report, model: not any(row.param.trainable for row in _inside(report)),
}


def _is_true(reason: str, report: pgaudit.Report, model: nn.Module) -> bool:
    return any(re.match(words, reason) and holds(report, model) for words, holds in REASONS.items())


@pytest.mark.parametrize("constructor", ["mmcv", "mmengine", "basecls", "rules", "timm"])
def test_what_comes_out_is_the_same_random(constructor: str, record_property: Callable[[str, object], None]) -> None:
    done: Counter[str] = Counter()

    @settings(max_examples=examples(EXAMPLES))
    @given(sources(constructor))
    def check(source: Source) -> None:
        model = build(source.model)
        try:
            config = pgaudit.load_config(source.config)
            report, before = _held(model, config)
        except pgaudit.PgauditError:
            return
        if "PG009" in {finding.code for finding in report.findings}:
            return
        for target in TARGETS:
            try:
                text = convert(model, config, target).text
            except pgaudit.ConfigError as error:
                assert _is_true(str(error), report, model), str(error)
                try:
                    text = convert(model, config, target, ignore_frozen=True).text
                except pgaudit.ConfigError as still:
                    assert _is_true(str(still), report, model), str(still)
                    continue
                else:
                    frozen = False
            else:
                frozen = True
            after = _run(model, text) if target == "python" else _held(model, _loaded(text), of_target=True)[1]
            _same(before, after, model, frozen=frozen)
            done[target] += 1

    check()
    for target, count in done.items():
        record_property(f"compared after conversion to {target}", count)
    share = examples(EXAMPLES) / EXAMPLES
    assert {target for target, least in LEAST.items() if done[target] < int(share * least)} == set()


def _loaded(text: str) -> pgaudit.Config:
    return pgaudit.load_config(yaml.safe_load(text))  # as PyYAML reads it, not pgaudit's own loader

"""What holds for detectron2's function whatever model and options it is given.

There is no detectron2 to ask, and a second copy of its steps would prove nothing. So one answer of pgaudit is held
against another, to a question whose answer must be the same, or differ in just one thing; and against torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from tests.budget import examples
from tests.constructors.test_detectron2 import audit, groups
from tests.parity.random_models import chance, one_of, trees
from tests.parity.trees import build

pytestmark = pytest.mark.slow

NUMBERS = (0, 0.0, 1, 1.0, 0.5, 0.1, 2, 1e-4)
SETTINGS: dict[str, tuple[Any, ...]] = {
    "lr": NUMBERS,
    "weight_decay": NUMBERS,
    "momentum": (0.5, 0.9),
    "betas": ((0.9, 0.99), (0.8, 0.99)),
    "mark": (True, 1, 1.0, "x", None),
}
Options = dict[str, Any]
Question = tuple[nn.Module, Options, dict[str, Any]]


def factor(name: str) -> float:
    """Another factor for names of another length."""
    return 3.0 if name.startswith(".") else (len(name) % 5) / 4


def _override(draw: st.DrawFn) -> dict[str, Any]:
    words = draw(st.permutations(sorted(SETTINGS)))
    return {word: one_of(draw, SETTINGS[word]) for word in words if chance(draw, 35)}


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A model with something to train, options that detectron2 takes, and an optimizer."""
    model = build(draw(trees()))
    assume(any(parameter.requires_grad for parameter in model.parameters()))
    leaves = sorted({name.rpartition(".")[2] for name, _ in model.named_parameters(remove_duplicate=False)})
    options: Options = {}
    for option in ("base_lr", "weight_decay", "weight_decay_norm", "bias_lr_factor", "weight_decay_bias"):
        if chance(draw, 50) and (option != "bias_lr_factor" or "base_lr" in options):
            options[option] = one_of(draw, NUMBERS)
    if "base_lr" in options and chance(draw, 40):
        options["lr_factor_func"] = factor
    of_biases = "weight_decay_bias" in options or options.get("bias_lr_factor", 1) != 1
    names = [name for name in (*leaves, "bias", "weight", "nowhere") if name != "bias" or not of_biases]
    options["overrides"] = {one_of(draw, names): _override(draw) for _ in range(draw(st.integers(0, 4)))}
    optimizer = {"type": one_of(draw, ("SGD", "AdamW", "Adam")), "lr": one_of(draw, NUMBERS)}
    if chance(draw, 80):
        optimizer["weight_decay"] = one_of(draw, NUMBERS)
    return model, options, optimizer


def values(report: pgaudit.Report) -> dict[str, tuple[Any, ...]]:
    """What each parameter gets, in whichever group it is."""
    return {row.name: (row.lr, row.weight_decay, row.setting.extra) for row in report.params if row.group is not None}


@settings(max_examples=examples(300))
@given(question=questions())
def test_random_groups_are_few_and_whole(question: Question) -> None:
    model, options, optimizer = question
    report = audit(model, optimizer, **options)
    found = groups(report)
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert sorted(name for names, _ in found for name in names) == sorted(trained)
    assert len({tuple(held.items()) for _, held in found}) == len(found)  # no two are alike
    firsts = [trained.index(names[0]) for names, _ in found]
    assert firsts == sorted(firsts)
    for names, _ in found:
        assert names == [name for name in trained if name in names]


@settings(max_examples=examples(100))
@given(question=questions())
def test_random_groups_are_what_torch_holds(question: Question) -> None:
    """torch's own optimizer, given the groups as they are written, holds what the report says."""
    model, options, optimizer = question
    report = audit(model, optimizer, **options)
    built = pgaudit.build_optimizer(
        model, {"constructor": "detectron2", "optimizer": optimizer, "paramwise_cfg": options}
    )
    held = {id(p): (g["lr"], g.get("weight_decay") or 0.0) for g in built.param_groups for p in g["params"]}
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert {names[key]: pair for key, pair in held.items()} == {
        name: (lr, decay) for name, (lr, decay, _) in values(report).items()
    }


@settings(max_examples=examples(300))
@given(question=questions(), data=st.data())
def test_random_overrides_change_their_own_name_alone(question: Question, data: st.DataObject) -> None:
    """And what they name, they set: absolutely, whatever else there is."""
    model, options, optimizer = question
    assume(options["overrides"])
    leaf = data.draw(st.sampled_from(sorted(options["overrides"])))
    rest = {name: override for name, override in options["overrides"].items() if name != leaf}
    before = values(audit(model, optimizer, **{**options, "overrides": rest}))
    after = values(audit(model, optimizer, **options))
    override = options["overrides"][leaf]
    first = {id(parameter): name for name, parameter in reversed(list(model.named_parameters()))}
    own = {name for name in first.values() if name.rpartition(".")[2] == leaf}
    for name, (lr, decay, extra) in after.items():
        if name in own:
            was_lr, was_decay, _ = before[name]
            assert (lr, decay) == (override.get("lr", was_lr), override.get("weight_decay", was_decay))
            assert extra == {word: value for word, value in override.items() if word not in ("lr", "weight_decay")}
        else:
            assert before[name] == (lr, decay, extra)


@settings(max_examples=examples(300))
@given(question=questions(), data=st.data())
def test_random_order_of_overrides_does_not_count(question: Question, data: st.DataObject) -> None:
    model, options, optimizer = question
    names = data.draw(st.permutations(sorted(options["overrides"])))
    shuffled = {**options, "overrides": {name: options["overrides"][name] for name in names}}
    assert groups(audit(model, optimizer, **options)) == groups(audit(model, optimizer, **shuffled))


@settings(max_examples=examples(300))
@given(question=questions())
def test_random_options_for_biases_are_an_override(question: Question) -> None:
    model, options, optimizer = question
    base, times, decay = (options.get(word) for word in ("base_lr", "bias_lr_factor", "weight_decay_bias"))
    override = {} if times in (None, 1) else {"lr": base * times}
    override |= {} if decay is None else {"weight_decay": decay}
    assume(override)
    rest = {word: value for word, value in options.items() if word not in ("bias_lr_factor", "weight_decay_bias")}
    written = {**rest, "overrides": {**options["overrides"], "bias": override}}
    assert groups(audit(model, optimizer, **options)) == groups(audit(model, optimizer, **written))


@settings(max_examples=examples(300))
@given(question=questions(), number=st.sampled_from([0, 0.5, 2]))
def test_random_decay_for_norms_moves_norms_alone(question: Question, number: float) -> None:
    model, options, optimizer = question
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm2d)
    norms = {f"{name}." for name, module in model.named_modules() if isinstance(module, kinds)}
    before = values(audit(model, optimizer, **{**options, "weight_decay_norm": None}))
    after = values(audit(model, optimizer, **{**options, "weight_decay_norm": number}))
    overridden = {name for name, override in options["overrides"].items() if "weight_decay" in override}
    overridden |= {"bias"} if "weight_decay_bias" in options else set()
    for name, (lr, decay, extra) in after.items():
        owner, _, own = name.rpartition(".")
        if f"{owner}." in norms and own not in overridden:
            assert (lr, decay, extra) == (before[name][0], number, before[name][2])
        elif before[name] != (lr, decay, extra):
            assert own not in overridden
            assert _is_norm(model.get_submodule(owner), kinds)


def _is_norm(module: nn.Module, kinds: tuple[type[nn.Module], ...]) -> bool:
    return isinstance(module, (*kinds, nn.SyncBatchNorm, nn.InstanceNorm1d, nn.InstanceNorm3d))


@settings(max_examples=examples(300))
@given(question=questions(), double=st.sampled_from([lambda name: 2.0, lambda name: 2]))
def test_random_factors_multiply_what_no_override_sets(question: Question, double: Callable[[str], float]) -> None:
    model, options, optimizer = question
    options.pop("lr_factor_func", None)
    assume("base_lr" in options)
    before = values(audit(model, optimizer, **options))
    after = values(audit(model, optimizer, **{**options, "lr_factor_func": double}))
    overridden = {name for name, override in options["overrides"].items() if "lr" in override}
    overridden |= {"bias"} if options.get("bias_lr_factor", 1) != 1 else set()
    for name, (lr, *rest) in before.items():
        times = 1 if name.rpartition(".")[2] in overridden else 2
        assert after[name] == (lr * times, *rest)


@settings(max_examples=examples(100))
@given(question=questions())
def test_random_explanations_say_what_was_decided(question: Question) -> None:
    model, options, optimizer = question
    report = audit(model, optimizer, **options)
    for row in report.params:
        for result in pgaudit.explain(report, row.name).results:
            rule = row.setting.lr_rule if result.of == "lr" else row.setting.weight_decay_rule
            assert (result.rule, result.value) == (rule, result.product.result)

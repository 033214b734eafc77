"""Random edits of a random model and policy: what somebody changes between two commits."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.parity.compare import Case
from tests.parity.random_models import LEAVES, chance, one_of
from tests.parity.random_policies import RULES
from tests.parity.trees import build, unwrapped

NUMBERS = (0, 0.0, -0.0, 1, 1.0, 10, 0.1, 0.01, 5e-4, 1e-3)
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "momentum": (0, 0.0, 0.9),
    "dampening": (0, 0.1),
    "nesterov": (False,),
    "betas": ([0.9, 0.999], (0.9, 0.999), (0.8, 0.999)),
    "eps": (1e-8, 1e-6),
    "amsgrad": (False, True),
    "maximize": (False, True),
    "no_such_argument": (1,),
}
Edit = Callable[[st.DrawFn, Case], None]


def _options(case: Case) -> dict[str, Any]:
    options: dict[str, Any] = case.get("paramwise_cfg") or {}
    case["paramwise_cfg"] = options
    return options


def _keys(case: Case) -> dict[str, Any]:
    keys: dict[str, Any] = _options(case).setdefault("custom_keys", {})
    return keys


def _names(case: Case) -> list[str]:
    names = [name for name, _ in unwrapped(build(case["model"])).named_parameters(remove_duplicate=False)]
    assume(names)
    return names


def _set_option(draw: st.DrawFn, case: Case) -> None:
    _options(case)[one_of(draw, RULES)] = one_of(draw, NUMBERS)


def _drop_option(draw: st.DrawFn, case: Case) -> None:
    options = _options(case)
    if options:
        options.pop(one_of(draw, sorted(options)))


def _typo_in_option(draw: st.DrawFn, case: Case) -> None:
    options = _options(case)
    given = [name for name in RULES if name in options]
    if given:
        name = one_of(draw, given)
        options[f"{name}s"] = options.pop(name)


def _bypass(draw: st.DrawFn, case: Case) -> None:
    _options(case)["bypass_duplicate"] = chance(draw, 50)


def _set_multiplier(draw: st.DrawFn, case: Case) -> None:
    keys = _keys(case)
    if keys:
        keys[one_of(draw, sorted(keys))][one_of(draw, ("lr_mult", "decay_mult", "lr"))] = one_of(draw, NUMBERS)


def _drop_multiplier(draw: st.DrawFn, case: Case) -> None:
    filled = {key: value for key, value in _keys(case).items() if value}
    if filled:
        value = filled[one_of(draw, sorted(filled))]
        value.pop(one_of(draw, sorted(value)))


def _add_key(draw: st.DrawFn, case: Case) -> None:
    name = one_of(draw, _names(case))
    start = draw(st.integers(0, len(name) - 1))
    value: dict[str, Any] = {"lr_mult": one_of(draw, NUMBERS)} if chance(draw, 60) else {}
    _keys(case)[name[start : start + draw(st.integers(1, 12))]] = value


def _drop_key(draw: st.DrawFn, case: Case) -> None:
    if keys := _keys(case):
        keys.pop(one_of(draw, sorted(keys)))


def _rename_key(draw: st.DrawFn, case: Case) -> None:
    if keys := _keys(case):
        key = one_of(draw, sorted(keys))
        keys[key[1:] if chance(draw, 50) else f"{key}."] = keys.pop(key)


def _reverse_keys(draw: st.DrawFn, case: Case) -> None:
    _options(case)["custom_keys"] = dict(reversed(_keys(case).items()))


def _swap_values_of_keys(draw: st.DrawFn, case: Case) -> None:
    keys = _keys(case)
    if len(keys) > 1:
        one, other = sorted(keys)[:2]
        keys[one], keys[other] = keys[other], keys[one]


def _base(draw: st.DrawFn, case: Case) -> None:
    case["optimizer"][one_of(draw, ("lr", "weight_decay"))] = one_of(draw, NUMBERS)


def _same_number(draw: st.DrawFn, case: Case) -> None:
    """As an editor or a formatter might write it."""
    optimizer = case["optimizer"]
    for name in ("lr", "weight_decay"):
        if name in optimizer:
            optimizer[name] = -0.0 if optimizer[name] == 0 else float(optimizer[name])


def _drop_base(draw: st.DrawFn, case: Case) -> None:
    case["optimizer"].pop(one_of(draw, ("lr", "weight_decay")), None)


def _argument(draw: st.DrawFn, case: Case) -> None:
    name = one_of(draw, sorted(ARGUMENTS))
    if name in case["optimizer"] and chance(draw, 50):
        case["optimizer"].pop(name)
    else:
        case["optimizer"][name] = one_of(draw, ARGUMENTS[name])


def _other_optimizer(draw: st.DrawFn, case: Case) -> None:
    case["optimizer"]["type"] = one_of(draw, ("SGD", "Adam", "AdamW"))


def _freeze(draw: st.DrawFn, case: Case) -> None:
    frozen = case["model"].get("frozen", [])
    case["model"]["frozen"] = frozen[1:] if frozen and chance(draw, 50) else [*frozen, one_of(draw, _inside(case))]


def _tie(draw: st.DrawFn, case: Case) -> None:
    ties = case["model"].get("ties", [])
    names = _inside(case)
    case["model"]["ties"] = ties[1:] if ties and chance(draw, 50) else [*ties, [one_of(draw, names) for _ in range(2)]]


def _inside(case: Case) -> list[str]:
    names = [name for name, _ in build(case["model"]).named_parameters()]
    assume(names)  # an earlier edit may have dropped the last module
    return names


def _add_module(draw: st.DrawFn, case: Case) -> None:
    root = case["model"]["root"]
    children = root.get("children", [])
    at = draw(st.integers(0, len(children)))
    root["children"] = [*children[:at], ["added", one_of(draw, LEAVES)], *children[at:]]


def _drop_module(draw: st.DrawFn, case: Case) -> None:
    root = case["model"]["root"]
    root["children"] = root.get("children", [])[1:]


def _nothing(draw: st.DrawFn, case: Case) -> None:
    pass


OF_POLICIES: tuple[Edit, ...] = (
    _nothing, _set_option, _set_option, _drop_option, _typo_in_option, _bypass, _set_multiplier, _set_multiplier,
    _drop_multiplier, _add_key, _drop_key, _rename_key, _reverse_keys, _swap_values_of_keys, _base, _same_number,
    _drop_base, _argument, _argument, _other_optimizer,
)  # fmt: skip
OF_MODELS: tuple[Edit, ...] = (_freeze, _tie, _add_module, _drop_module, _set_option, _add_key)


def edited(draw: st.DrawFn, case: Case, edits: Sequence[Edit]) -> Case:
    """The case after one to three edits; it may be one that no library takes."""
    after = copy.deepcopy(case)
    for _ in range(draw(st.integers(1, 3))):
        one_of(draw, edits)(draw, after)
    return after

"""Random policies for a random model, as the JSON that both sides read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.parity.compare import Case
from tests.parity.random_models import chance, one_of, trees
from tests.parity.trees import build, unwrapped

RULES = (
    *("bias_lr_mult", "bias_decay_mult", "norm_decay_mult", "dwconv_decay_mult"),
    "dcn_offset_lr_mult",
)
IGNORED_RULES = ("flat_decay_mult", "norm_decay_multi")
IGNORED_SETTINGS = ("lr", "weight_decay", "decay_multi")
MULTIPLIERS = (0, 0.0, 1, 1.0, 10, 0.1, 0.01, 1e-3)
BASES = (0.1, 0.003, 5e-4, 1, 0, 1e-5)
MMENGINE_RULES = (*RULES, "flat_decay_mult")
COPIED: dict[str, Any] = {
    "momentum": 0.8,
    "eps": 1e-7,
    "betas": [0.8, 0.95],
    "initial_lr": 0.2,
    "decay_multi": 0,
    "tag": "x",
}
"""What mmengine writes into groups, whether the optimizer's class knows it or not."""
OPTIMIZERS = ("SGD", "SGD", "Adam", "AdamW", "RMSprop", "Rprop", "NAdam", "Adagrad", "Lamb")


def _number(draw: st.DrawFn, usual: tuple[float, ...]) -> float:
    if chance(draw, 50):
        return draw(st.floats(0, 100, allow_subnormal=False))
    return one_of(draw, usual)


def _key(draw: st.DrawFn, names: list[str], length: int) -> str:
    if chance(draw, 8):
        return one_of(draw, ("", ".", "nowhere"))
    name = one_of(draw, names)
    if chance(draw, 10):
        return name
    start = draw(st.integers(0, len(name) - 1))
    return name[start : start + (length if chance(draw, 50) else draw(st.integers(1, 20)))]


def _custom_keys(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    """Keys cut out of the model's own names, as mmcv sees them, often of one length."""
    names = [name if "." in name else f".{name}" for name in names]
    length = draw(st.integers(1, 12))
    keys: dict[str, Any] = {}
    for _ in range(draw(st.integers(0, 5))):
        key = _key(draw, names, length)
        keys[key] = {
            setting: _number(draw, MULTIPLIERS)
            for setting, percent in (
                ("lr_mult", 60),
                ("decay_mult", 50),
                *((name, 4) for name in IGNORED_SETTINGS),
            )
            if chance(draw, percent)
        }
    return keys


def _policy(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    policy: dict[str, Any] = {}
    if chance(draw, 70):
        policy["custom_keys"] = _custom_keys(draw, names)
    for rule in RULES:
        if chance(draw, 45):
            policy[rule] = _number(draw, MULTIPLIERS)
    if chance(draw, 40):
        policy["bypass_duplicate"] = chance(draw, 70)
    for rule in IGNORED_RULES:
        if chance(draw, 5):
            policy[rule] = _number(draw, MULTIPLIERS)
    return policy


def _mmengine_policy(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    """The same with what mmengine alone reads: null for an option that is not given, and settings that are copied."""
    policy = _policy(draw, names)
    for settings in policy.get("custom_keys", {}).values():
        for setting in ("lr", "weight_decay"):
            if chance(draw, 15):
                settings[setting] = _number(draw, BASES)
        for setting, value in COPIED.items():
            if chance(draw, 6):
                settings[setting] = value
    for rule in MMENGINE_RULES:
        if chance(draw, 5):
            policy[rule] = None
        elif rule not in RULES and chance(draw, 45):
            policy[rule] = _number(draw, MULTIPLIERS)
    return policy


def _optimizer(draw: st.DrawFn) -> dict[str, Any]:
    """Base values are mostly there, as ints or floats."""
    optimizer: dict[str, Any] = {"type": one_of(draw, OPTIMIZERS)}
    if chance(draw, 93):
        optimizer["lr"] = _number(draw, BASES)
    if chance(draw, 5 if optimizer["type"] == "Rprop" else 90):
        optimizer["weight_decay"] = _number(draw, BASES)
    if optimizer["type"] == "SGD" and chance(draw, 50):
        optimizer["momentum"] = one_of(draw, (0, 0.9))
    return optimizer


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A whole question for mmcv and pgaudit."""
    return _case(draw, _policy)


@st.composite
def mmengine_cases(draw: st.DrawFn) -> Case:
    """A whole question for mmengine and pgaudit."""
    return _case(draw, _mmengine_policy)


def _case(draw: st.DrawFn, policy: Callable[[st.DrawFn, list[str]], dict[str, Any]]) -> Case:
    spec = draw(trees())
    inner = unwrapped(build(spec))
    names = [name for name, _ in inner.named_parameters(remove_duplicate=False)]
    case: Case = {"model": spec, "optimizer": _optimizer(draw)}
    if chance(draw, 95):
        case["paramwise_cfg"] = policy(draw, names) if chance(draw, 95) else None
    return case

"""Random models that say what timm asks of them, and random options of create_optimizer_v2."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

from tests.parity.compare import Case
from tests.parity.random_models import chance, one_of, trees
from tests.parity.trees import Spec, build

OPTIMIZERS = (
    *("adamw", "AdamW", "sgd", "SGD", "momentum", "adam", "lamb", "lookahead_adamw", "rmsproptf", "adafactorbv"),
    *("muon", "nadamw", "lion", "novograd", "other_sgd", "nonsense"),
)
MATCHERS = (
    *("matcher_by_depth", "matcher_by_length", "matcher_of_unlike_things", "matcher_without_coarse"),
    *("matcher_of_words", "matcher_of_nothing"),
)
DECAYS = (0.05, 0.1, 1e-5, 0, 0.0, 1)
LAYER_DECAYS = (0.65, 0.75, 0.9, 1.0, 0.5, 0, 0.0, 1, 2.0)
SUFFIXES: tuple[Any, ...] = (None, None, [0], [99999], [])


def _globs(draw: st.DrawFn, names: list[str], most: int) -> list[str]:
    """Names of the model, parts of them between stars, and some of no parameter."""
    found = []
    for _ in range(draw(st.integers(0, most))):
        name = one_of(draw, names)
        segment = one_of(draw, name.split("."))
        start = draw(st.integers(0, len(name) - 1))
        choices = (
            name,
            name,
            segment,
            f"*{segment}*",
            f"*.{segment}",
            f"{segment}.*",
            f"{name[:start]}?*",
            "*",
            "[ab]*",
        )
        found.append(one_of(draw, (*choices, "*", "[ab]*", name.upper(), "nowhere")))
    return found


def _expression(draw: st.DrawFn, names: list[str]) -> str:
    """From the beginning of a name, or from anywhere in it, with or without its numbers caught."""
    name = one_of(draw, names)
    cut = re.escape(name[: draw(st.integers(1, len(name)))])
    if chance(draw, 60):
        cut = re.sub(r"\d+", r"(\\d+)", cut)
    return one_of(draw, ("^", "", "", ".*")) + cut


def _matcher(draw: st.DrawFn, names: list[str]) -> Any:
    if chance(draw, 20):
        return one_of(draw, MATCHERS)
    matcher: dict[str, Any] = {}
    for place in range(draw(st.integers(1, 4))):
        if chance(draw, 50):
            matcher[str(place)] = _expression(draw, names)
        elif chance(draw, 10):
            matcher[str(place)] = None
        else:
            pieces = range(draw(st.integers(1, 3)))
            matcher[str(place)] = [[_expression(draw, names), one_of(draw, SUFFIXES)] for _ in pieces]
    return matcher


def _says(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    says: dict[str, Any] = {}
    if chance(draw, 60):
        says["no_weight_decay"] = _globs(draw, names, 4)
    elif chance(draw, 5):
        says["no_weight_decay"] = one_of(draw, ("decay_of_nothing", "decay_that_raises"))
    if chance(draw, 75):
        says["group_matcher"] = _matcher(draw, names)
    if chance(draw, 60):
        name = one_of(draw, names)
        heads: tuple[Any, ...] = (name, name.split(".")[0], [name, "head"], "", None, [], "nowhere")
        says["pretrained_cfg"] = {"classifier": one_of(draw, heads)} if chance(draw, 90) else {}
    return says


def _options(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if chance(draw, 75):
        options["layer_decay"] = one_of(draw, LAYER_DECAYS)
    if chance(draw, 25):
        options["layer_decay_min_scale"] = one_of(draw, (0.0, 0.1, 0.5, 1, 2.0))
    if chance(draw, 25):
        options["layer_decay_no_opt_scale"] = one_of(draw, (None, 0.0, 0.1, 0.5, 1, 2.0))
    if chance(draw, 25):
        options["filter_bias_and_bn"] = chance(draw, 30)
    if chance(draw, 25):
        options["fallback_list"] = _globs(draw, names, 3)
    if chance(draw, 25):
        options["fallback_no_weight_decay"] = chance(draw, 70)
    return options


def _optimizer(draw: st.DrawFn) -> dict[str, Any]:
    optimizer: dict[str, Any] = {"type": one_of(draw, OPTIMIZERS)}
    if chance(draw, 90):
        optimizer["lr"] = one_of(draw, (0.1, 1e-3, 1, 5e-4))
    if chance(draw, 90):
        optimizer["weight_decay"] = one_of(draw, DECAYS)
    more = (("momentum", 0.8, 20), ("eps", 1e-6, 10), ("betas", [0.9, 0.98], 10), ("foreach", False, 5))
    optimizer |= {name: value for name, value, percent in more if chance(draw, percent)}
    return {**optimizer, "unheard_of": 1} if chance(draw, 2) else optimizer


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A whole question for both sides."""
    spec: Spec = draw(trees())
    names = [name for name, _ in build(spec).named_parameters()]
    spec["says"] = _says(draw, names)
    if chance(draw, 5):
        spec["wrapped"] = True
    case: Case = {"model": spec, "optimizer": _optimizer(draw)}
    if chance(draw, 90):
        case["paramwise_cfg"] = _options(draw, names)
    return case

"""Random policies of every constructor, on random models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.parity.random_models import chance, one_of, trees
from tests.parity.random_policies import BASES, MULTIPLIERS, _number, _optimizer, cases, mmengine_cases
from tests.parity.trees import Spec, build

TYPES = ("norm", "Conv2d", "Linear", "torch.nn.modules.batchnorm._BatchNorm", "LayerNorm")


@dataclass(frozen=True)
class Source:
    """A model's description, and a config for it."""

    model: Spec
    config: dict[str, Any]


@st.composite
def sources(draw: st.DrawFn, constructor: str) -> Source:
    if constructor in ("mmcv", "mmengine"):
        case = draw(cases() if constructor == "mmcv" else mmengine_cases())
        config = {key: value for key, value in case.items() if key in ("optimizer", "paramwise_cfg")}
        return Source(case["model"], {"constructor": constructor, **config})
    spec = draw(trees())
    names = [name for name, _ in build(spec).named_parameters(remove_duplicate=False)]
    if constructor == "timm":
        return Source(spec, _of_timm(draw))
    if constructor == "basecls":
        return Source(spec, {"solver": _solver(draw, names)})
    paramwise = {"mode": one_of(draw, ("layered", "first")), "rules": _rules(draw, names)}
    if chance(draw, 15):
        paramwise["unmatched"] = "freeze"
    return Source(spec, {"constructor": "rules", "optimizer": _optimizer(draw), "paramwise_cfg": paramwise})


def _of_timm(draw: st.DrawFn) -> dict[str, Any]:
    optimizer = {"type": one_of(draw, ("sgd", "momentum", "adamw", "adam")), "lr": _number(draw, BASES)}
    if chance(draw, 85):
        optimizer["weight_decay"] = _number(draw, BASES)
    options: dict[str, Any] = {"filter_bias_and_bn": False} if chance(draw, 20) else {}
    if chance(draw, 40):
        options["layer_decay"] = one_of(draw, (0.5, 0.65, 0.75, 1.0))
    return {"constructor": "timm", "optimizer": optimizer, **({"paramwise_cfg": options} if options else {})}


def _rules(draw: st.DrawFn, names: list[str]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for _ in range(draw(st.integers(1, 5))):
        match = _match(draw, names)
        rule: dict[str, Any] = {"match": match}
        if chance(draw, 10):
            rule["freeze"] = True
        else:
            if chance(draw, 60):
                rule[one_of(draw, ("lr", "lr_mult"))] = _number(draw, MULTIPLIERS)
            if chance(draw, 60) or len(rule) == 1:
                rule[one_of(draw, ("weight_decay", "decay_mult"))] = _number(draw, BASES)
            if chance(draw, 10):
                rule["set"] = {one_of(draw, ("initial_lr", "lr_scale")): _number(draw, BASES)}
        found[repr(match)] = rule
    return list(found.values())


def _match(draw: st.DrawFn, names: list[str]) -> Any:
    segments = one_of(draw, names).split(".")
    cut = draw(st.integers(0, len(segments) - 1))
    own, start = segments[-1], ".".join(segments[:cut])
    globs = ["*", ".".join(segments), f"*.{own}", f"*{own}", f"{start}.*" if start else own]
    kind = draw(st.integers(0, 5))
    if kind <= 2:
        return one_of(draw, globs)
    if kind == 3:
        return {"type": one_of(draw, TYPES)}
    if kind == 4:
        return {"ndim": one_of(draw, (1, [0, 1], 2))}
    return {"name": one_of(draw, globs), "type": one_of(draw, TYPES)}


def _solver(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    rules: list[Any] = []
    for _ in range(draw(st.integers(0, 4))):
        segment = one_of(draw, one_of(draw, names).split("."))
        pattern = one_of(draw, ("NORM_TYPES", {"type": "torch.nn.Linear"}, segment, f"{segment}$", f"^{segment}"))
        rules.append([one_of(draw, (0, 1e-4, 1e-5, 0.05, -1)), pattern])
    optimizer = one_of(draw, ("sgd", "adam", "adamw"))
    return {"optimizer": optimizer, "basic_lr": _number(draw, BASES), "weight_decay": [*rules, 1e-4]}

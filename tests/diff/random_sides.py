"""Random reports: from random models under random policies, and made up, with what no audit would give."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import assume
from hypothesis import strategies as st

import pgaudit
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.location import Location
from pgaudit.core.setting import Provenance
from pgaudit.report import Report
from tests.diff import made
from tests.parity import trees
from tests.parity.compare import audit
from tests.parity.random_policies import cases

HOSTILE = ["a\x1b[31m.weight", "b\n::error::x", "c|`d`|``.bias", "e%0A,file=f:g", "\u202eh", "\ud800", "[bold]i", ""]
NAMES = [f"layer{i}.{j}.{leaf}" for i in (1, 2) for j in (0, 1, 2) for leaf in ("weight", "bias")] + HOSTILE
VALUES = st.sampled_from([0.1, 0.2, 0.30000000000000004, 0.3, 0, 1e-4, 1, float("inf"), float("nan"), None])
RULES = st.none() | st.builds(
    Provenance,
    st.sampled_from(["default", "optimizer_default", "custom_keys", "norm_decay_mult", "frozen"]),
    st.none() | st.sampled_from(["fc", *HOSTILE]),
    st.none() | st.builds(Location, st.just("c.yaml"), st.integers(1, 3), st.just(1)),
)
EXTRA = st.sampled_from([None, 0.1, 2, True, "SGD", [0.9, {"a": [HOSTILE[0]]}], {"{": "}"}, *HOSTILE])
PARAMS = st.builds(
    made.param,
    name=st.sampled_from(NAMES),
    shape=st.sampled_from([(), (2, 3), (3, 2)]),
    module_type=st.sampled_from(["Linear", "Conv"]),
    trainable=st.booleans(),
    optimizer=st.sampled_from([0, 0, 0, 1, None]),
    group=st.integers(0, 3),
    lr=VALUES,
    weight_decay=VALUES.filter(lambda value: value is not None),
    lr_rule=RULES,
    weight_decay_rule=RULES,
    extra=st.just({}) | st.dictionaries(st.sampled_from(["momentum", "lr_scale", *HOSTILE]), EXTRA, max_size=2),
)


@st.composite
def _params(draw: st.DrawFn) -> tuple[ParamAssignment, ...]:
    """Parameters of different names, in any order, some tied."""
    params = draw(st.lists(PARAMS.map(_scaled), max_size=12, unique_by=lambda param: param.name))
    rest = [name for name in NAMES if name not in {param.name for param in params}]
    ties = draw(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(rest or ["z"])), unique_by=lambda tie: tie[1]))
    for index, alias in ties:
        if index < len(params):
            of = params[index].param
            params[index] = replace(params[index], param=replace(of, aliases=(*of.aliases, alias)))  # type: ignore[type-var]
    return tuple(params)


def _scaled(param: ParamAssignment) -> ParamAssignment:
    """A scale is a number, and needs an lr that is one."""
    scale, lr = param.setting.get("lr_scale"), param.lr
    if scale is None or (isinstance(scale, float) and lr is not None and math.isfinite(lr)):
        return param
    return replace(param, setting=replace(param.setting, inert=frozenset({"lr_scale"})))


_OPTIMIZER = st.dictionaries(
    st.sampled_from(["lr", "weight_decay", "momentum", *HOSTILE]),
    st.sampled_from([None, 0.1, 0.2, True, "SGD", [0.9, 0.99], {"a": 1}, *HOSTILE]),
).flatmap(lambda arguments: st.sampled_from([None, "SGD", *HOSTILE]).map(lambda kind: {**arguments, "type": kind}))


@st.composite
def _sides(draw: st.DrawFn) -> Report:
    return made.report(
        *draw(_params()),
        path=draw(st.sampled_from(["a.yaml", "/dev/null", HOSTILE[1], None])),
        config_path=draw(st.sampled_from(["a.yaml", HOSTILE[3], None])),
        model=draw(st.sampled_from(["resnet18", HOSTILE[0], None])),
        source="timm",
        constructor=draw(st.sampled_from(["mmcv", "basecls", None])),
        optimizers=(draw(_OPTIMIZER), draw(_OPTIMIZER)),
    )


SIDES = _sides()
"""Reports with two optimizers that are not even plausible."""


@st.composite
def reports(draw: st.DrawFn) -> tuple[pgaudit.Report, pgaudit.Report]:
    """Two reports: of one model under two policies, or of two models."""
    first, second = draw(cases()), draw(cases())
    if draw(st.booleans()):
        second = {**second, "model": first["model"]}
    try:
        a, b = (audit(trees.build(case["model"]), case) for case in (first, second))
    except pgaudit.PgauditError:
        assume(False)
        raise
    return a, b

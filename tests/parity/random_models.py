"""Random models, as the descriptions that both sides build from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import assume
from hypothesis import strategies as st

from tests.parity.overrides import USUAL, WAYS
from tests.parity.trees import Node, Spec, block, build, node, unwrapped

T = TypeVar("T")

LEAVES: list[Node] = [
    *(node(f"BatchNorm{d}d", 2) for d in (1, 2, 3)),
    *(node(f"InstanceNorm{d}d", 2, affine=True) for d in (1, 2, 3)),
    node("InstanceNorm2d", 2),
    node("BatchNorm2d", 2, affine=False),
    node("SyncBatchNorm", 2),
    node("GroupNorm", 2, 4),
    node("LayerNorm", 2),
    node("LayerNorm", 2, bias=False),
    node("RMSNorm", 2),
    node("LocalResponseNorm", 2),
    *(node(kind) for kind in ("HandWrittenNorm", "GlobalResponseNorm", "FakeBatchNorm2d")),
    node("SubclassedBatchNorm", 2),
    *(node(f"Conv{d}d", 2, 4, 1) for d in (1, 2, 3)),
    *(node(f"Conv{d}d", 4, 4, 1, groups=4) for d in (1, 2, 3)),
    *(node(f"ConvTranspose{d}d", 4, 4, 1, groups=4) for d in (1, 2, 3)),
    node("Conv2d", 1, 4, 1),
    node("Conv2d", 4, 8, 1, groups=4, bias=False),
    node("Conv2d", 4, 4, 1, groups=2),
    node("StandardizedConv2d", 4, 4, 1, groups=4),
    node("WeightNormConv2d", 1, 2, 1),
    node("FakeConv2d", 1, 1),
    node("Linear", 2, 2),
    node("Linear", 2, 2, bias=False),
    node("Bilinear", 2, 2, 2),
    node("Embedding", 3, 2),
    node("MultiheadAttention", 4, 2),
    node("MultiheadAttention", 4, 2, add_bias_kv=True, kdim=2, vdim=2),
    node("LSTM", 2, 2),
    node("AlibiAttention"),
    node("PReLU"),
    node("ParameterList", [2], [2, 2]),
    node("ParameterDict", bias=[2], cls_token=[1, 2]),
]
DEFORMABLE = (
    *("DeformConv2d", "DeformConv2dPack", "ModulatedDeformConv2d", "ModulatedDeformConv2dPack"),
    *("UserDeformPack", "OtherDeformConv2d"),
)
CHILD_NAMES = (
    *("conv", "bn1", "norm", "head", "decode_head", "layer1", "layer10", "conv_offset", "bias"),
    *("module", "blocks", "0", "1", "net"),
)
PARAM_NAMES = ("cls_token", "pos_embed", "q_bias", "bias", "weight", "gamma", "scale")
SHAPES: list[list[int]] = [[], [2], [1, 2]]

OFFSETS: list[Node] = [
    node("Conv2d", 2, 4, 1),
    node("Conv2d", 4, 4, 1, groups=4),
    node("Conv1d", 2, 4, 1),
    block("Sequential", **{"0": node("Conv2d", 2, 4, 1)}),
    node("BatchNorm2d", 2),
]


def one_of(draw: st.DrawFn, choices: Sequence[T]) -> T:
    """One of them, drawn by its index: drawn by value, Hypothesis repeats few of them often."""
    return choices[draw(st.integers(0, len(choices) - 1))]


def chance(draw: st.DrawFn, percent: int) -> bool:
    """True so often; never at the simplest draw, so that failures shrink to less."""
    return draw(st.integers(0, 99)) >= 100 - percent


def _names(draw: st.DrawFn, count: int, choices: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(one_of(draw, choices) for _ in range(count)))


def _container(draw: st.DrawFn, depth: int) -> Node:
    children = _names(draw, draw(st.integers(1, 4)), CHILD_NAMES)
    params = _names(draw, draw(st.integers(0, 2)), [p for p in PARAM_NAMES if p not in children])
    return {
        "kind": one_of(draw, ("Block", "Block", "Sequential", "ModuleList", "ModuleDict")),
        "children": [[name, _node(draw, depth - 1)] for name in children],
        "params": [[name, one_of(draw, SHAPES)] for name in params],
    }


def _deformable(draw: st.DrawFn) -> Node:
    name = one_of(draw, ("conv_offset", "conv_offset_mask", "offset"))
    kind = node(one_of(draw, DEFORMABLE), 2, 1, chance(draw, 70))
    return {**kind, "children": [[name, one_of(draw, OFFSETS)]]}


def _node(draw: st.DrawFn, depth: int) -> Node | None:
    if depth > 0 and chance(draw, 35):
        return _container(draw, depth)
    if chance(draw, 10):
        return _deformable(draw)
    return None if chance(draw, 3) else one_of(draw, LEAVES)


@st.composite
def listing_otherwise(draw: st.DrawFn, cases: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """Cases of which some have modules that list their parameters or children in a way of their own."""
    case = draw(cases)
    spec = case["model"]
    if "root" not in spec or not chance(draw, 35):
        return case
    paths = ["", "", *(name for name, _ in build({**spec, "wrapped": False}).named_modules())]
    ways = [(one_of(draw, paths), one_of(draw, USUAL if chance(draw, 40) else WAYS)) for _ in range(2)]
    chosen = dict(ways[: 1 + chance(draw, 25)])
    return {**case, "model": {**spec, "lists": [[path, way] for path, way in chosen.items()]}}


@st.composite
def trees(draw: st.DrawFn) -> Spec:
    """A model with children, then modules used twice, tied and frozen parameters."""
    root = _deformable(draw) if chance(draw, 5) else _container(draw, depth=3)
    if chance(draw, 15):
        root["children"] = [*root["children"], ["module", _container(draw, depth=2)]]
    spec: Spec = {"root": root}
    model = build(spec)
    assume(unwrapped(model) is not None and any(True for _ in unwrapped(model).parameters()))
    inside = "module." if hasattr(model, "module") else ""
    order = [name for name, _ in model.named_modules() if f"{name}.".startswith(inside)]
    if len(order) > 1 and chance(draw, 15):
        # Only a later module may be put below an earlier one: no circles.
        source = draw(st.integers(1, len(order) - 1))
        parent = order[draw(st.integers(0, source - 1))]
        name = one_of(draw, ("shared", "conv_offset2"))
        spec["shares"] = [[parent, name, order[source]]]
    names = [name for name, _ in model.named_parameters() if name.startswith(inside)]
    if chance(draw, 25):
        pairs = [(one_of(draw, names), one_of(draw, names)) for _ in range(2)]
        spec["ties"] = [list(pair) for pair in pairs]
    if chance(draw, 25):
        spec["frozen"] = [one_of(draw, names) for _ in range(draw(st.integers(1, 3)))]
    return spec

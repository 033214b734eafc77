"""Random models whose names are full of norms and biases: pgaudit and the real Trainer agree, or both refuse."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.parity.client import Oracle
from tests.parity.compare import Case, audit, compare
from tests.parity.random_models import chance, listing_otherwise, one_of, trees
from tests.parity.trees import Node, block, build, node

WORDS = (
    *("norm", "norm1", "Norm", "_norm", "q_norm", "norms", "NORM_", "layernorm", "LayerNorm", "layer_norm", "rmsnorm"),
    *("bias", "debias", "relative_attention_bias", "Bias_x", "attn", "fc", "0", "1", "ln_f", "bn1"),
)
KINDS = (
    *(node("LayerNorm", 2), node("LayerNormBlock"), node("HandWrittenNorm"), node("BatchNorm2d", 2)),
    *(node("RMSNorm", 2), node("Linear", 2, 2), node("LSTM", 2, 2), node("MultiheadAttention", 4, 2)),
    node("LayerNorm", 2, elementwise_affine=False),
)
VALUES = (0, 0.0, 1, 0.1, 5e-4, 1e-5)
OPTIMIZERS = ("AdamW", "AdamW", "SGD", "Adam", "RMSprop", "Adagrad", "NAdam")


def _named(draw: st.DrawFn, depth: int) -> Node:
    """A container, which may be a LayerNorm itself, with names that the expressions look for or nearly so."""
    kind = "LayerNormBlock" if chance(draw, 10) else "Block"
    members: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 4))):
        name = one_of(draw, [word for word in WORDS if kind == "Block" or word != "bias"])  # which a LayerNorm has
        if chance(draw, 25):
            members[name] = [2, 2]
        else:
            members[name] = _named(draw, depth - 1) if depth and chance(draw, 60) else one_of(draw, KINDS)
    return block(kind, **members)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A model of such names, or any of the random ones; ties and shared modules in both."""
    spec = draw(trees())
    if chance(draw, 75):
        spec = {"root": _named(draw, depth=3)}
        names = [name for name, _ in build(spec).named_parameters()]
        if names and chance(draw, 40):
            spec["ties"] = [[one_of(draw, names), one_of(draw, names)] for _ in range(2)]
        if names and chance(draw, 25):
            spec["frozen"] = [one_of(draw, names) for _ in range(draw(st.integers(1, 3)))]
        modules = [name for name, _ in build(spec).named_modules()]
        if len(modules) > 1 and chance(draw, 25):
            source = draw(st.integers(1, len(modules) - 1))  # below an earlier one only: no circles
            parent = modules[draw(st.integers(0, source - 1))]
            spec["shares"] = [[parent, one_of(draw, ("also_norm", "shared")), modules[source]]]
    optimizer: dict[str, Any] = {"type": one_of(draw, OPTIMIZERS)}
    for word in ("lr", "weight_decay"):
        if chance(draw, 80):
            optimizer[word] = (
                one_of(draw, VALUES) if chance(draw, 70) else draw(st.floats(0, 10, allow_subnormal=False))
            )
    return {"model": spec, "optimizer": optimizer}


@settings(max_examples=examples(500))
@given(case=listing_otherwise(cases()))
def test_random_models(transformers: Oracle, case: Case) -> None:
    compare(transformers, case)


@settings(max_examples=examples(100))
@given(case=listing_otherwise(cases()))
def test_random_explanations_say_what_was_decided(case: Case) -> None:
    from pgaudit import PgauditError
    from pgaudit.explanation import explanations

    try:
        report = audit(build(case["model"]), case, "transformers")
    except PgauditError:  # without parameters, or in modules that cannot be listed
        return
    for explanation in explanations(report, report.params):
        for result in explanation.results:
            rule = explanation.row.setting.lr_rule if result.of == "lr" else explanation.row.setting.weight_decay_rule
            assert (result.rule, result.value) == (rule, result.product.result)

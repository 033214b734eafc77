"""What is remembered of an optimizer's class is what the class itself says, type for type and bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgaudit.optimizers import classes, construct
from pgaudit.optimizers.calls import OptimizerCall, call_of, timm_registry
from pgaudit.optimizers.classes import OptimizerError
from pgaudit.optimizers.exact import decoded, digest, encoded
from pgaudit.optimizers.groups import SampleGroup, TensorKind
from pgaudit.optimizers.library import SECTIONS, Answer, Library
from tests.budget import examples

NUMBERS = st.one_of(
    st.sampled_from([0, 1, 0.0, -0.0, 1.0, 0.5, 0.9, 0.999, 1e-8, 1e-3, 0.1, -1, -0.1, 2, 2.5, 10**20]),
    st.sampled_from([float("inf"), float("nan"), 5e-324]),
    st.floats(0, 1),
)
VALUES = st.one_of(
    NUMBERS,
    st.sampled_from([None, True, False, "quintic", "adamw", "none"]),
    st.lists(NUMBERS, min_size=1, max_size=3),
    st.tuples(NUMBERS, NUMBERS),
)
TENSORS = st.builds(
    TensorKind,
    st.lists(st.sampled_from([1, 2, 64]), max_size=4).map(tuple),
    st.sampled_from(["float32", "float32", "bfloat16", "complex64", "int64"]),
    st.sampled_from([True, True, True, False]),
)
OWN = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(["lr", "weight_decay", "momentum", "lr_scale"], NUMBERS),
        "betas": st.just([0.9, 0.95]),
        "use_fallback": st.booleans(),
    },
)
GROUPS = st.lists(
    st.builds(
        SampleGroup,
        OWN.map(lambda own: tuple(own.items())),
        st.lists(TENSORS, min_size=1, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=3,
)


class Kept:
    """A memo that holds text."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], str] = {}

    def get(self, section: str, key: str) -> Any:
        text = self.texts.get((section, key))
        return None if text is None else SECTIONS[section](json.loads(text))

    def learn(self, section: str, key: str, value: Any) -> None:
        self.texts[section, key] = json.dumps(value)


def _arguments(draw: st.DrawFn, kind: type) -> dict[str, Any]:
    """Mostly near to the defaults: of wild arguments, classes refuse nearly all."""
    defaults = classes.argument_defaults(kind)
    names = draw(st.lists(st.sampled_from([*sorted(defaults), "no_such"]), unique=True, max_size=3))
    return {
        "lr": draw(st.sampled_from([0.1, 1e-3, 1])),
        **{name: draw(_like(name, defaults.get(name))) for name in names},
    }


def _like(name: str, default: Any) -> st.SearchStrategy[Any]:
    if name in ("lr", "weight_decay"):
        return NUMBERS
    if isinstance(default, bool):
        return st.one_of(st.booleans(), VALUES)
    if isinstance(default, (int, float)):
        return st.one_of(NUMBERS, NUMBERS, VALUES)
    if isinstance(default, tuple):
        return st.one_of(st.tuples(*(st.floats(0, 0.99) for _ in default)), st.just(list(default)), VALUES)
    return VALUES


def _said(ask: Callable[[], Any]) -> tuple[Any, ...]:
    """What came of a question, so that what differs in a type or a bit is unequal."""
    try:
        found = ask()
    except OptimizerError as error:
        return "refused", error.findings[0].message, error.findings[0].hint, error.argument
    if isinstance(found, Answer):
        call = found.call
        shown = (call.name, call.wrapper, dict(call.arguments), found.filled, sorted(found.read), found.defaults)
        return "called", repr(shown), call.kind
    return "held", repr(found)


def _itself(name: str, arguments: dict[str, Any], factory: str | None = None) -> Answer:
    call = call_of(name, arguments, factory)
    filled = construct.filled_in(call.kind, call.arguments)
    read = classes.looked_for(call.kind, filled)
    return Answer(call, filled, read, classes.argument_defaults(call.kind))


NOT_PLAIN = {"AdafactorBigVision", "SGDP"}
"""A default of their signatures is a dtype, or an object that stands for none."""


MATRIX = SampleGroup((), (TensorKind((2, 2), "float32"),))


@pytest.mark.parametrize("name", sorted(classes.library_classes()))
def test_every_class(name: str, record_property: Any) -> None:
    kind = classes.library_classes()[name]
    counts = {"called": 0, "refused": 0, "held": 0}

    def compare(arguments: dict[str, Any], groups: Sequence[SampleGroup]) -> None:
        library = Library(memo := Kept())
        itself = _said(lambda: _itself(name, arguments))
        assert _said(lambda: library.ask(name, arguments)) == itself
        remembered = len(memo.texts)
        assert _said(lambda: library.ask(name, arguments)) == itself
        counts[itself[0]] += remembered == 1 == len(memo.texts)
        if itself[0] == "called":
            counts["held"] += _same_groups(library, library.ask(name, arguments).call, kind, groups)

    @settings(max_examples=examples(45), suppress_health_check=list(HealthCheck))
    @given(st.data())
    def random(data: st.DataObject) -> None:
        compare(data.draw(st.composite(_arguments)(kind)), data.draw(GROUPS))

    compare({"lr": 0.1}, [MATRIX])
    compare({"lr": 0.1, "no_such": 1}, [MATRIX])
    callable_with_groups = name not in ("Optimizer", "Lookahead")
    assert bool(counts["called"]) == (callable_with_groups and name not in NOT_PLAIN)
    assert bool(counts["held"]) == callable_with_groups
    assert counts["refused"]
    random()
    for what, count in counts.items():
        record_property(f"compared optimizers that were {what}", count)


def _same_groups(library: Library, call: OptimizerCall, kind: Any, groups: Sequence[SampleGroup]) -> bool:
    """Whether the class takes the groups: from itself, from the memo, and for tensors of other shapes."""
    others = [replace(group, tensors=tuple(map(_of_another_shape, group.tensors))) for group in groups]
    for asked in (groups, groups, others):
        itself = _said(lambda asked=asked: construct.try_groups(kind, call.arguments, asked))  # type: ignore[misc]
        assert _said(lambda asked=asked: library.try_groups(call, asked)) == itself  # type: ignore[misc]
    return itself[0] == "held"


def _of_another_shape(tensor: TensorKind) -> TensorKind:
    """Only the number of dimensions is asked for."""
    return replace(tensor, shape=tuple(3 * size for size in tensor.shape))


FACTORY: list[dict[str, Any]] = [
    {"lr": 0.1, "weight_decay": 0.0},
    {"weight_decay": 0.0, "lr": 1, "momentum": 0.8},
    {"lr": 5e-4, "eps": 1e-7, "betas": [0.9, 0.99], "weight_decay": 0.0},
    {"lr": 5e-4, "no_such": 1},
]


def test_timms_factory(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [*timm_registry().list_optimizers(), "SGD", "lookahead_adamw", "adamv", "mine:Optimizer"]
    library = Library(Kept())
    for name in names:
        for arguments in FACTORY:
            itself = _said(lambda: _itself(name, arguments, "timm"))  # noqa: B023
            for _ in range(2):
                assert _said(lambda: library.ask(name, arguments, "timm")) == itself  # noqa: B023
    with monkeypatch.context() as patch:
        patch.setattr("pgaudit.optimizers.library.call_of", None)  # whatever is asked anew fails
        for name in ("adamw", "lookahead_adamw", "adamv"):
            _said(lambda: library.ask(name, FACTORY[0], "timm"))  # noqa: B023


def test_a_name_of_nobodys_makes_the_names_known(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(Kept())
    itself = _said(lambda: _itself("SDG", {}))
    assert _said(lambda: library.ask("SDG", {})) == itself
    monkeypatch.setattr("pgaudit.optimizers.library.call_of", None)
    assert _said(lambda: library.ask("SDG", {"lr": 1})) == itself
    assert "AdamW" in _said(lambda: library.ask("AdmaW", {}))[2]


class Mine(torch.optim.SGD):
    """A class whose code may be another tomorrow."""


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (Mine, {"lr": 0.1}),
        (Mine, {"lr": -1.0}),
        (f"{__name__}:Mine", {"lr": 0.1}),
        ("SGD", {"lr": torch.tensor(0.1)}),
        ("Adam", {"lr": 0.1, "fused": True, "differentiable": True}),  # a RuntimeError: not of the arguments alone
    ],
)
def test_what_is_not_remembered(name: str | type, arguments: dict[str, Any]) -> None:
    library = Library(memo := Kept())
    said = _said(lambda: library.ask(name, arguments))
    if said[0] == "called":
        _said(lambda: library.try_groups(library.ask(name, arguments).call, [MATRIX]))
    assert not [section for section, _ in memo.texts if section == "answers"]


@pytest.mark.parametrize("ref", ["torch.nn.Linear", "torch.nn.LayerNorm", "timm.layers.LayerNorm2d"])
def test_classes_to_match_on(ref: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from pgaudit.user_code.imports import qualified_class

    library = Library(Kept())
    assert library.qualified_class(ref) == qualified_class(ref)
    monkeypatch.setattr("pgaudit.optimizers.library.qualified_class", None)
    assert library.qualified_class(ref) == qualified_class(ref)


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from([0, 0.0, -0.0, False])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=2), st.integers(0, 1)), inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(max_examples=examples(300))
@given(PLAIN, PLAIN)
def test_plain_values_come_back_as_they_were(one: Any, other: Any) -> None:
    assert repr(decoded(json.loads(json.dumps(encoded(one))))) == repr(one)
    assert (digest(one) == digest(other)) == (repr(one) == repr(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ((1,), [1]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"1": 1}, {1: 1}),
        (0.1, 0.1 + 2**-56),
        (["a", ["b"]], ["a", "b"]),
        ({"tuple": [1]}, (1,)),
    ],
)
def test_nearly_equal_questions_are_two(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


@pytest.mark.parametrize("value", [torch.tensor(1.0), len, {1}, b"x", object(), [torch.float32]])
def test_of_anything_else_no_question_is_made(value: Any) -> None:
    assert digest(value) is None

"""What is known of optimizer classes: the classes themselves are the oracle, asked the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgaudit.optimizers import classes, construct
from pgaudit.optimizers.calls import call_of, qualified
from pgaudit.optimizers.classes import OptimizerError
from pgaudit.optimizers.encoding import encoded
from pgaudit.optimizers.exploring import explored
from pgaudit.optimizers.groups import SampleGroup, TensorKind
from pgaudit.optimizers.library import RecordedClass, RecordedLibrary
from pgaudit.optimizers.records import known
from pgaudit.optimizers.saved_knowledge import SavedKnowledge
from tests.budget import examples

CLASSES = {
    qualified(kind): kind
    for name, kind in classes.library_classes().items()
    if name not in ("Optimizer", "Lookahead")  # neither can be called with groups and numbers
}
NUMBERS = st.one_of(
    st.sampled_from([0, 1, 0.0, -0.0, 1.0, 0.5, 0.9, 0.999, 1e-8, 1e-3, 0.1, -1, -0.1, 2, 2.5, 10**20, float("inf")]),
    st.floats(0, 1),
)
VALUES = st.one_of(
    NUMBERS,
    st.sampled_from([None, True, False, "quintic", "adamw", "none"]),
    st.lists(NUMBERS, min_size=1, max_size=3),
    st.tuples(NUMBERS, NUMBERS),
)
GROUPS = st.lists(
    st.builds(
        SampleGroup,
        st.fixed_dictionaries(
            {},
            optional={
                **dict.fromkeys(["lr", "weight_decay", "momentum", "lr_scale"], NUMBERS),
                "betas": st.just([0.9, 0.95]),
                "use_fallback": st.booleans(),
            },
        ).map(lambda own: tuple(own.items())),
        st.lists(
            st.builds(
                TensorKind,
                st.lists(st.just(2), max_size=5).map(tuple),
                st.sampled_from(["float32", "float32", "bfloat16", "complex64", "int64"]),
                st.sampled_from([True, True, True, False]),
            ),
            min_size=1,
            max_size=2,
        ).map(tuple),
    ),
    min_size=1,
    max_size=3,
)


class Everything:
    """What a saved inventory takes along; nobody may be asked anything that it does not say."""

    def __init__(self) -> None:
        self.kept = SavedKnowledge(explored())

    def get(self, section: str, key: str) -> Any:
        return self.kept.get(section, key)

    def learn(self, section: str, key: str, value: Any) -> None:
        raise AssertionError(f"{section} {key} had to be asked")


@pytest.fixture(scope="module")
def everything() -> Everything:
    return Everything()


def _arguments(draw: st.DrawFn, kind: type) -> dict[str, Any]:
    """Mostly near to the defaults: of wild arguments, classes refuse nearly all."""
    defaults = classes.argument_defaults(kind)
    names = draw(st.lists(st.sampled_from(sorted(defaults)), unique=True, max_size=4))
    return {"lr": draw(st.sampled_from([0.1, 1e-3, 1])), **{name: draw(_like(defaults[name])) for name in names}}


def _like(default: Any) -> st.SearchStrategy[Any]:
    if isinstance(default, bool):
        return st.one_of(st.booleans(), VALUES)
    if isinstance(default, (int, float)):
        return st.one_of(NUMBERS, NUMBERS, VALUES)
    if isinstance(default, tuple):
        return st.one_of(st.tuples(*(st.floats(0, 0.99) for _ in default)), st.just(list(default)), VALUES)
    return VALUES


def _shown(group: Mapping[str, Any]) -> str:
    return repr([(key, encoded(value)) for key, value in group.items()])


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_random_arguments_and_groups(name: str, everything: Everything, record_property: Any) -> None:
    kind, record = CLASSES[name], everything.get("classes", name)
    counts = {"known": 0, "tried": 0}

    @settings(max_examples=examples(60), suppress_health_check=list(HealthCheck))
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        arguments, groups = data.draw(st.composite(_arguments)(kind)), data.draw(GROUPS)
        found = known(record, arguments)
        try:
            filled = construct.filled_in(kind, arguments)
        except OptimizerError:
            # The class may only have refused a matrix; then it is asked about these groups, too.
            assert found is None or 2 not in found.dimensions
            return
        if found is None:
            return
        counts["known"] += 1
        assert _shown(found.filled_in) == _shown(filled)
        built = found.tried(groups)
        if built is not None:
            counts["tried"] += 1
            assert repr(built) == repr(construct.try_groups(kind, arguments, groups))

    compare()
    record_property("compared optimizer calls that a record knows", counts["known"])
    record_property("compared optimizer groups that a record knows", counts["tried"])
    assert counts["known"] > 1


COMMON: list[dict[str, Any]] = [
    {"lr": 0.1},
    {"lr": 1},
    {"lr": 2.5e-4, "weight_decay": 0.05},
    {"lr": 0.01, "weight_decay": 0},
    {"lr": 0.01, "momentum": 0.95, "weight_decay": 1e-4},
    {"lr": 0.01, "momentum": 0.9, "nesterov": True},
    {"lr": 1e-3, "betas": [0.9, 0.98], "weight_decay": 0.05},
    {"lr": 1e-3, "betas": (0.9, 0.95), "eps": 1e-6},
    {"lr": 1e-3, "foreach": False},
    {"lr": 1e-3, "fused": True, "weight_decay": 0.1},
    {"lr": 1e-3, "amsgrad": True},
    {"lr": 1e-2, "alpha": 0.9, "momentum": 0.9, "eps": 1e-3},
]


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_what_configs_say_is_known(name: str, everything: Everything) -> None:
    kind = CLASSES[name]
    group = SampleGroup((("lr", 0.01), ("weight_decay", 0.0)), (TensorKind((4, 4), "float32"),))
    taken = 0
    for arguments in COMMON:
        try:
            expected = construct.try_groups(kind, arguments, [group, group])
        except OptimizerError:
            continue
        taken += 1
        about = RecordedClass(name, everything)
        assert about.try_groups(arguments, [group, group]) == expected
        filled = construct.filled_in(kind, arguments)
        assert _shown(about.filled_in(arguments)) == _shown(filled)
        assert about.looked_for(filled) == classes.looked_for(kind, filled)
    assert taken or name.endswith(":LBFGS")  # which takes no two groups
    defaults = classes.argument_defaults(kind)
    assert _shown(RecordedClass(name, everything).argument_defaults()) == _shown(defaults)


def test_names_are_found_as_they_are_looked_up(everything: Everything) -> None:
    for name in classes.library_classes():
        assert everything.get("names", name) == qualified(classes.optimizer_class(name)), name


FACTORY: list[dict[str, Any]] = [
    {"lr": 0.1, "weight_decay": 0.0},
    {"weight_decay": 0.0, "lr": 1, "momentum": 0.8},
    {"lr": 5e-4, "betas": [0.9, 0.99], "weight_decay": 0.0},
    {"lr": 5e-4, "eps": 1e-7, "betas": [0.9, 0.99], "weight_decay": 0.0},
]


def test_timms_factory_calls_the_same(everything: Everything) -> None:
    names = [str(name) for name in everything.kept.written["timm"]["names"]]
    assert len(names) > 80
    for name in names:
        for arguments in FACTORY:
            ours = RecordedLibrary(everything).call_of(name.upper(), arguments, "timm")
            theirs = call_of(name, arguments, "timm")
            assert repr(ours.arguments) == repr(theirs.arguments), name
            assert (ours.about.name, ours.wrapper) == (qualified(theirs.kind), theirs.wrapper)


def test_lookahead_is_asked_of_timm_itself() -> None:
    call = RecordedLibrary(SavedKnowledge(explored())).call_of(
        "lookahead_adamw", {"lr": 0.1, "weight_decay": 0.0}, "timm"
    )
    assert call.wrapper == "timm.optim.lookahead:Lookahead"


@pytest.mark.parametrize("ref", ["torch.nn.Linear", "torch.nn.LayerNorm", "timm.layers.LayerNorm2d"])
def test_classes_of_the_libraries_are_known(ref: str, everything: Everything) -> None:
    from pgaudit.user_code.imports import qualified_class

    assert RecordedLibrary(everything).qualified_class(ref) == qualified_class(ref)

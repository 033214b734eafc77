"""What is said to have moved: nothing for one model, and something wherever two differ."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pgaudit.core.parameters import Inventory
from pgaudit.models.built import BuiltModel
from pgaudit.models.inventory_diff import inventory_changes
from tests.budget import examples
from tests.parity.random_models import trees
from tests.parity.trees import Spec, build


def _walked(spec: Spec, ref: str) -> Inventory:
    return BuiltModel(build(spec), ref).inventory()


@settings(max_examples=examples(100))
@given(trees(), trees(), st.data())
def test_nothing_has_moved_only_in_equal_inventories(one: Spec, other: Spec, data: st.DataObject) -> None:
    a, b = _walked(one, "a"), _walked(other, "b")
    assert not inventory_changes(a, replace(_walked(one, "b"), version="9", notes=("x",)))
    assert bool(inventory_changes(a, b)) == (replace(a, ref="b") != b)
    assert {move.name for move in inventory_changes(a, b) if move.name} <= {
        p.name for p in (*a.parameters, *b.parameters)
    }
    at = data.draw(st.integers(0, len(a.parameters) - 1))
    old = a.parameters[at]
    new = data.draw(
        st.sampled_from(
            [
                old._replace(name=f"x.{old.name}"),
                old._replace(shape=(*old.shape, 3)),
                old._replace(dtype="float16"),
                old._replace(trainable=not old.trainable),
                old._replace(leaf=False),
                old._replace(aliases=(*old.aliases, "other")),
                old._replace(module=replace(old.module, bases=(*old.module.bases, "x"))),
            ]
        )
    )
    changed = replace(a, parameters=(*a.parameters[:at], new, *a.parameters[at + 1 :]))
    assert [move.name for move in inventory_changes(a, changed) if move.name] == [new.name]

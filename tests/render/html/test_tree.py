"""The tree of the map: nothing is lost, nothing counts twice, and what is alike is one node."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

import pgaudit
from benchmarks.growth import POLICIES
from benchmarks.mixture import mixture
from pgaudit.render.html.tree import Node, Tensor, tree_of
from tests.render.html.written import data_of, finetune, page

PARTS = st.sampled_from(["0", "1", "2", "10", "a", "fc1", "fc2", "weight", "bias", "{0,1}", "", "\u202e"])
NAMES = st.lists(PARTS, min_size=1, max_size=15).map(".".join)
TENSORS = st.lists(
    st.builds(Tensor, NAMES, st.sampled_from([None, 0, 7]), st.integers(0, 2), st.integers(0, 1)),
    max_size=60,
    unique_by=lambda tensor: tensor.name,
)


def nodes_of(node: Node) -> list[Node]:
    return [node, *(each for inside in node.inside for each in nodes_of(inside))]


@given(TENSORS)
def test_every_tensor_is_below_one_leaf_and_all_sums_hold_for_random_names(tensors: list[Tensor]) -> None:
    tree = tree_of("model", tensors)
    leaves = [*tree.root.leaves()]
    below = Counter(tree.leaf_of)
    assert tree.root.tensors == len(tree.leaf_of) == len(tensors)
    if tensors:
        assert [below[place] for place in range(len(leaves))] == [leaf.tensors for leaf in leaves]
    assert tree.root.numel == sum(tensor.numel or 0 for tensor in tensors)
    for place, leaf in enumerate(leaves):
        own = [tensor for tensor, at in zip(tensors, tree.leaf_of, strict=True) if at == place]
        assert Counter(tensor.kind for tensor in own) == Counter(leaf.kinds)
        assert sum(tensor.numel or 0 for tensor in own) == leaf.numel
    for node in nodes_of(tree.root):
        if node.inside:
            assert node.tensors == sum(each.tensors for each in node.inside)
            assert node.numel == sum(each.numel for each in node.inside)


def test_what_is_alike_is_one_node_whatever_stands_between() -> None:
    names = [(f"blocks.{at}.fc.{own}", int(at == 1)) for at in range(12) for own in ("weight", "bias")]
    tree = tree_of("model", [Tensor(name, 5, kind, name.endswith("bias")) for name, kind in names])
    (blocks,) = tree.root.inside
    assert [node.name for node in blocks.inside] == ["{0,2..11}", "1"]
    assert [node.tensors for node in blocks.inside] == [22, 2]


def test_a_huge_model_without_likeness_has_few_nodes() -> None:
    tensors = [Tensor(f"a.{at}.b.{at % 7}.w", at, at, 0) for at in range(20_000)]
    tree = tree_of("model", tensors)
    assert len(nodes_of(tree.root)) <= 2_501
    assert tree.root.tensors == sum(leaf.tensors for leaf in tree.root.leaves()) == 20_000


def test_a_page_holds_the_tree_of_the_whole_model() -> None:
    data = data_of(page(finetune()))
    name, width, size, *_ = data["map"]["root"]
    assert (name, width) == ("vit_base_patch16_224", finetune().numel)
    assert size == "152 tensors, 86.6 M parameters"


def test_thousands_of_experts_are_one_node() -> None:
    report = pgaudit.audit(mixture(3_000), POLICIES["mmcv"])
    tensors = [Tensor(row.name, row.param.numel, id(row.setting), 0) for row in report.params]
    assert "{1..17}" in {node.name for node in nodes_of(tree_of("model", tensors).root)}

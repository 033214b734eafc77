"""The map of a model: its tree, each node with the colours and words of what is below it. What kinds of tensors there
are, how each looks and how it is told, a page says: what they get, or what happens to them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pgaudit.core.assignment import ParameterInfo
from pgaudit.render.html.tree import Node, Tensor, tree_of
from pgaudit.render.numbers import elements
from pgaudit.text import counted, visible


class Look(NamedTuple):
    """How a node is coloured."""

    style: str
    """A class of styles/map.css."""
    shade: int = 100
    """Of 100, how strong its colour is."""


_SEVERAL = Look("mixed")


class Colouring(NamedTuple):
    """One of the ways to colour a map."""

    key: str
    """What stands for it in the page's address."""
    title: str
    looks: Sequence[Look]
    """That of each kind of tensor."""


@dataclass(frozen=True)
class Telling:
    """What is told of the tensors of a map, each of which is of some kind."""

    colourings: Sequence[Colouring]
    """The page's own first."""
    legend: Mapping[str, str]
    """What each class of looks means."""
    words: Callable[[Mapping[int, int]], Iterable[str]]
    """Tells of a node, by how many tensors of which kind are below it."""


@dataclass(frozen=True)
class ModelMap:
    """A map, drawn."""

    data: Mapping[str, Any]
    """For the page's script, by the names in app/map.js."""
    leaf_of: Sequence[int]
    """The leaf of each parameter, from the first to the last."""
    sized: bool
    """Whether all sizes are known; else a node is as wide as it has tensors."""


def model_map(
    name: str, params: Sequence[ParameterInfo], kinds: Sequence[int], telling: Telling, taken: Collection[str] = ()
) -> ModelMap:
    """Returns the map.

    Args:
        name: what the whole is called.
        params: in the order of the model.
        kinds: that of each.
        telling: what is told of the kinds.
        taken: names that no folded one may look like.
    """
    makes: dict[Hashable, int] = {}
    tensors = [
        Tensor(param.name, param.numel, kind, makes.setdefault((param.shape, param.module_type), len(makes)))
        for param, kind in zip(params, kinds, strict=True)
    ]
    tree = tree_of(name, tensors, taken)
    drawing = _Drawing(telling, all(param.numel is not None for param in params))
    root = drawing.node(tree.root)
    data = {
        "root": root,
        "looks": [*drawing.numbers],
        "by": [(each.key, each.title) for each in telling.colourings],
        "legend": [*{**telling.legend, _SEVERAL.style: "several"}.items()],
    }
    return ModelMap(data, tree.leaf_of, drawing.sized)


@dataclass
class _Drawing:
    telling: Telling
    sized: bool
    numbers: dict[Look, int] = field(default_factory=dict)

    def node(self, node: Node) -> list[Any]:
        size = f"{counted(node.tensors, 'tensor')}{f', {elements(node.numel)} parameters' if self.sized else ''}"
        width = node.numel if self.sized else node.tensors
        looks = [self._look(each.looks, node.kinds) for each in self.telling.colourings]
        inside = [self.node(each) for each in node.inside]
        return [visible(node.name), width, size, [*self.telling.words(node.kinds)], looks, inside]

    def _look(self, looks: Sequence[Look], kinds: Iterable[int]) -> int:
        """What colour a node has: that of all below it, or none of its own."""
        found = {looks[kind] for kind in kinds}
        look = found.pop() if len(found) == 1 else _SEVERAL
        return self.numbers.setdefault(look, len(self.numbers))

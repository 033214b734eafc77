"""The modules of a model as a tree for a map: siblings of one make that get the same are one node, so that thousands of
experts do not vanish, and a huge model has no more nodes than can be seen.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Union

from pgaudit.names import fold_named

_DEEPEST = 12
"""Levels of modules; what is deeper is one node."""
_MOST_NODES = 2_500
_MOST_SIBLINGS = 250
"""Beyond, the smallest are one node."""
_ITSELF = "(itself)"
"""In a file, a parameter may be called as a module is."""


@dataclass(frozen=True)
class Tensor:
    """A parameter, as far as a tree asks."""

    name: str
    numel: int | None
    kind: int
    """What it gets."""
    make: int
    """Its shape, the class of its module."""


@dataclass
class Node:
    """A module, or several that are alike."""

    name: str
    """The last part of their names, folded."""
    tensors: int
    numel: int
    """Elements of all that are known."""
    kinds: Mapping[int, int]
    """How many tensors get what."""
    inside: list[Node] = field(default_factory=list)

    def leaves(self) -> Iterator[Node]:
        """Yields the nodes without others inside, from first to last."""
        if not self.inside:
            yield self
        for node in self.inside:
            yield from node.leaves()


@dataclass(frozen=True)
class Tree:
    """All modules."""

    root: Node
    leaf_of: Sequence[int]
    """The place of each tensor's leaf among all."""


def tree_of(name: str, tensors: Sequence[Tensor], taken: Collection[str] = ()) -> Tree:
    """Returns the tree.

    Args:
        name: what the whole is called.
        tensors: in the order of the model.
        taken: names that no folded one may look like.
    """
    shapes = _Shapes(tensors)
    return _Growing(shapes, taken).tree(name, shapes.whole)


_Modules = dict[str, Union[int, "_Modules"]]
"""Modules and tensors, by the next part of their names."""


@dataclass(frozen=True)
class _Part:
    """A module as it looks from within, whatever it is called: those that look alike share one."""

    parts: Sequence[tuple[str, int]]
    """What is inside: the name, and the number of its look. Nothing is inside of a tensor."""
    tensors: int
    numel: int
    kinds: Mapping[int, int]


class _Shapes:
    """How modules look, each look once; and the tensors so that those of a module are neighbours."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.tensors = tensors
        self.looks: list[_Part] = []
        self.order: list[int] = []
        self._numbers: dict[Hashable, int] = {}
        self.whole = self._look(_modules(tensors))

    def _look(self, inside: int | _Modules) -> int:
        if isinstance(inside, int):
            self.order.append(inside)
            tensor = self.tensors[inside]
            return self._numbered((tensor.kind, tensor.make, tensor.numel), tensor)
        parts = tuple([(name, self._look(part)) for name, part in inside.items()])
        inside.clear()  # a million tensors take room
        return self._numbered(parts, parts)

    def _numbered(self, key: Hashable, new: Tensor | tuple[tuple[str, int], ...]) -> int:
        number = self._numbers.setdefault(key, len(self.looks))
        if number == len(self.looks):
            self.looks.append(
                _Part((), 1, new.numel or 0, {new.kind: 1}) if isinstance(new, Tensor) else self._sum(new)
            )
        return number

    def _sum(self, parts: Sequence[tuple[str, int]]) -> _Part:
        kinds: Counter[int] = Counter()
        looks = [self.looks[number] for _, number in parts]
        for look in looks:
            kinds.update(look.kinds)
        return _Part(parts, sum(look.tensors for look in looks), sum(look.numel for look in looks), kinds)


def _modules(tensors: Sequence[Tensor]) -> _Modules:
    root: _Modules = {}
    for place, tensor in enumerate(tensors):
        inside = root
        *modules, own = tensor.name.split(".", _DEEPEST)
        for part in modules:
            found = inside.setdefault(part, {})
            if isinstance(found, int):
                found = inside[part] = {_ITSELF: found}
            inside = found
        if isinstance(held := inside.get(own), dict):
            inside, own = held, _ITSELF
        while own in inside:
            own += " "
        inside[own] = place
    return root


_Begins = Sequence[int]
"""Where the tensors of each module that a node stands for begin."""
_Those = Sequence[tuple[int, _Begins]]
"""The modules that a node stands for, by their look."""


class _Growing:
    """A tree that grows where it is largest, for as long as there is room."""

    def __init__(self, shapes: _Shapes, taken: Collection[str]) -> None:
        self.shapes = shapes
        self.taken = taken

    def tree(self, name: str, whole: int) -> Tree:
        root = self._node(name, whole, 1)
        waiting: list[tuple[int, int, Node, _Those]] = [(0, 0, root, [(whole, [0])])]
        held: dict[int, _Those] = {}
        room, count = _MOST_NODES, 0
        while waiting:
            _, _, node, those = heapq.heappop(waiting)
            held[id(node)] = those
            # What holds several looks has been joined for want of room.
            if len(those) > 1 or not self.shapes.looks[those[0][0]].parts:
                continue
            inside = self._inside(*those[0])
            if len(inside) > room:
                continue
            room -= len(inside)
            for child, its in inside:
                node.inside.append(child)
                count += 1
                heapq.heappush(waiting, (-(child.numel or child.tensors), count, child, its))
        for node in root.inside:
            _shorten(node, held)
        return Tree(root, self._leaf_of(root, held))

    def _node(self, name: str, look: int, times: int) -> Node:
        part = self.shapes.looks[look]
        kinds = {kind: many * times for kind, many in part.kinds.items()}
        return Node(name, part.tensors * times, part.numel * times, kinds)

    def _inside(self, look: int, begins: _Begins) -> list[tuple[Node, _Those]]:
        """The nodes inside some modules of one look: parts of one look are one, whatever stands between them."""
        alike: dict[int, list[tuple[str, int]]] = defaultdict(list)
        offset = 0
        for name, own in self.shapes.looks[look].parts:
            alike[own].append((name, offset))
            offset += self.shapes.looks[own].tensors
        found = []
        for own, parts in alike.items():
            # The dot tells a number from digits in a word.
            for fold in fold_named(((f".{name}", None, None, (name, at)) for name, at in parts), self.taken):
                spelled = fold.name[1:] if len(fold.rows) > 1 else fold.rows[0][0]
                places = [begin + at for begin in begins for _, at in fold.rows]
                found.append((fold.rows[0][1], self._node(spelled, own, len(places)), [(own, places)]))
        found.sort(key=lambda each: each[0])
        return self._joined([(node, those) for _, node, those in found])

    def _joined(self, nodes: list[tuple[Node, _Those]]) -> list[tuple[Node, _Those]]:
        if len(nodes) <= _MOST_SIBLINGS:
            return nodes
        order = sorted(range(len(nodes)), key=lambda at: -(nodes[at][0].numel or nodes[at][0].tensors))
        kept, rest = sorted(order[: _MOST_SIBLINGS - 1]), sorted(order[_MOST_SIBLINGS - 1 :])
        kinds: Counter[int] = Counter()
        for at in rest:
            kinds.update(nodes[at][0].kinds)
        several = [nodes[at][0] for at in rest]
        tensors, numel = sum(node.tensors for node in several), sum(node.numel for node in several)
        others = Node(f"({len(rest):,} others)", tensors, numel, kinds)
        return [*(nodes[at] for at in kept), (others, [each for at in rest for each in nodes[at][1]])]

    def _leaf_of(self, root: Node, held: Mapping[int, _Those]) -> list[int]:
        found = [0] * len(self.shapes.order)
        for place, leaf in enumerate(root.leaves()):
            for look, begins in held[id(leaf)]:
                many = self.shapes.looks[look].tensors
                for begin in begins:
                    for tensor in self.shapes.order[begin : begin + many]:
                        found[tensor] = place
        return found


def _shorten(node: Node, held: dict[int, _Those]) -> None:
    """Makes one node of a module and its only tensor: ``norm.weight``."""
    if len(node.inside) == 1 and not node.inside[0].inside:
        only = node.inside.pop()
        node.name = f"{node.name}.{only.name}"
        held[id(node)] = held[id(only)]
    for inside in node.inside:
        _shorten(inside, held)

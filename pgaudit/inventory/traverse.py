"""Every name of every parameter of a module tree, in the order in which torch and the constructors meet them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgaudit.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

MAX_VISITS = 1_000_000
"""Names in modules that have been met before. A module shared at every level of a deep tree is met exponentially often
by a walk that does not remember it; what a model has of its own may be as much as it likes.
"""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One name of one parameter."""

    prefix: str
    own: str
    tensor: Tensor
    owner: nn.Module
    parents: tuple[nn.Module, ...]
    """The modules around the owner, from the root down; one object for all children of a module."""
    again: bool
    """Whether a constructor's own walk would pass over this name."""

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.prefix}.{self.own}" if self.prefix else self.own


def occurrences(root: nn.Module, circles: list[str]) -> Iterator[Occurrence]:
    """Yields every name of every parameter.

    Depth first, own parameters before children.
    """
    stack = [_Step(root, "", ())]
    path: set[int] = set()
    known: set[int] = set()
    met = 0
    while stack:
        step = stack.pop()
        if step.leaving:
            path.discard(id(step.module))
            continue
        if id(step.module) in path:
            circles.append(step.prefix)
            continue
        path.add(id(step.module))
        shared = id(step.module) in known
        known.add(id(step.module))
        stack.append(_Step(step.module, step.prefix, (), leaving=True))
        for name, tensor, repeated in _own(step.module):
            met += shared
            yield Occurrence(step.prefix, name, tensor, step.module, step.parents, step.again or repeated)
        around = (*step.parents, step.module)
        children = [
            _Step(child, step.below(name), around, step.again or twice) for name, child, twice in _children(step.module)
        ]
        met += shared * len(children)
        if met > MAX_VISITS:
            raise ModelError(
                f"the model has more than {MAX_VISITS:,} further names; its modules share modules at many levels"
            )
        stack.extend(reversed(children))


@dataclass(frozen=True, slots=True)
class _Step:
    module: nn.Module
    prefix: str
    parents: tuple[nn.Module, ...]
    again: bool = False
    leaving: bool = False

    def below(self, name: str) -> str:
        return f"{self.prefix}.{name}" if self.prefix else name


def _own(module: nn.Module) -> Iterator[tuple[str, Tensor, bool]]:
    """Own parameters, then further names of the same tensors, which ``named_parameters()`` leaves out."""
    seen = set()
    for name, tensor in module.named_parameters(recurse=False):
        seen.add(name)
        yield name, tensor, False
    for name, further in module._parameters.items():
        if name not in seen and further is not None:
            yield name, further, True


def _children(module: nn.Module) -> Iterator[tuple[str, nn.Module, bool]]:
    """Children, then further names of the same children, which ``named_children()`` leaves out."""
    seen = set()
    for name, child in module.named_children():
        seen.add(name)
        yield name, child, False
    for name, further in module._modules.items():
        if name not in seen and further is not None:
            yield name, further, True

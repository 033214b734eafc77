"""Every name of every parameter of a module tree, in the order in which torch and the constructors meet them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pgaudit.core.errors import ModelError
from pgaudit.text import format_exception

if TYPE_CHECKING:
    from torch import Tensor, nn

Member = TypeVar("Member")
"""A tensor or a module."""

MAX_VISITS = 1_000_000
"""Names in modules that have been met before. A module shared at every level of a deep tree is met exponentially often
by a walk that does not remember it; what a model has of its own may be as much as it likes.
"""


class NamedTensor(NamedTuple):
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


_METHODS = (
    *("named_parameters", "parameters", "named_modules", "modules", "named_children", "children", "_named_members"),
    *("_parameters", "_modules", "__getattribute__"),
)
"""By which libraries list parameters, and on which these methods of torch's rely."""


@dataclass
class Seen:
    """What a walk has noticed beside parameters."""

    circles: list[str] = field(default_factory=list)
    """The modules that stand inside themselves."""
    overrides: bool = False
    """Whether a module lists its parameters or children in a way of its own, so that libraries may list others."""
    raised: str | None = None
    """What a module's own way of listing raised first."""
    _plain: set[type] = field(default_factory=set)

    def look_at(self, module: nn.Module) -> None:
        """Notes whether a module has such a way; cheap for all modules of a class that has none."""
        if self.overrides:
            return
        kind, own = type(module), module.__dict__
        if kind not in self._plain:
            from torch import nn

            if any(getattr(kind, name, None) is not getattr(nn.Module, name, None) for name in _METHODS):
                self.overrides = True
                return
            self._plain.add(kind)
        replaced = "named_parameters" in own or "named_children" in own or "named_modules" in own or "parameters" in own
        # A scripted module holds what is no dict in place of them.
        self.overrides = replaced or not (
            isinstance(own.get("_parameters"), dict) and isinstance(own.get("_modules"), dict)
        )


def occurrences(root: nn.Module, seen: Seen) -> Iterator[NamedTensor]:
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
            seen.circles.append(step.prefix)
            continue
        path.add(id(step.module))
        seen.look_at(step.module)
        shared = id(step.module) in known
        known.add(id(step.module))
        stack.append(_Step(step.module, step.prefix, (), leaving=True))
        for name, tensor, repeated in _own(step.module, seen):
            met += shared
            yield NamedTensor(step.prefix, name, tensor, step.module, step.parents, step.again or repeated)
        around = (*step.parents, step.module)
        children = [
            _Step(child, step.below(name), around, step.again or twice)
            for name, child, twice in _children(step.module, seen)
        ]
        met += shared * len(children)
        if met > MAX_VISITS:
            raise ModelError(
                f"the model has more than {MAX_VISITS:,} further names; its modules share modules at many levels"
            )
        stack.extend(reversed(children))


class _Step(NamedTuple):
    module: nn.Module
    prefix: str
    parents: tuple[nn.Module, ...]
    again: bool = False
    leaving: bool = False

    def below(self, name: str) -> str:
        return f"{self.prefix}.{name}" if self.prefix else name


def _own(module: nn.Module, seen: Seen) -> Iterable[tuple[str, Tensor, bool]]:
    """Own parameters, then further names of the same tensors, which ``named_parameters()`` leaves out."""
    if not seen.overrides:
        return _first_names(module._parameters)
    return _listed(module._parameters, lambda: module.named_parameters(recurse=False), seen)


def _children(module: nn.Module, seen: Seen) -> Iterable[tuple[str, nn.Module, bool]]:
    """Children, then further names of the same children, which ``named_children()`` leaves out."""
    if not seen.overrides:
        return _first_names(module._modules)
    return _listed(module._modules, module.named_children, seen)


def _first_names(members: Mapping[str, Member | None]) -> list[tuple[str, Member, bool]]:
    """What torch's own methods list, read where they read it (torch 2.15.0, ``nn/modules/module.py``,
    ``named_children`` and ``_named_members``): each member once, by its first name; the further names come last.
    """
    known: set[Member] = set()
    first, further = [], []
    for name, member in members.items():
        if member is None:
            continue
        if member in known:
            further.append((name, member, True))
        else:
            known.add(member)
            first.append((name, member, False))
    return first + further


def _listed(
    members: Mapping[str, Member | None], method: Callable[[], Iterable[tuple[str, Member]]], seen: Seen
) -> Iterator[tuple[str, Member, bool]]:
    """What a module's own method lists, then what it leaves out."""
    known = set()
    try:
        for name, member in method():
            known.add(name)
            yield name, member, False
    except Exception as error:  # an overridden method, which need not take the argument
        seen.raised = seen.raised or format_exception(error)
    for name, further in members.items():
        if name not in known and further is not None:
            yield name, further, True

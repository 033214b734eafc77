"""A report → small optimizers of the source's own class, to try on them what a checkpoint holds."""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgaudit.built.wrappers import changes_training, wrapped
from pgaudit.constructors import constructor_named
from pgaudit.core.plain import agree, plain
from pgaudit.optimizers import calls
from pgaudit.optimizers.classes import class_arguments
from pgaudit.report import Report
from pgaudit.user_code import suppress_output
from pgaudit.user_code.offline import without_network

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

Make = Callable[[list[dict[str, Any]]], "Optimizer"]
"""Builds an optimizer of the source's class on groups."""
MOST_DIMENSIONS = 8
_STEPS = 3
"""A class may begin to count after its first step."""


def makers(report: Report, index: int) -> tuple[Make, ...]:
    """Returns what builds the source's optimizer on other groups, the most faithful first; none where its class is not
    known.

    Args:
        report: of a config, or of optimizers in code.
        index: which of its optimizers.
    """
    if report.as_built is not None:
        objects = report.as_built.objects
        return _like(objects[index]) if index < len(objects) else ()
    config = report.config
    spec = constructor_named(config.constructor).optimizer(config)
    scope = config.architecture.scope if config.architecture else None
    call = calls.call_of(spec.type, spec.arguments, spec.factory, scope)
    return (lambda groups: calls.build(call, groups),)


def _like(optimizer: Any) -> tuple[Make, ...]:
    """Builds what a live optimizer is: with what is wrapped around it, if that changes the training, and without."""
    *around, inner = wrapped(optimizer)
    kind = type(inner)
    known = class_arguments(kind)
    arguments = {key: value for key, value in (getattr(inner, "defaults", None) or {}).items() if key in known}

    def make(groups: list[dict[str, Any]]) -> Optimizer:
        made: Optimizer = kind(groups, **arguments)
        return made

    wrappers: list[Any] = [type(each) for each in reversed(around) if changes_training(type(each))]

    def make_with_wrappers(groups: list[dict[str, Any]]) -> Optimizer:
        made = make(groups)
        for wrapper in wrappers:
            made = wrapper(made)
        return made

    return (make_with_wrappers, make) if wrappers else (make,)


@dataclass(frozen=True)
class StandIn:
    """An optimizer with one tensor, which has made a few steps."""

    make: Make
    values: Mapping[str, Any]
    """What its group holds."""
    dimensions: int
    """Of its tensor."""
    state_dict: Mapping[str, Any]
    """Its own, after the steps."""
    counters: frozenset[str]
    """The keys of its group that its steps have changed."""
    steps: bool = True
    """Whether it has made any; what needs a device or a process group is loaded alone."""

    @property
    def state(self) -> Mapping[str, Any]:
        """What it keeps of its tensor."""
        found: Mapping[str, Any] = self.state_dict["state"].get(0, {})
        return found

    def another(self) -> Optimizer:
        """Returns one that has made no step."""
        return _built(self.make, self.values, self.dimensions)


def stand_in(makes: Sequence[Make], values: Mapping[str, Any], dimensions: int) -> StandIn | None:
    """Returns a stand-in, of what makes steps if anything does; None where none can be built.

    Args:
        makes: what builds it, the most faithful first.
        values: what its group holds.
        dimensions: of its tensor.
    """
    dimensions = min(dimensions, MOST_DIMENSIONS)
    for make in makes:
        with contextlib.suppress(Exception):
            optimizer = _built(make, values, dimensions)
            counters: frozenset[str] = frozenset()
            for _ in range(_STEPS):
                counters |= stepped(optimizer)
            return StandIn(make, values, dimensions, optimizer.state_dict(), counters)
    for make in makes:
        with contextlib.suppress(Exception):
            still = _built(make, values, dimensions).state_dict()
            return StandIn(make, values, dimensions, still, frozenset(), steps=False)
    return None


def _built(make: Make, values: Mapping[str, Any], dimensions: int) -> Optimizer:
    import torch

    tensor = torch.ones([1] * dimensions, requires_grad=True)
    with quietly():
        return make([{**copy.deepcopy(dict(values)), "params": [tensor]}])


def stepped(optimizer: Optimizer) -> frozenset[str]:
    """Makes a step, and returns the keys of the first group that it has changed."""
    import torch

    for group in optimizer.param_groups:
        for tensor in group["params"]:
            gradient: Tensor = torch.full_like(tensor, 0.5)
            tensor.grad = gradient
    before = values_of(optimizer)
    with quietly():
        if _needs_closure(optimizer):
            optimizer.step(lambda: 1.0)
        else:
            optimizer.step()
    after = values_of(optimizer)
    return frozenset(key for key in after if key in before and agree(before[key], after[key]) is False)


def _needs_closure(optimizer: Optimizer) -> bool:
    """Whether a step asks for the loss, as those of L-BFGS and SAM do."""
    try:
        inspect.signature(optimizer.step).bind()
    except TypeError:
        return True
    except ValueError:  # no signature to be had
        pass
    return False


def values_of(optimizer: Optimizer) -> dict[str, Any]:
    """Returns what the first group holds, as plain values."""
    group = optimizer.param_groups[0]
    return {key: plain(group[key]) for key in group if key not in ("params", "param_names")}


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Neither words nor warnings of other people's code, and no network."""
    with suppress_output(), without_network():
        yield

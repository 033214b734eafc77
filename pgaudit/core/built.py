"""Optimizers as they were built, or as a checkpoint holds them: groups, what each holds, and the tensors in them.

No tensor and no torch: a live optimizer and a file of one are told in the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

BY_IDENTITY = "the model"
"""What says the names of an optimizer that holds the model's own tensors."""
BY_PARAM_NAMES = "param_names"
"""The groups' own names, as torch keeps them from 2.6 on."""
BY_FULL_NAMES = "fully qualified names"
"""The keys of a state that is loaded by name: ``set_optimizer_state_dict`` of torch.distributed."""


@dataclass(frozen=True, slots=True)
class BuiltTensor:
    """One tensor of a group; None for what nothing says of it."""

    name: str | None = None
    """Its name in the model, without the prefixes of wrappers."""
    aliases: tuple[str, ...] = ()
    """Its other names, and the name that a wrapper gives it."""
    shape: tuple[int, ...] | None = None
    """Its dimensions; in a checkpoint those of what the optimizer keeps of it, such as ``exp_avg``."""
    dtype: str | None = None
    trainable: bool | None = None
    has_state: bool | None = None
    """Whether the optimizer keeps anything of it: not before its first step."""
    steps: float | None = None
    """How many steps it has made."""
    shard: str | None = None
    """What holds only a part of it, or several parameters as one, so that its dimensions are not the parameter's:
    ``FSDP flat parameter``, ``FSDP shard`` or ``ZeRO-3 partition``.
    """
    whole_shapes: tuple[tuple[int, ...], ...] = ()
    """The dimensions of the parameters that a shard is of, where it says them."""
    identity: int | None = field(default=None, compare=False, repr=False)
    """A number that two places in groups share where they hold the same tensor; None where its name tells."""
    alike: bool = False
    """Whether its name may as well be another's: several parameters have its shape and train with the same, and nothing
    proves which of them it is.
    """
    state: tuple[tuple[str, tuple[int, ...] | None], ...] = ()
    """What the optimizer keeps of it, by name, in a checkpoint: the dimensions of a tensor, None for what is none."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What the optimizer decides for this tensor alone, such as ``use_muon``."""


@dataclass(frozen=True, slots=True)
class BuiltGroup:
    """One entry of ``param_groups``."""

    values: Mapping[str, Any]
    """Every hyperparameter that it holds, in its order; without ``params`` and ``param_names``."""
    tensors: tuple[BuiltTensor, ...]


@dataclass(frozen=True, slots=True)
class BuiltOptimizer:
    """One optimizer."""

    groups: tuple[BuiltGroup, ...]
    type: str | None = None
    """The bare name of its class; a checkpoint does not say it."""
    key: str = ""
    """Where it stands among others: ``optimizer_states[0]`` in a file, a mapping's key in code."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What its groups hold unless they say otherwise: the optimizer's own ``defaults``."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The arguments of its class that are not the class's own defaults, and always lr and weight decay."""
    own_defaults: Mapping[str, Any] = field(default_factory=dict)
    """The defaults of its class, by argument; empty where nothing says them."""
    unread: frozenset[str] = frozenset()
    """The keys of its groups that neither its class nor a scheduler looks for, such as a name; none where nothing says
    it.
    """
    names_from: str | None = None
    """What says the names of its tensors: ``param_names``, ``the model``, ``fully qualified names`` ...; None where
    nothing does.
    """
    unproven: str | None = None
    """Why its tensors do not have the names of the model that was named, as a clause; None where they have, and where
    no model was named.
    """
    further: Mapping[str, Any] = field(default_factory=dict)
    """What its state holds in a checkpoint beside groups and states, such as a version of its own."""
    stray: int = 0
    """How many states a checkpoint has of no tensor in its groups: they are loaded for nobody."""

    @property
    def tensors(self) -> Iterator[BuiltTensor]:
        """Yields the tensors of all groups, in the order in which ``state_dict()`` counts them."""
        for group in self.groups:
            yield from group.tensors

    def named(self, places: Sequence[BuiltTensor], names_from: str) -> BuiltOptimizer:
        """Returns it with a model's names for its tensors, and what it keeps of each.

        Args:
            places: the model's tensors, in the order of its own.
            names_from: what says so.
        """
        rest = iter(places)
        groups = tuple(
            BuiltGroup(group.values, tuple(_with_state_of(next(rest), tensor) for tensor in group.tensors))
            for group in self.groups
        )
        return replace(self, groups=groups, names_from=names_from)


def _with_state_of(place: BuiltTensor, tensor: BuiltTensor) -> BuiltTensor:
    return replace(place, has_state=tensor.has_state, steps=tensor.steps, state=tensor.state, extra=tensor.extra)


@dataclass(frozen=True, slots=True)
class SchedulerState:
    """What a file holds of a scheduler."""

    key: str
    """Where it stands in the file."""
    values: Mapping[str, Any]
    """Its plain values, such as ``last_epoch`` and ``base_lrs``."""


@dataclass(frozen=True)
class Checkpoint:
    """What a file or folder holds of a training run."""

    path: str
    layout: str
    """What wrote it, as a person calls it: ``torch.save``, ``Lightning``, ``DCP`` ..."""
    optimizers: tuple[BuiltOptimizer, ...]
    parameters: Mapping[str, BuiltTensor] = field(default_factory=dict)
    """The model's own tensors by name, where it holds them, in its order. Buffers may be among them."""
    schedulers: tuple[SchedulerState, ...] = ()
    notes: tuple[str, ...] = ()
    """What its reader should know."""


def place(optimizer: int, group: int, index: int) -> str:
    """Returns what a tensor without a name is called: ``group 0 [3]``, or ``optimizer 1 group 0 [3]``."""
    return f"{f'optimizer {optimizer} ' if optimizer else ''}group {group} [{index}]"


def names_in_groups(
    optimizers: Sequence[BuiltOptimizer], known: Iterable[str] = ()
) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Returns what each tensor is called, by optimizer, group and place: by its own name, or after its place. The same
    tensor is called the same everywhere, and two tensors never are.

    Args:
        optimizers: in their order.
        known: the names that are the model's; a tensor of another model is not called so.
    """
    first: dict[int, str] = {}
    owners: dict[str, int | None] = dict.fromkeys(known)

    def called(tensor: BuiltTensor, otherwise: str) -> str:
        if tensor.identity in first:
            return first[tensor.identity]
        name = tensor.name
        if name is None or owners.setdefault(name, tensor.identity) != tensor.identity:
            name = otherwise
        if tensor.identity is not None:
            first[tensor.identity] = name
        return name

    return tuple(
        tuple(
            tuple(called(tensor, place(at, index, number)) for number, tensor in enumerate(group.tensors))
            for index, group in enumerate(optimizer.groups)
        )
        for at, optimizer in enumerate(optimizers)
    )

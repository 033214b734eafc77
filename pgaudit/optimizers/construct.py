"""Optimizers, built on stand-in tensors.

A class's own ``__init__`` is the only true source of what it fills into a group and of what it refuses (an unknown
argument, a bad beta, nesterov without momentum, Muon's 1-d tensors, L-BFGS with several groups), so it is asked, on
meta tensors of no cost.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pgaudit.core.findings import meant
from pgaudit.optimizers.classes import OptimizerError, is_library_class, qualified
from pgaudit.optimizers.groups import GroupValues, SampleGroup, TensorKind, settings_in
from pgaudit.text import format_exception, visible
from pgaudit.user_code import suppress_output

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer


def filled_in(kind: type[Optimizer], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns all that the class fills into a group without settings of its own, under its own keys.

    Raises:
        OptimizerError: the class refuses the arguments.
    """
    optimizer = _tried(kind, [SampleGroup((), (TensorKind((1, 1), "float32"),))], arguments)
    return {key: value for key, value in optimizer.param_groups[0].items() if key != "params"}


def try_groups(kind: type[Optimizer], arguments: Mapping[str, Any], groups: Sequence[SampleGroup]) -> list[GroupValues]:
    """Builds the optimizer on stand-ins, and returns what each group then holds.

    Raises:
        OptimizerError: the class refuses them.
    """
    return [settings_in(group) for group in _tried(kind, groups, arguments).param_groups[: len(groups)]]


def _tried(kind: type[Optimizer], groups: Sequence[SampleGroup], arguments: Mapping[str, Any]) -> Optimizer:
    """Meta tensors cost nothing, but a class that reads a value cannot have them."""

    def built_on(device: str) -> Optimizer:
        params = [{"params": [stand_in(t, device) for t in group.tensors], **dict(group.settings)} for group in groups]
        return made(untraced(kind), params, arguments)

    try:
        return built_on("meta")
    except OptimizerError as error:
        if "meta" not in str(error):
            raise
        return built_on("cpu")


def untraced(kind: type[Optimizer]) -> type[Optimizer]:
    """Returns a class that does just what ``kind`` does, without a word to torch's compiler, which traces nothing here.

    ``add_param_group`` is decorated (torch 2.15, ``torch/_compile.py``): its first call imports ``torch._dynamo``, and
    takes nearly as long as the import of torch itself. A class that is not torch's or timm's is left as it is, and so
    is one whose ``add_param_group`` is another.
    """
    decorated: Any = kind.add_param_group
    by_torch = getattr(decorated, "__globals__", {}).get("__name__") == "torch._compile"
    if not by_torch or not is_library_class(qualified(kind)):
        return kind
    own = {"add_param_group": decorated.__wrapped__, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), own)


def stand_in(kind: TensorKind, device: str) -> Tensor:
    """Returns a tensor of that kind, which trains if it can."""
    import torch

    dtype = getattr(torch, kind.dtype)
    trains = dtype.is_floating_point or dtype.is_complex
    tensor = torch.empty(kind.shape, device=device, dtype=dtype, requires_grad=trains)
    return tensor if kind.leaf else tensor * 1


def made(kind: type[Optimizer], params: list[Any], arguments: Mapping[str, Any]) -> Optimizer:
    """Calls the class.

    Raises:
        OptimizerError: it refuses.
    """
    try:
        with suppress_output():
            return kind(params, **arguments)
    except Exception as error:
        known = [name for name in _parameters(kind) if name != "params"]
        culprit = next((argument for argument in arguments if known and argument not in known), None)
        hint = meant(culprit, known) if culprit else None
        raise OptimizerError(
            f"{visible(kind.__name__)} would raise {format_exception(error)}",
            hint,
            culprit or _mentioned(str(error), arguments),
            # Whatever else is raised may be about the machine: its memory, its devices.
            lasting=isinstance(error, (TypeError, ValueError)) and is_library_class(qualified(kind)),
        ) from error


def _parameters(kind: type) -> list[str]:
    try:
        signature = inspect.signature(kind)
    except (TypeError, ValueError):
        return []
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature.parameters.values())
    return [] if open_ended else list(signature.parameters)


def _mentioned(message: str, arguments: Mapping[str, Any]) -> str | None:
    plain = message.lower().replace(" ", "_").replace("learning_rate", "lr")
    longest_first = sorted(arguments, key=len, reverse=True)
    return next((argument for argument in longest_first if argument.lower().rstrip("s") in plain), None)

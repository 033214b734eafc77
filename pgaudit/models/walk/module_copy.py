"""A copy of a module, so that its forward pass can be tried without anything happening to the module."""

from __future__ import annotations

import contextlib
import enum
import io
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, NoneType
from typing import TYPE_CHECKING, Any

from pgaudit.user_code import suppress_output

if TYPE_CHECKING:
    from torch import Tensor, nn

_MOST_ELEMENTS = 1 << 20
_PLAIN = (NoneType, bool, int, float, complex, str, bytes, type, enum.Enum)


@contextlib.contextmanager
def isolated() -> Iterator[Callable[[], None]]:
    """Keeps what foreign code prints and draws to itself.

    Yields a function that puts torch's and Python's generators back; numpy's, which takes long, is put back at the end.
    """
    import torch

    numpys = sys.modules.get("numpy.random")
    states = torch.get_rng_state(), random.getstate(), numpys and numpys.get_state()

    def rewind() -> None:
        torch.set_rng_state(states[0])
        random.setstate(states[1])

    with suppress_output(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            with torch.device("cpu"):
                yield rewind
        finally:
            rewind()
            if numpys:
                numpys.set_state(states[2])


def copy_of(module: nn.Module, *, training: bool) -> nn.Module:
    """Returns a module of the same class on the CPU that shares no state with the first.

    Its parameters and floating-point buffers are ones in float32, other buffers zeros. It has no hooks. What cannot be
    copied safely is left out: a deep copy would follow any reference to a whole model.

    Raises:
        Exception: whatever the class raises.
    """
    return _copy_of(module, training, {})


def _copy_of(module: nn.Module, training: bool, made: dict[int, nn.Module]) -> nn.Module:
    from torch import nn

    if id(module) in made:
        return made[id(module)]
    kind = type(module)
    fresh: nn.Module = object.__new__(kind)
    made[id(module)] = fresh
    nn.Module.__init__(fresh)
    state = vars(fresh)
    own = {name: value for name, value in vars(module).items() if name not in state}
    state.update(_copies(own))
    state["training"] = training
    state["_compiled_call_impl"] = MethodType(kind.forward, fresh)  # a child's call: past the hooks on all modules, too
    for name, parameter in module._parameters.items():
        fresh._parameters[name] = (
            None if parameter is None else nn.Parameter(_copy_of_tensor(parameter), requires_grad=False)
        )
    fresh._buffers.update(_copies(module._buffers))
    for name, child in module._modules.items():
        fresh._modules[name] = None if child is None else _copy_of(child, training, made)
    return fresh


def _copy_of_tensor(tensor: Tensor) -> Tensor:
    import torch

    if tensor.is_floating_point():
        return torch.ones(tuple(tensor.shape), dtype=torch.float32, device="cpu")
    return torch.zeros(tuple(tensor.shape), dtype=tensor.dtype, device="cpu")


def _copies(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers, texts, functions, tensors of ordinary size, and one level of lists and the like of those."""
    import torch

    plain = (*_PLAIN, torch.dtype, torch.device)
    copies: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, torch.Tensor):
            if value.numel() <= _MOST_ELEMENTS:
                copies[name] = _copy_of_tensor(value)
        elif type(value) in (list, set, dict):
            inside = value.values() if isinstance(value, dict) else value
            if all(_is_plain(each, plain) for each in inside):
                copies[name] = value.copy()
        elif _is_plain(value, plain):
            copies[name] = value
    return copies


def _is_plain(value: object, plain: tuple[type, ...]) -> bool:
    if isinstance(value, tuple):
        return all(_is_plain(each, plain) for each in value)
    if isinstance(value, FunctionType):
        return value.__closure__ is None  # one with a closure may reach the first
    if isinstance(value, BuiltinFunctionType):
        return isinstance(value.__self__, (NoneType, type, ModuleType))  # and so may a method
    return isinstance(value, plain)

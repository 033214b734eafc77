"""Modules that list their parameters or children in ways of their own. Each way changes one module of a tree, at its
path, on both sides alike.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

Pairs = Iterator[tuple[str, Any]]


def _stripped(self: Any, *args: Any, **kwargs: Any) -> Pairs:
    for name, tensor in nn.Module.named_parameters(self, *args, **kwargs):
        yield name.partition(".")[2] or name, tensor


def _prefixed(self: Any, *args: Any, **kwargs: Any) -> Pairs:
    for name, tensor in nn.Module.named_parameters(self, *args, **kwargs):
        yield f"norm.x_{name}", tensor


def _reversed(self: Any, *args: Any, **kwargs: Any) -> Pairs:
    return reversed(list(nn.Module.named_parameters(self, *args, **kwargs)))


def _first_half(self: Any, *args: Any, **kwargs: Any) -> Pairs:
    found = list(nn.Module.named_parameters(self, *args, **kwargs))
    yield from found[: (len(found) + 1) // 2]


def _twice(self: Any, *args: Any, **kwargs: Any) -> Pairs:
    found = list(nn.Module.named_parameters(self, *args, **kwargs))
    yield from found
    yield from ((f"again.{name}", tensor) for name, tensor in found)


def _without_arguments(self: Any) -> Pairs:
    return nn.Module.named_parameters(self)


def _raising(self: Any, *args: Any, **kwargs: Any) -> Pairs:
    raise RuntimeError("no list")


def _trainable_only(self: Any, recurse: bool = True) -> Iterator[nn.Parameter]:
    return (tensor for tensor in nn.Module.parameters(self, recurse) if tensor.requires_grad)


def _no_children(self: Any) -> Pairs:
    return iter(())


def _renamed_children(self: Any) -> Pairs:
    for name, child in nn.Module.named_children(self):
        yield f"{name}_norm", child


def _only_itself(self: Any, memo: Any = None, prefix: str = "", remove_duplicate: bool = True) -> Pairs:
    yield prefix, self


def _all_but_the_last(self: Any, memo: Any = None, prefix: str = "", remove_duplicate: bool = True) -> Pairs:
    found = list(nn.Module.named_modules(self, memo, prefix, remove_duplicate))
    yield from found[: max(1, len(found) - 1)]


_METHODS: dict[str, tuple[str, Any]] = {
    "stripped": ("named_parameters", _stripped),
    "prefixed": ("named_parameters", _prefixed),
    "reversed": ("named_parameters", _reversed),
    "first half": ("named_parameters", _first_half),
    "twice": ("named_parameters", _twice),
    "without arguments": ("named_parameters", _without_arguments),
    "raising": ("named_parameters", _raising),
    "trainable only": ("parameters", _trainable_only),
    "no children": ("named_children", _no_children),
    "renamed children": ("named_children", _renamed_children),
    "only itself": ("named_modules", _only_itself),
    "all but the last": ("named_modules", _all_but_the_last),
    "module raises": ("module", property(_raising)),
    "module is missing": ("module", property(lambda self: self.nowhere)),
}


def _overriding(module: nn.Module, way: str) -> nn.Module:
    kind = type(module)
    name, method = _METHODS[way]
    module.__class__ = type(kind.__name__, (kind,), {name: method, "__module__": kind.__module__})
    return module


def _on_the_instance(module: nn.Module, way: str) -> nn.Module:
    name, method = _METHODS[way]
    vars(module)[name] = method.__get__(module)
    return module


def _scripted(module: nn.Module) -> nn.Module:
    """A module without a forward pass that TorchScript understands stays what it is."""
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated
        scripted: nn.Module = torch.jit.script(module)
        return scripted
    return module


def _frozen(module: nn.Module) -> nn.Module:
    for tensor in tensors(module).values():
        with contextlib.suppress(RuntimeError):  # one that is computed
            tensor.requires_grad_(False)
    return module


def _compiled(module: nn.Module) -> nn.Module:
    compiled: Any = torch.compile(module, backend="eager")
    assert isinstance(compiled, nn.Module)
    return compiled


_WHOLE: dict[str, Callable[[nn.Module], nn.Module]] = {
    "checkpoint_wrapper": checkpoint_wrapper,
    "data parallel": lambda module: nn.DataParallel(module, device_ids=[]),
    "compiled": _compiled,
    "scripted": _scripted,
    "frozen": _frozen,
}

WAYS = (*_METHODS, *(f"{way} of the instance" for way in _METHODS if "module" not in way), *_WHOLE)
USUAL = ("checkpoint_wrapper", "checkpoint_wrapper", "frozen", "stripped", "first half", "scripted")


def listing_otherwise(module: nn.Module, way: str) -> nn.Module:
    """Returns the module, changed, or another around it."""
    if way in _WHOLE:
        return _WHOLE[way](module)
    if way.endswith(" of the instance"):
        return _on_the_instance(module, way.removesuffix(" of the instance"))
    return _overriding(module, way)


def on_meshes(model: nn.Module, meshes: dict[str, str]) -> None:
    """Lays parameters on device meshes of one process, each of which has a name."""
    from torch import distributed
    from torch.distributed.device_mesh import DeviceMesh
    from torch.distributed.tensor import Replicate, distribute_tensor

    store = distributed.HashStore()  # type: ignore[attr-defined]
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        for name, mesh in meshes.items():
            owner, _, own = name.rpartition(".")
            whole = torch.empty(model.get_parameter(name).shape, device="cpu")
            placed = distribute_tensor(whole, DeviceMesh("cpu", [0], mesh_dim_names=(mesh,)), [Replicate()])
            model.get_submodule(owner).register_parameter(own, nn.Parameter(placed))
    finally:
        distributed.destroy_process_group()


def tensors(root: nn.Module) -> dict[str, nn.Parameter]:
    """All parameters by the names that the modules' own dicts give them, whatever their methods say; the first name
    of tied ones.
    """
    found: dict[str, nn.Parameter] = {}
    _gather(root, "", found, {}, set())
    return found


def _gather(module: Any, prefix: str, found: dict[str, Any], known: dict[int, str], path: set[int]) -> None:
    for name, tensor in module._parameters.items():
        if tensor is not None and id(tensor) not in known:
            known[id(tensor)] = prefix + name
            found[prefix + name] = tensor
    for name, child in module._modules.items():
        if child is not None and id(child) not in path:
            _gather(child, f"{prefix}{name}.", found, known, {*path, id(child)})

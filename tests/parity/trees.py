"""Builds a model from a description that fits into JSON.

The tests and the oracle processes both build from the same description, so that a difference in
the outcome can only come from the constructors under comparison.

A description is one of::

    {"timm": "resnet18"}
    {"root": NODE, "shares": [...], "ties": [...], "frozen": [...], "says": {...},
     "lists": [...], "wrapped": true}

    NODE    {"kind": "Conv2d", "args": [2, 4, 1], "kwargs": {...},
             "children": [[name, NODE or None], ...], "params": [[name, shape], ...]}
    shares  [parent path, new child name, path of the module that is registered a second time]
    ties    [parameter to replace, parameter to put there]
    frozen  [parameter, ...]
    says    what timm asks of a model: {"no_weight_decay": [name, ...], "group_matcher": {...}, "pretrained_cfg": {}};
            a text in place of a list or mapping is the name of a function of `tests.parity.modules`
    lists   [path of a module, how it lists its parameters otherwise: one of `tests.parity.overrides.WAYS`]
    meshes  {parameter: name of the device mesh on which it lies}
    wrapped whether it is the child `net` of another module; for a timm model, too
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from tests.parity import modules, overrides

Node = dict[str, Any]
Spec = dict[str, Any]

_SPECIAL: dict[str, Callable[..., nn.Module]] = {
    "ParameterList": lambda *shapes: nn.ParameterList(modules.parameter(*s) for s in shapes),
    "ParameterDict": lambda **shapes: nn.ParameterDict(
        {name: modules.parameter(*shape) for name, shape in shapes.items()}
    ),
    # A parametrised module is of a class made on the spot, with its parameters in a grandchild.
    "WeightNormConv2d": lambda *args, **kwargs: weight_norm(nn.Conv2d(*args, **kwargs)),
}


def node(kind: str, *args: Any, **kwargs: Any) -> Node:
    """The description of one module without children."""
    return {"kind": kind, "args": list(args), "kwargs": kwargs}


def block(kind: str = "Block", /, **members: Node | list[int] | None) -> Node:
    """A container: a node is a child, a list is the shape of a parameter of its own."""
    return {
        "kind": kind,
        "children": [[k, v] for k, v in members.items() if not isinstance(v, list)],
        "params": [[k, v] for k, v in members.items() if isinstance(v, list)],
    }


def build(spec: Spec) -> nn.Module:
    """The model of a description, on the meta device: nothing is allocated or initialised."""
    with torch.device("meta"):
        if "timm" in spec:
            import timm

            timm_model: nn.Module = timm.create_model(spec["timm"], pretrained=False)
            return _wrapped(timm_model) if spec.get("wrapped") else timm_model
        model = _module(spec["root"])
    for parent, name, source in spec.get("shares", ()):
        model.get_submodule(parent).add_module(name, model.get_submodule(source))
    for target, source in spec.get("ties", ()):
        owner, _, name = target.rpartition(".")
        model.get_submodule(owner).register_parameter(name, model.get_parameter(source))
    for name in spec.get("frozen", ()):
        model.get_parameter(name).requires_grad_(False)
    _teach(model, spec.get("says", {}))
    if "meshes" in spec:
        overrides.on_meshes(model, spec["meshes"])
    for path, way in sorted(spec.get("lists", ()), key=lambda entry: -len(entry[0])):  # what is inside, first
        above, _, name = path.rpartition(".")
        changed = overrides.listing_otherwise(model.get_submodule(path), way)
        if path:
            model.get_submodule(above)._modules[name] = changed
        else:
            model = changed
    return _wrapped(model) if spec.get("wrapped") else model


def _teach(model: nn.Module, says: dict[str, Any]) -> None:
    answers = dict(says)
    if "pretrained_cfg" in answers:
        vars(model)["pretrained_cfg"] = answers.pop("pretrained_cfg")
    for method, answer in answers.items():
        if isinstance(answer, str):
            vars(model)[method] = getattr(modules, answer)
        else:
            vars(model)[method] = lambda coarse=False, answer=answer: answer


def _wrapped(model: nn.Module) -> nn.Module:
    outer = modules.Block()
    outer.add_module("net", model)
    return outer


def unwrapped(model: nn.Module) -> nn.Module:
    """What the OpenMMLab constructors look at: `.module`, where there is an attribute so called."""
    inner: nn.Module = getattr(model, "module", model)
    return inner


def _module(node: Node) -> nn.Module:
    kind = node["kind"]
    factory = _SPECIAL.get(kind) or getattr(modules, kind, None) or getattr(nn, kind)
    module: nn.Module = factory(*node.get("args", ()), **node.get("kwargs", {}))
    for name, shape in node.get("params", ()):
        module.register_parameter(name, modules.parameter(*shape))
    for name, child in node.get("children", ()):
        module.add_module(name, None if child is None else _module(child))
    return module


def data_parallel(model: nn.Module) -> nn.Module:
    """The wrapper that training scripts use; without an accelerator it only wraps."""
    return nn.DataParallel(model, device_ids=[])

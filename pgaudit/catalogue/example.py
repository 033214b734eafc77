"""An example: one small model under every constructor, each told in its own words to leave norms and biases without
weight decay, and what then really has it. The table shows that the words do not mean the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.config import load_config
from pgaudit.constructors import CONSTRUCTORS, OptimizerDefaults
from pgaudit.core.parameters import Conv, Hints, Inventory, ModuleType, Parameter, Visit
from pgaudit.models.walk.families import NORM_LIKE, families_of

_BASE = {"type": "SGD", "lr": 1.0, "weight_decay": 1.0}


def asked() -> dict[str, dict[str, Any]]:
    """Returns the config of each built-in constructor."""
    found = {name: dict(each.example) for name, each in CONSTRUCTORS.items() if each.example is not None}
    for config in found.values():
        if "solver" not in config:
            config["optimizer"] = {**_BASE, **config.get("optimizer", {})}
    return found


BASE_VALUES = OptimizerDefaults(1.0, 1.0)


@dataclass(frozen=True)
class SampleParameter:
    """One sort of parameter, in the model."""

    what: str
    name: str
    shape: tuple[int, ...]
    owner: Sequence[str]
    """The qualified names of the module's class and its bases."""
    norm_like: bool = False
    conv: Conv | None = None
    trainable: bool = True


_MODULE = "torch.nn.modules.module.Module"
_CONV = ("torch.nn.modules.conv.Conv2d", _MODULE)
_BATCH = ("torch.nn.modules.batchnorm.BatchNorm2d", "torch.nn.modules.batchnorm._BatchNorm", _MODULE)
_LINEAR = ("torch.nn.modules.linear.Linear", _MODULE)
_RMS = ("torch.nn.modules.normalization.RMSNorm", _MODULE)
_OWN = ("model.Block", _MODULE)
_DEPTHWISE = Conv(8, 8, 8)

SORTS = (
    SampleParameter("a convolution's weight", "stem.weight", (8, 3, 3, 3), _CONV, conv=Conv(3, 8, 1)),
    SampleParameter("its bias", "stem.bias", (8,), _CONV, conv=Conv(3, 8, 1)),
    SampleParameter("a batch norm's weight", "bn.weight", (8,), _BATCH),
    SampleParameter("its bias", "bn.bias", (8,), _BATCH),
    SampleParameter("a depthwise convolution's weight", "dw.weight", (8, 1, 3, 3), _CONV, conv=_DEPTHWISE),
    SampleParameter("its bias", "dw.bias", (8,), _CONV, conv=_DEPTHWISE),
    SampleParameter("the weight of torch's RMSNorm, called `norm`", "blocks.0.norm.weight", (8,), _RMS, norm_like=True),
    SampleParameter("the same, called `ln_1`", "blocks.0.ln_1.weight", (8,), _RMS, norm_like=True),
    SampleParameter("a vector `gamma`", "blocks.0.gamma", (8,), _OWN),
    SampleParameter("a table `relative_position_bias_table`", "blocks.0.relative_position_bias_table", (9, 2), _OWN),
    SampleParameter("a vector `q_bias`", "blocks.0.q_bias", (8,), _OWN),
    SampleParameter("`pos_embed`, which no_weight_decay() names", "pos_embed", (1, 9, 8), _OWN),
    SampleParameter("a frozen weight", "head.weight", (2, 8), _LINEAR, trainable=False),
)


def inventory() -> Inventory:
    """Returns the model, as data."""
    types: dict[tuple[str, ...], ModuleType] = {}

    def module(sort: SampleParameter) -> ModuleType:
        bases = tuple(sort.owner)
        families = families_of(bases) | ({NORM_LIKE} if sort.norm_like else set())
        return types.setdefault(bases, ModuleType(bases[0], bases, frozenset(families)))

    root = ModuleType("model.Model", ("model.Model", _MODULE), frozenset())
    parameters, visits = [], []
    for index, sort in enumerate(SORTS):
        prefix, _, own = sort.name.rpartition(".")
        parameters.append(Parameter(sort.name, sort.shape, "float32", sort.trainable, module(sort), numel=8))
        visits.append(Visit(prefix, own, index, module(sort), (root,) if prefix else (), sort.conv, len(sort.shape)))
    whole = tuple(range(len(SORTS)))
    # One layer for all, below a backbone that layer decay knows: the weight decay is what the sample is about.
    depths = {sort.name: (0, 1) for sort in SORTS}
    hints = Hints(no_weight_decay=("pos_embed",), layer_depths=depths, backbone="ConvNeXt")
    return Inventory(tuple(parameters), tuple(visits), whole, root, "sample", "module", hints=hints)


def decays() -> dict[str, list[float | None]]:
    """Returns the weight decay of each sort under each constructor, of a base of 1; None where it is in no group."""
    model = inventory()
    found = {}
    for name, config in asked().items():
        assignment = CONSTRUCTORS[name].decide(model, load_config({"constructor": name, **config}), BASE_VALUES)
        found[name] = [decision.setting.weight_decay for decision in assignment.params]
    return found

"""Module classes that the comparisons need beside torch's own: look-alikes, subclasses, stand-ins.

Imported by the tests and by the oracle processes, so that both sides see the same classes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import nn


def parameter(*shape: int) -> nn.Parameter:
    """An uninitialised parameter: no comparison ever looks at a value."""
    return nn.Parameter(torch.empty(shape))


class Block(nn.Module):
    """Any module of a user's own: children and parameters are added from outside."""


class PropertyWrapper(nn.Module):
    """Offers a `module` that is no registered child: the real constructor only asks `hasattr`."""

    @property
    def module(self) -> nn.Module:
        return self.get_submodule("inner")


class MethodNamedModule(nn.Module):
    """Has something called `module` that is not a module at all."""

    def module(self) -> None: ...


class HandWrittenNorm(nn.Module):
    """A norm by name and purpose that no isinstance test recognises."""

    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.weight = parameter(width)
        self.bias = parameter(width)


class GlobalResponseNorm(nn.Module):
    """As ConvNeXt-V2 has it: not a norm to the constructors, and nothing called `bias`."""

    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.gamma = parameter(width)
        self.beta = parameter(width)


class SubclassedBatchNorm(nn.BatchNorm2d):
    """A norm to isinstance, whatever it is called."""


class StandardizedConv2d(nn.Conv2d):
    """A Conv2d to isinstance, so its depth-wise form counts."""


class AlibiAttention(nn.Module):
    """Biases that are not called `bias`, and one that is."""

    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.q_bias = parameter(width)
        self.relative_position_bias_table = parameter(3, width)
        self.weight = parameter(width, width)
        self.bias = parameter(width)


class _Convolution(nn.Module):
    """The parameters of a convolution, without being torch's."""

    def __init__(self, channels: int = 2, groups: int = 1, bias: bool = True) -> None:
        super().__init__()
        self.in_channels = channels
        self.groups = groups
        self.weight = parameter(channels, channels, 1, 1)
        self.register_parameter("bias", parameter(channels) if bias else None)


def _named(name: str, module: str, base: type[nn.Module]) -> type[nn.Module]:
    return type(name, (base,), {"__module__": module})


# Same bare names as torch's classes, and not those classes.
FakeConv2d = _named("Conv2d", "models.layers", _Convolution)
FakeBatchNorm2d = _named("BatchNorm2d", "models.layers", HandWrittenNorm)

# mmcv's deformable convolutions need compiled operators. The constructor only asks what they are,
# so classes of the same qualified names do.
DeformConv2d = _named("DeformConv2d", "mmcv.ops.deform_conv", _Convolution)
DeformConv2dPack = _named("DeformConv2dPack", "mmcv.ops.deform_conv", DeformConv2d)
ModulatedDeformConv2d = _named("ModulatedDeformConv2d", "mmcv.ops.modulated_deform_conv", _Convolution)
ModulatedDeformConv2dPack = _named("ModulatedDeformConv2dPack", "mmcv.ops.modulated_deform_conv", ModulatedDeformConv2d)
UserDeformPack = _named("UserDeformPack", "models.layers", ModulatedDeformConv2dPack)
# torchvision's has the name but is not what mmcv asks for.
OtherDeformConv2d = _named("DeformConv2d", "torchvision.ops.deform_conv", _Convolution)


class HeadOnly(nn.Module):
    """Trains its head only, by the way it lists its parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Linear(2, 2)
        self.head = nn.Linear(2, 2)

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        return self.head.parameters(recurse)


class DottedNames(nn.Module):
    """Lists parameters of a hidden child as its own, under names with a dot."""

    def __init__(self) -> None:
        super().__init__()
        self._hidden = [nn.Linear(2, 2)]

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, nn.Parameter]]:
        start = f"{prefix}." if prefix else ""
        for name, tensor in self._hidden[0].named_parameters():
            yield f"{start}a.{name}", tensor


class OddConv2d(nn.Conv2d):
    """A Conv2d that forgot some of its numbers."""

    def __init__(self, *forgotten: str) -> None:
        super().__init__(2, 2, 1)
        for name in forgotten:
            delattr(self, name)


class LayerNormBlock(nn.LayerNorm):
    """A LayerNorm with children of its own."""

    def __init__(self) -> None:
        super().__init__(2)


class HeadOnlyNamed(HeadOnly):
    """The same by the names that it gives."""

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, nn.Parameter]]:
        for name, tensor in super().named_parameters(prefix, recurse, remove_duplicate):
            if recurse is False or "head" in name:
                yield name, tensor

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        for _, tensor in self.named_parameters(recurse=recurse):
            yield tensor


class Layered(Block):
    """Says how deep its parameters are, by their names in any order, and fails where it is told to."""

    def __init__(self, layers: int, salt: str = "", fails: str | None = None, **given: list[float]) -> None:
        super().__init__()
        self.layers, self.salt, self.fails, self.given = layers, salt, fails, given

    def get_layer_depth(self, name: str) -> tuple[float, float]:
        """A name's layer, as given, or by chance; and how many there are."""
        if self.fails is not None and self.fails in name:
            raise NotImplementedError(f"no layer for {name}")
        if name in self.given:
            layer, layers = self.given[name]
            return layer, layers
        return zlib.crc32(f"{self.salt}{name}".encode()) % self.layers, self.layers


class ConvNeXt(Block):
    """A backbone by its class's name."""


class TinyConvNeXtV2(Block):
    """The name holds the word."""


class BEiT(Block):
    """A transformer to mmseg."""


class MAE(Block):
    """Another."""


class OddlyNamed(torch.optim.SGD):
    """An optimizer that calls its first argument something else."""

    def __init__(self, model_params: Iterable[Any], lr: float = 1e-3) -> None:
        super().__init__(model_params, lr=lr)


class LARS(torch.optim.SGD):
    """The interface of mmpretrain's, which looks for a key in groups that it does not fill in."""

    def step(self, closure: Any = None) -> Any:
        return [group.get("lars_exclude", False) for group in self.param_groups]


# What timm asks of a model, as functions: a matcher of names, and answers that are no use.


def matcher_by_depth(coarse: bool = False) -> Callable[[str], int]:
    """Layers by the number of dots in a name."""
    return lambda name: name.count(".")


def matcher_by_length(coarse: bool = False) -> Callable[[str], tuple[int, ...]]:
    """Layers by length; names of an odd length go with the layer before."""
    return lambda name: (len(name), 99999) if len(name) % 2 else (len(name), 0)


def matcher_of_unlike_things(coarse: bool = False) -> Callable[[str], object]:
    """Ordinals that cannot be compared."""
    return lambda name: name if "weight" in name else len(name)


def matcher_without_coarse() -> dict[str, str]:
    """Does not take the argument that timm gives."""
    return {"all": "."}


def matcher_of_words(coarse: bool = False) -> dict[str, str]:
    """Catches what is no number."""
    return {"all": r"(\w+)"}


def matcher_of_nothing(coarse: bool = False) -> None:
    """Is no matcher."""


def decay_of_nothing() -> None:
    """Is no collection of names."""


def decay_that_raises() -> set[str]:
    """Fails."""
    raise RuntimeError("not built yet")

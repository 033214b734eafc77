"""Modules as people write them: norms of odd names, and what merely looks like a norm."""

from __future__ import annotations

import random

import torch
from torch import Tensor, nn
from torch.nn import functional

C = 6


class Vectors(nn.Module):
    """Owns a weight and a bias, and is called with what it should do."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape or (C,)))
        self.bias = nn.Parameter(torch.zeros(shape or (C,)))


class Rescaler(Vectors):
    def forward(self, x: Tensor) -> Tensor:
        return x / x.square().mean(-1, keepdim=True).add(1e-6).sqrt() * self.weight + self.bias


class Half(Vectors):
    def __init__(self) -> None:
        super().__init__()
        self.half()

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, (C,), self.weight, self.bias)


class Jittering(Rescaler):
    """A norm for all its chance."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * random.random()


class Inferring(Rescaler):
    """Cannot train here."""

    def forward(self, x: Tensor) -> Tensor:
        assert not self.training
        return super().forward(x)


class Whitener(Vectors):
    """Batch statistics, in training alone."""

    mean: Tensor
    steps: Tensor

    def __init__(self) -> None:
        super().__init__(1, C, 1, 1)
        self.register_buffer("mean", torch.zeros(1, C, 1, 1))
        self.register_buffer("steps", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return (x - self.mean) * self.weight
        self.steps += 1
        mean = x.mean((0, 2, 3), keepdim=True)
        self.mean.lerp_(mean, 0.1)
        return (x - mean) / x.std((0, 2, 3), keepdim=True) * self.weight + self.bias


class PlanarWhitener(Vectors):
    """Of (N, C, L) alone."""

    def forward(self, x: Tensor) -> Tensor:
        assert x.dim() == 3
        return functional.layer_norm(x, x.shape[2:]) * self.weight[:, None] + self.bias[:, None]


class ChannelsLast(Vectors):
    """Leaves its output permuted in memory."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x.permute(0, 2, 3, 1), (C,), self.weight, self.bias).permute(0, 3, 1, 2)


class Volumetric(Vectors):
    def __init__(self) -> None:
        super().__init__(1, C, 1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        assert x.dim() == 5
        return functional.normalize(x, dim=1) * self.weight


class Respond(nn.Module):
    """Global response, by another name, with a child that owns nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, C))
        self.act = nn.Sequential(nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        size = x.norm(dim=(1, 2), keepdim=True)
        return x + self.gamma * self.act(x * size / size.mean(-1, keepdim=True).add(1e-6))


class Absolute(nn.Module):
    """By the mean of the absolute values, over everything."""

    def __init__(self) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.zeros(768))

    def forward(self, x: Tensor) -> Tensor:
        return x / x.abs().flatten(1).mean(1).view(-1, *[1] * (x.dim() - 1)) * self.g


class ScaleNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(x, dim=-1) * self.g


class CentreNorm(Vectors):
    """Linear: takes away the mean."""

    def forward(self, x: Tensor) -> Tensor:
        return (x - x.mean(-1, keepdim=True)) * self.weight


class AddNorm(Vectors):
    """Needs more than one input."""

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return functional.layer_norm(x + residual, (C,), self.weight, self.bias)


class KernelNorm(Vectors):
    """Runs nowhere here."""

    def forward(self, x: Tensor) -> Tensor:
        raise SystemExit("no such device")


class OwnRMSNorm(nn.RMSNorm):
    """Torch's own is known by name; this cannot even run."""

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


class Gate(nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class DynamicTanhNorm(Vectors):
    """Stands where a norm would, and is elementwise."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x) * self.weight + self.bias


class FrozenNorm(Vectors):
    running_mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(C))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.running_mean) * self.weight + self.bias


class InPlaceNorm(Vectors):
    """Elementwise, in place."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mul_(2).add_(self.weight)


class Warming(nn.Module):
    """Elementwise, but other every time."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(C, 1, 1))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x * self.scale * self.calls**2


class NormFree(nn.Module):
    """A container with a gain of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(C))
        self.norm = nn.LayerNorm(C)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.norm(x) * self.gain


class DeepNorm(nn.Module):
    """Its child's child owns something."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(C))
        self.body = nn.Sequential(nn.Sequential(nn.Linear(C, C)))


class NormedLinear(nn.Linear):
    """All its parameters are vectors here, yet it is a linear layer."""

    def __init__(self) -> None:
        super().__init__(C, 1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(functional.normalize(x, dim=-1), self.weight).expand_as(x)


class Smoothing(nn.Module):
    """A filter: its elements meet, but linearly."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.zeros(1, 1, 3))

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv1d(x.flatten(0, -2).unsqueeze(1), self.kernel, padding=1).view_as(x)


class TokenShift(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.zeros(1, 1, C))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.mix + functional.pad(x, (0, 0, 1, -1)) * (1 - self.mix / 2)


class HeadwiseSoftmax(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(C, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.temperature).softmax(-1)


class ChannelAttention(nn.Module):
    """Owns a lone number that opens it."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        rows = x.flatten(2)
        return x + self.gamma * ((rows @ rows.mT).softmax(-1) @ rows).view_as(x)


class PoolNorm(Vectors):
    """Pools, and then normalises."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x.mean((2, 3)), (C,), self.weight, self.bias)


class Dropping(nn.Module):
    """Draws afresh from each generator, and is otherwise elementwise."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(C, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return functional.dropout(x, 0.5, self.training) * self.scale * random.random()


class Table(nn.Module):
    """Owns a matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(C, C))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:]) * self.weight.sum()


class Tuple(Vectors):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return functional.layer_norm(x, (C,), self.weight), x


class Unaware(Vectors):
    """No forward pass at all."""


NORMS = (
    Rescaler,
    Half,
    Jittering,
    Inferring,
    Whitener,
    PlanarWhitener,
    ChannelsLast,
    Volumetric,
    Respond,
    Absolute,
    ScaleNorm,
    CentreNorm,
    AddNorm,
    KernelNorm,
)
OTHERS = (
    DynamicTanhNorm,
    FrozenNorm,
    InPlaceNorm,
    Warming,
    NormFree,
    DeepNorm,
    NormedLinear,
    Smoothing,
    TokenShift,
    HeadwiseSoftmax,
    ChannelAttention,
    PoolNorm,
    Dropping,
    Table,
    Tuple,
    Unaware,
)

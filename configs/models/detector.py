"""A one-stage detector in three parts, as mmdet builds and names them: backbone, neck, bbox_head."""

from __future__ import annotations

import timm
from torch import Tensor, nn


class ConvNorm(nn.Module):
    """A convolution, its norm and an activation."""

    def __init__(self, channels: int, norm: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape."""
        return nn.functional.relu(self.norm(self.conv(x)))


class FPN(nn.Module):
    """A feature pyramid: every level gets what the coarser ones have seen."""

    def __init__(self, in_channels: list[int], channels: int) -> None:
        super().__init__()
        self.lateral_convs = nn.ModuleList(nn.Conv2d(width, channels, 1) for width in in_channels)
        self.fpn_convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in in_channels)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Returns one map a level, all with the same channels."""
        maps = [lateral(feature) for lateral, feature in zip(self.lateral_convs, features, strict=True)]
        for fine in range(len(maps) - 2, -1, -1):
            maps[fine] = maps[fine] + nn.functional.interpolate(maps[fine + 1], size=maps[fine].shape[-2:])
        return [conv(level) for conv, level in zip(self.fpn_convs, maps, strict=True)]


class FCOSHead(nn.Module):
    """One head for all levels, with group norms."""

    def __init__(self, num_classes: int, channels: int, depth: int = 4) -> None:
        super().__init__()
        self.cls_convs = nn.Sequential(*(ConvNorm(channels, nn.GroupNorm(32, channels)) for _ in range(depth)))
        self.reg_convs = nn.Sequential(*(ConvNorm(channels, nn.GroupNorm(32, channels)) for _ in range(depth)))
        self.conv_cls = nn.Conv2d(channels, num_classes, 3, padding=1)
        self.conv_reg = nn.Conv2d(channels, 4, 3, padding=1)
        self.conv_centerness = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, maps: list[Tensor]) -> list[tuple[Tensor, ...]]:
        """Returns classes, boxes and centerness of every level."""
        towers = [(self.cls_convs(level), self.reg_convs(level)) for level in maps]
        return [(self.conv_cls(cls), self.conv_reg(reg), self.conv_centerness(reg)) for cls, reg in towers]


class SharedConvHead(nn.Module):
    """A head a level, as in RTMDet: batch norms of its own, convolutions that all levels share."""

    def __init__(self, num_classes: int, channels: int, levels: int, depth: int = 2) -> None:
        super().__init__()
        self.cls_convs = nn.ModuleList(_tower(channels, depth) for _ in range(levels))
        self.reg_convs = nn.ModuleList(_tower(channels, depth) for _ in range(levels))
        self.rtm_cls = nn.ModuleList(nn.Conv2d(channels, num_classes, 1) for _ in range(levels))
        self.rtm_reg = nn.ModuleList(nn.Conv2d(channels, 4, 1) for _ in range(levels))
        for first, *others in (self.cls_convs, self.reg_convs):
            for other in others:
                for mine, shared in zip(other, first, strict=True):
                    mine.conv = shared.conv

    def forward(self, maps: list[Tensor]) -> list[tuple[Tensor, ...]]:
        """Returns classes and boxes of every level."""
        cls = [predict(tower(level)) for predict, tower, level in zip(self.rtm_cls, self.cls_convs, maps, strict=True)]
        reg = [predict(tower(level)) for predict, tower, level in zip(self.rtm_reg, self.reg_convs, maps, strict=True)]
        return list(zip(cls, reg, strict=True))


def _tower(channels: int, depth: int) -> nn.Sequential:
    return nn.Sequential(*(ConvNorm(channels, nn.BatchNorm2d(channels)) for _ in range(depth)))


class Detector(nn.Module):
    """Image → one prediction a level."""

    def __init__(self, backbone: nn.Module, neck: nn.Module, bbox_head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.bbox_head = bbox_head

    def forward(self, image: Tensor) -> list[tuple[Tensor, ...]]:
        """Runs the three parts."""
        predictions: list[tuple[Tensor, ...]] = self.bbox_head(self.neck(self.backbone(image)))
        return predictions


def make_detector(num_classes: int = 80, channels: int = 256, shared_convs: bool = False) -> Detector:
    """Returns a detector on the strides 8, 16 and 32 of a ResNet-50."""
    backbone = timm.create_model("resnet50", features_only=True, out_indices=(2, 3, 4))
    widths = backbone.feature_info.channels()
    head = SharedConvHead(num_classes, channels, len(widths)) if shared_convs else FCOSHead(num_classes, channels)
    return Detector(backbone, FPN(widths, channels), head)

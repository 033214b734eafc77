"""Models for layer decay, as OpenMMLab builds and names them: the constructors tell the layers by names and classes."""

from __future__ import annotations

import timm
from torch import Tensor, nn


class ImageClassifier(nn.Module):
    """A ViT and a head. It says itself how deep each of its parameters is, as mmpretrain's classifiers do."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.backbone = timm.create_model("vit_tiny_patch16_224", num_classes=0)
        self.head = nn.Linear(self.backbone.num_features, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Returns class scores."""
        scores: Tensor = self.head(self.backbone(image))
        return scores

    def get_layer_depth(self, name: str) -> tuple[int, int]:
        """Returns a parameter's layer, from 0 for the stem up, and how many there are."""
        layers = len(self.backbone.blocks) + 2
        if name.startswith("backbone.blocks."):
            return int(name.split(".")[2]) + 1, layers
        stem = ("backbone.cls_token", "backbone.pos_embed", "backbone.patch_embed")
        return (0 if name.startswith(stem) else layers - 1), layers


class ConvNeXt(nn.Module):
    """timm's, under OpenMMLab's names."""

    def __init__(self) -> None:
        super().__init__()
        source = timm.create_model("convnext_tiny", num_classes=0)
        downsample = (stage.downsample for stage in source.stages[1:])
        self.downsample_layers = nn.ModuleList([source.stem, *downsample])
        self.stages = nn.ModuleList(stage.blocks for stage in source.stages)
        self.norm3 = nn.LayerNorm(source.num_features)

    def forward(self, image: Tensor) -> Tensor:
        """Returns the last stage's map, normed."""
        for downsample, stage in zip(self.downsample_layers, self.stages, strict=True):
            image = stage(downsample(image))
        normed: Tensor = self.norm3(image.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return normed


class BEiT(nn.Module):
    """timm's, under OpenMMLab's names."""

    def __init__(self) -> None:
        super().__init__()
        source = timm.create_model("beit_base_patch16_224", num_classes=0)
        self.cls_token = source.cls_token
        self.patch_embed = source.patch_embed
        self.layers = source.blocks

    def forward(self, image: Tensor) -> Tensor:
        """Returns the patches' features."""
        x = self.patch_embed(image)
        for layer in self.layers:
            x = layer(x)
        features: Tensor = x
        return features


class ViT(nn.Module):
    """timm's, under OpenMMLab's names."""

    def __init__(self) -> None:
        super().__init__()
        source = timm.create_model("vit_base_patch16_224", num_classes=0, class_token=False, global_pool="")
        self.pos_embed = source.pos_embed
        self.patch_embed = source.patch_embed
        self.layers = source.blocks
        self.ln1 = source.norm

    def forward(self, image: Tensor) -> Tensor:
        """Returns the patches' features."""
        x = self.patch_embed(image) + self.pos_embed
        for layer in self.layers:
            x = layer(x)
        features: Tensor = self.ln1(x)
        return features


class Dense(nn.Module):
    """A backbone, and a convolution in place of a head."""

    def __init__(self, backbone: nn.Module, channels: int, num_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Conv2d(channels, num_classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Returns a map of scores."""
        scores: Tensor = self.head(self.backbone(image))
        return scores


def make_classifier(num_classes: int = 1000) -> ImageClassifier:
    """Returns a ViT that knows its layers."""
    return ImageClassifier(num_classes)


def make_convnext(num_classes: int = 150) -> Dense:
    """Returns a ConvNeXt with a dense head."""
    return Dense(ConvNeXt(), 768, num_classes)


def make_beit(num_classes: int = 150) -> Dense:
    """Returns a BEiT with a dense head."""
    return Dense(BEiT(), 768, num_classes)


def make_vit(num_classes: int = 17) -> Dense:
    """Returns a ViT with a dense head."""
    return Dense(ViT(), 768, num_classes)

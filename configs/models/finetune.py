"""A pretrained classifier for a new data set: backbone and head, the backbone's first stages frozen."""

from __future__ import annotations

import timm
from torch import Tensor, nn


class Classifier(nn.Module):
    """Image → class scores."""

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, image: Tensor) -> Tensor:
        """Runs both parts."""
        scores: Tensor = self.head(self.backbone(image))
        return scores


def make_classifier(num_classes: int = 10) -> Classifier:
    """Returns a ResNet-50 whose stem and first stage do not train."""
    backbone = timm.create_model("resnet50", num_classes=0)
    for frozen in (backbone.conv1, backbone.bn1, backbone.layer1):
        frozen.requires_grad_(False)
    return Classifier(backbone, nn.Linear(backbone.num_features, num_classes))

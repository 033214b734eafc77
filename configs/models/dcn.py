"""A ResNet-50 with deformable convolutions, as mmdet's ``dcn=dict(type='DCNv2'), stage_with_dcn=(False, True, True,
True)`` makes it.
"""

from __future__ import annotations

import timm
import torch
from torch import nn

try:
    from mmcv.ops import ModulatedDeformConv2dPack
except ImportError:
    # A stand-in, for machines without mmcv's compiled operators: it has the parameters of mmcv's layer and cannot run.
    # mmcv and pgaudit recognise the layer by its class, pgaudit by the class's qualified name; hence __module__.
    class ModulatedDeformConv2d(nn.Module):
        """The deformable convolution itself, whose offsets come from outside."""

        __module__ = "mmcv.ops.modulated_deform_conv"

        def __init__(self, in_channels: int, out_channels: int, kernel_size: int, *, bias: bool = True) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.empty(out_channels, in_channels, kernel_size, kernel_size))
            self.register_parameter("bias", nn.Parameter(torch.empty(out_channels)) if bias else None)

    class ModulatedDeformConv2dPack(ModulatedDeformConv2d):
        """With the layer that predicts its offsets and masks: three numbers for each cell of the kernel."""

        __module__ = "mmcv.ops.modulated_deform_conv"

        def __init__(
            self,
            in_channels: int,
            out_channels: int,
            kernel_size: int,
            stride: int = 1,
            padding: int = 0,
            dilation: int = 1,
            *,
            bias: bool = True,
        ) -> None:
            super().__init__(in_channels, out_channels, kernel_size, bias=bias)
            cells = kernel_size * kernel_size
            self.conv_offset = nn.Conv2d(in_channels, 3 * cells, kernel_size, stride, padding, dilation)


def make_backbone() -> nn.Module:
    """Returns the backbone, without a classifier."""
    model = timm.create_model("resnet50", num_classes=0)
    for stage in (model.layer2, model.layer3, model.layer4):
        for block in stage:
            conv = block.conv2
            block.conv2 = ModulatedDeformConv2dPack(
                conv.in_channels,
                conv.out_channels,
                conv.kernel_size[0],
                conv.stride[0],
                conv.padding[0],
                conv.dilation[0],
                bias=False,
            )
    return model

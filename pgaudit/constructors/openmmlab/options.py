"""What the constructors look for beside custom keys: which parameters each option is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgaudit.core.parameters import Visit
from pgaudit.models.walk.families import NORM_LIKE, NORMS
from pgaudit.text import counted, quoted, visible

if TYPE_CHECKING:
    from pgaudit.constructors.evaluation import Decided


@dataclass(frozen=True)
class Option:
    """One of the multipliers."""

    name: str
    of: Decided
    about: str
    """What it is for, in a few words."""

    def matches(self, visit: Visit, _: str = "") -> bool:
        """Whether a parameter is of the kind that the option is about, whatever comes before it."""
        in_dcn = in_deformable(visit)
        if self is NORM_DECAY:
            return is_norm(visit)
        if self is DWCONV_DECAY:
            return visit.conv is not None and visit.conv.depthwise
        if self is DCN_OFFSET_LR:
            return in_dcn and visit.conv is not None and "conv_offset" in visit.prefix
        if self is FLAT_DECAY:
            return visit.ndim == 1 and not in_dcn
        return visit.own == "bias" and not in_dcn and not (self is BIAS_LR and is_norm(visit))

    def says(self, visit: Visit, _: str = "") -> str:
        """Returns why it matches or does not, in words."""
        kind = visible(visit.module.short)
        if self is NORM_DECAY:
            return _about_norms(visit, kind)
        if self is DWCONV_DECAY:
            return _about_convolutions(visit, kind)
        if self is DCN_OFFSET_LR:
            return "" if self.matches(visit) else "no offset of a deformable convolution"
        if self is FLAT_DECAY and visit.ndim != 1:
            return f"it has {counted(visit.ndim, 'dimension')}, not one"
        if self is not FLAT_DECAY and visit.own != "bias":
            return f"its own name is {quoted(visit.own)}, not exactly {quoted('bias')}"
        if in_deformable(visit):
            what = "a vector" if self is FLAT_DECAY else "a bias"
            return f"{what} inside a deformable convolution, which this option leaves out"
        if self is FLAT_DECAY:
            return "it has one dimension"
        if self is BIAS_LR and is_norm(visit):
            return "a norm's bias, which this option leaves out"
        return f"the bias of a {kind}"


BIAS_LR = Option("bias_lr_mult", "lr", "lr of biases, but not of norms and deformable convolutions")
DCN_OFFSET_LR = Option("dcn_offset_lr_mult", "lr", "lr of the offset layers of mmcv's deformable convolutions")
NORM_DECAY = Option("norm_decay_mult", "weight_decay", "weight decay of norms that are known by class")
DWCONV_DECAY = Option(
    "dwconv_decay_mult", "weight_decay", "weight decay of Conv2d with as many groups as input channels"
)
BIAS_DECAY = Option("bias_decay_mult", "weight_decay", "weight decay of biases, but not of deformable convolutions")
FLAT_DECAY = Option("flat_decay_mult", "weight_decay", "weight decay of vectors, but not in deformable convolutions")


def _about_norms(visit: Visit, kind: str) -> str:
    if is_norm(visit):
        return f"{kind} is a norm"
    if NORM_LIKE in visit.module.families:
        return f"{kind} is a norm, but none that OpenMMLab knows"
    return f"{kind} is no norm"


def _about_convolutions(visit: Visit, kind: str) -> str:
    if visit.conv is None:
        return f"{kind} is no Conv2d"
    channels = f"{kind} with in_channels {visit.conv.in_channels} and groups {visit.conv.groups}"
    return f"{channels}: depthwise" if visit.conv.depthwise else channels


def is_norm(visit: Visit) -> bool:
    """Whether the constructors' isinstance test takes the parameter's module for a norm."""
    return not NORMS.isdisjoint(visit.module.families)


def in_deformable(visit: Visit) -> bool:
    """Whether the immediate parent is a deformable convolution."""
    return visit.parent is not None and "deform_conv" in visit.parent.families

"""What the constructors look for beside custom keys: which parameters each option is about, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgaudit.constructors.evaluation import Decided
from pgaudit.core.parameters import Visit
from pgaudit.models.walk.families import NORM_LIKE, NORMS
from pgaudit.text import counted, quoted, visible


@dataclass(frozen=True)
class Option:
    """One of the multipliers."""

    name: str
    of: Decided
    about: str
    """What it is for, in a few words."""
    matches: Callable[[Visit], bool]
    """Whether a parameter is of the kind that the option is about, whatever comes before it."""
    says: Callable[[Visit], str]
    """Returns why it matches or does not, in words."""


def is_norm(visit: Visit) -> bool:
    """Whether the constructors' isinstance test takes the parameter's module for a norm."""
    return not NORMS.isdisjoint(visit.module.families)


def is_in_deformable(visit: Visit) -> bool:
    """Whether the immediate parent is a deformable convolution."""
    return bool(visit.parents) and "deform_conv" in visit.parents[-1].families


def about_norms(visit: Visit) -> str:
    """Returns whether the module is a norm, in words."""
    kind = visible(visit.module.short)
    if is_norm(visit):
        return f"{kind} is a norm"
    if NORM_LIKE in visit.module.families:
        return f"{kind} is a norm, but none that OpenMMLab knows"
    return f"{kind} is no norm"


def _is_bias(visit: Visit) -> bool:
    return visit.own == "bias" and not is_in_deformable(visit)


def _is_bias_of_no_norm(visit: Visit) -> bool:
    return _is_bias(visit) and not is_norm(visit)


def _is_offset(visit: Visit) -> bool:
    return visit.conv is not None and is_in_deformable(visit) and "conv_offset" in visit.prefix


def _is_depthwise(visit: Visit) -> bool:
    return visit.conv is not None and visit.conv.depthwise


def _is_vector(visit: Visit) -> bool:
    return visit.ndim == 1 and not is_in_deformable(visit)


def _about_biases(visit: Visit) -> str:
    if visit.own != "bias":
        return f"its own name is {quoted(visit.own)}, not exactly {quoted('bias')}"
    if is_in_deformable(visit):
        return "a bias inside a deformable convolution, which this option leaves out"
    return f"the bias of a {visible(visit.module.short)}"


def _about_biases_of_no_norm(visit: Visit) -> str:
    is_left_out = _is_bias(visit) and is_norm(visit)
    return "a norm's bias, which this option leaves out" if is_left_out else _about_biases(visit)


def _about_offsets(visit: Visit) -> str:
    return "" if _is_offset(visit) else "no offset of a deformable convolution"


def _about_convolutions(visit: Visit) -> str:
    kind = visible(visit.module.short)
    if visit.conv is None:
        return f"{kind} is no Conv2d"
    channels = f"{kind} with in_channels {visit.conv.in_channels} and groups {visit.conv.groups}"
    return f"{channels}: depthwise" if visit.conv.depthwise else channels


def _about_vectors(visit: Visit) -> str:
    if visit.ndim != 1:
        return f"it has {counted(visit.ndim, 'dimension')}, not one"
    if is_in_deformable(visit):
        return "a vector inside a deformable convolution, which this option leaves out"
    return "it has one dimension"


BIAS_LR = Option(
    "bias_lr_mult",
    "lr",
    "lr of biases, but not of norms and deformable convolutions",
    _is_bias_of_no_norm,
    _about_biases_of_no_norm,
)
DCN_OFFSET_LR = Option(
    "dcn_offset_lr_mult", "lr", "lr of the offset layers of mmcv's deformable convolutions", _is_offset, _about_offsets
)
NORM_DECAY = Option(
    "norm_decay_mult", "weight_decay", "weight decay of norms that are known by class", is_norm, about_norms
)
DWCONV_DECAY = Option(
    "dwconv_decay_mult",
    "weight_decay",
    "weight decay of Conv2d with as many groups as input channels",
    _is_depthwise,
    _about_convolutions,
)
BIAS_DECAY = Option(
    "bias_decay_mult",
    "weight_decay",
    "weight decay of biases, but not of deformable convolutions",
    _is_bias,
    _about_biases,
)
FLAT_DECAY = Option(
    "flat_decay_mult",
    "weight_decay",
    "weight decay of vectors, but not in deformable convolutions",
    _is_vector,
    _about_vectors,
)

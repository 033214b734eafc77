"""What OpenMMLab's default constructors have in common on paper: the options, and how they are compared with others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.constructors.profile import INSIDE, LEFT_OUT, Profile
from pgaudit.files.schemas import FLAG, NON_NEGATIVE, Schema, each, fields, mapping

EXAMPLE: Mapping[str, Any] = {"norm_decay_mult": 0.0, "bias_decay_mult": 0.0}
"""The options that leave norms and biases without weight decay."""

PROFILE = Profile(
    names="a key is a part of the name, a dot before names at the root; the longest key wins",
    lr="custom key (its lr, then its lr_mult), dcn_offset_lr_mult, bias_lr_mult, base",
    weight_decay="custom key (its weight_decay, then its decay_mult), norm, bias, depthwise, 1-d, base; unset "
    "options are passed over",
    frozen=f"{LEFT_OUT}, with a warning; without options in the group",
    tied="torch refuses them, unless bypass_duplicate",
    groups="one a parameter; without options one for all",
    begins=INSIDE,
    unknown="ignored; in a custom key copied into the group",
)


def paramwise_schema(options: Mapping[str, Schema], by_key: str) -> Schema:
    """Returns the schema of ``paramwise_cfg``.

    Args:
        options: the multipliers, with the schema of each.
        by_key: the settings of a custom key that are numbers.
    """
    keys = each(mapping(fields(by_key, NON_NEGATIVE)))
    return mapping({"custom_keys": keys, **options, "bypass_duplicate": FLAG})

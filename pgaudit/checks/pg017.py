"""Layer decay that puts nearly all tensors into one layer.

What: layer decay multiplies the lr by a power of the depth. Where the constructor cannot tell a model's layers apart,
every parameter ends up in the same one.

Why it hurts: the lr is the same everywhere, or wrong everywhere: fine-tuning goes on without the layer decay that the
config promises.

Example: timm's layer decay for a model with neither `group_matcher()` nor `pretrained_cfg['classifier']`, such as a
timm model inside a module of one's own; mmpretrain's for HiViT, whose depth rule looks for
`layers` while the modules are called `blocks`: 150 of 155 parameters count as the last layer.

How to fix it: give the model a depth rule (`group_matcher`, `get_layer_depth`) that fits its names; hand the wrapper's
inner model to timm, or let the wrapper answer for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding
from pgaudit.text import counted

KIND = Kind("PG017", "flat-layer-decay", "warning")
MOST = 0.9
"""The share of tensors in one layer from which layer decay is none. Deep networks have under a third there."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding if the constructor gave depths, and nearly all are the same."""
    depths = [depth for depth in audited.assignment.depths or () if depth is not None]
    if len(depths) < 2:
        return
    (depth, count), *_ = Counter(depths).most_common(1)
    if count >= MOST * len(depths):
        indices = [index for index, found in enumerate(audited.assignment.depths or ()) if found == depth]
        message = f"layer decay puts {count:,} of {counted(len(depths), 'tensor')} into layer {depth}"
        hint = audited.assignment.layered_by or "the constructor cannot tell this model's layers apart"
        at = ("paramwise_cfg", "layer_decay")
        yield audited.finding(KIND, message, hint, at=at, key="layer_decay", indices=indices)

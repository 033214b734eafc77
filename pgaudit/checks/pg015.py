"""dcn_offset_lr_mult and bias_lr_mult are both set.

What: the biases of a deformable convolution's offset layer are biases, but `dcn_offset_lr_mult` alone decides their lr.

Why it hurts: whoever doubles the lr of biases expects it of all biases.

Example: `bias_lr_mult: 2.0` with `dcn_offset_lr_mult: 0.1` in a detector with deformable convolutions.

How to fix it: nothing, if the offsets are to learn slowly as a whole; otherwise a custom key `conv_offset.bias`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding

KIND = Kind("PG015", "dcn-overlap", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding if there are biases of offset layers that both options are about."""
    by_option = {hits.rule.provenance.option: hits for hits in audited.hits if hits.rule.provenance.key is None}
    offsets, biases = by_option.get("dcn_offset_lr_mult"), by_option.get("bias_lr_mult")
    if offsets is None or biases is None:
        return
    both = [
        index for index in offsets.decided if (visit := audited.first_visits[index]) is not None and visit.own == "bias"
    ]
    if both:
        message = f"dcn_offset_lr_mult overrides bias_lr_mult on biases of offset layers{words.which(audited, both)}"
        yield audited.finding(KIND, message, at=offsets.rule.at, key="dcn_offset_lr_mult", indices=both)

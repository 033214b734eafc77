"""The real models about which the real libraries are asked."""

from __future__ import annotations

from pathlib import Path

import pytest

# The smallest of each family in timm that torch builds in a moment with one group a parameter,
# some that people use most, and some with norms or ties of their own.
MODELS = (Path(__file__).parents[1] / "data/timm_models.txt").read_text("utf-8").split()
SHARES = 3


def shared(share: int) -> list[object]:
    """All models; of one library, `make test` asks about one in three, and `make parity` about the others. Together the
    libraries are asked about all of them.

    Args:
        share: which of the three, from 0.
    """
    others = pytest.mark.parity_full
    return [pytest.param(name, marks=() if index % SHARES == share else others) for index, name in enumerate(MODELS)]

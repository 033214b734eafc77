"""Layer decay for a ViT of twelve blocks, as a function of a parameter's name."""

from __future__ import annotations

RATE = 0.7
BLOCKS = 12


def vit_factor(name: str) -> float:
    """Returns the factor of one parameter; detectron2 sets a dot before the names of the root's own."""
    if name.startswith((".", "patch_embed.")):
        depth = 0
    elif name.startswith("blocks."):
        depth = int(name.split(".")[1]) + 1
    else:
        depth = BLOCKS + 1
    return RATE ** (BLOCKS + 1 - depth)

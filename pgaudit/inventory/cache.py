"""What timm's models were found to be, kept on the disk: a second run needs neither torch nor timm."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of saved inventories of timm's models. It can be sent to another process."""

    folder: str

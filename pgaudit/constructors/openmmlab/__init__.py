"""What OpenMMLab's default constructors have in common: mmcv 1.x', and mmengine's, which grew out of it.

Deformable convolutions are recognised as where mmcv's compiled ops are installed.
"""

from __future__ import annotations

from pgaudit.constructors.openmmlab.constructor import OpenMMLab
from pgaudit.constructors.openmmlab.dialect import Dialect

__all__ = ["Dialect", "OpenMMLab"]

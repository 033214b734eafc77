"""OpenMMLab's layer decay: an lr that falls from the head to the stem, by a power of the depth.

The lr in the groups is the scaled one. All of them write an ``lr_scale`` beside it, which is a record only: mmengine's
schedulers (0.10.7) start from each group's own lr and never read it, so that nothing is scaled twice. The keys
``param_name`` and ``param_names`` of their groups repeat the names of the parameters, and are left out.
"""

from __future__ import annotations

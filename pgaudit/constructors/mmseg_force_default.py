"""mmseg's ForceDefaultOptimWrapperConstructor.

Source of the semantics: mmsegmentation 1.2.2, ``mmseg/engine/optimizers/force_default_constructor.py``: mmengine's
rules as they were before it left frozen parameters out, with ``force_default_settings``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pgaudit.config.grammars.openmmlab import MMSEG_FORCE_DEFAULT
from pgaudit.constructors.mmengine import Mmengine


class MmsegForceDefault(Mmengine):
    """mmengine's, whose options decide after the custom keys where ``force_default_settings`` says so."""

    grammar = MMSEG_FORCE_DEFAULT
    library = "mmsegmentation 1.2.2"
    dialect = replace(
        Mmengine.dialect,
        call="mmseg's ForceDefaultOptimWrapperConstructor.add_params",
        keeps_frozen=True,
        bypasses_frozen=True,
        can_force=True,
    )

    @property
    def options(self) -> Mapping[str, str]:  # type: ignore[override]
        """Those of mmengine, and one more."""
        return {**super().options, "force_default_settings": "lets the other options decide after the custom keys"}

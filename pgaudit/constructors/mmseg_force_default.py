"""mmseg's ForceDefaultOptimWrapperConstructor.

Source of the semantics: mmsegmentation 1.2.2, ``mmseg/engine/optimizers/force_default_constructor.py``: mmengine's
rules as they were before it left frozen parameters out, with ``force_default_settings``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pgaudit.constructors.mmengine import PARAMWISE, Mmengine
from pgaudit.constructors.openmmlab.schema import PROFILE
from pgaudit.constructors.profile import IN_A_GROUP
from pgaudit.files.schemas import FLAG, Schema


class MmsegForceDefault(Mmengine):
    """mmengine's, whose options decide after the custom keys where ``force_default_settings`` says so."""

    name = "mmseg_force_default"
    title = "mmseg ForceDefaultOptimWrapperConstructor"
    aliases = ("ForceDefaultOptimWrapperConstructor", "mmseg.ForceDefaultOptimWrapperConstructor")
    nicknames = ()
    schemas: Mapping[str, Schema] = {
        "paramwise_cfg": {
            **PARAMWISE,
            "properties": {**PARAMWISE["properties"], "force_default_settings": FLAG},
        }
    }
    profile = replace(
        PROFILE,
        lr="the options if forced, custom key, dcn_offset_lr_mult, bias_lr_mult, base",
        weight_decay="the options if forced, custom key, norm, bias, depthwise, 1-d, base; unset ones are passed over",
        frozen=IN_A_GROUP,
    )
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

"""How the options of OpenMMLab's layer decay are written.

mmdet and mmseg have each a class LearningRateDecayOptimizerConstructor, and the two are not the same: that name alone
says which is meant only beside a ``default_scope``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgaudit.config.grammars.base import Grammar
from pgaudit.config.grammars.openmmlab import baseless_decay, copying_errors
from pgaudit.config.layouts import Layout
from pgaudit.config.validation import Invalid, schema_errors

_READ_AS = {"num_layers": "None + 2", **dict.fromkeys(("decay_rate", "layer_decay_rate"), "None ** a number")}
_CALLED = {"OldLayerDecayParamwise": "update", "MmposeParamwise": "get"}
"""What these ask of ``paramwise_cfg`` before they know that there is one."""


def _errors(layout: Layout, *, library: str, model: str) -> list[Invalid]:
    at, options = layout.sections["paramwise_cfg"], layout.paramwise_cfg
    if not isinstance(options, dict) and model in _CALLED:
        message = f"{library} would raise AttributeError, for it calls .{_CALLED[model]}() on paramwise_cfg"
        return [Invalid(at, message, _OLD)]
    is_old = model == "OldLayerDecayParamwise"
    if options is None or options == {}:
        # One group, as without them. The deprecated class asks for an option first.
        return [Invalid(at, f"{library} would raise KeyError: 'layer_decay_rate'", _OLD)] if is_old else []
    found: list[Invalid] = []
    for where, message, hint in schema_errors(model, options, at):
        found.append(Invalid(where, f"{message}; {_call(where[len(at) :], message, library, is_old)}", hint))
    return [*found, *_inherited(layout, library)]


def _inherited(layout: Layout, library: str) -> Iterator[Invalid]:
    """What mmengine's constructor, from which these are derived, asks of options that these never read."""
    at, options = layout.sections["paramwise_cfg"], layout.paramwise_cfg
    if not isinstance(options, dict):
        return
    keys = options.get("custom_keys", {})
    if not isinstance(keys, dict):
        message = f"expected a mapping; {library} would raise TypeError: custom_keys must be a dict"
        yield Invalid((*at, "custom_keys"), message, "remove it: it is not read")
    elif isinstance(layout.optimizer, dict) and layout.optimizer.get("weight_decay") is None:
        yield from baseless_decay(options, at, library)


_OLD = "paramwise_cfg: {num_layers: 12, layer_decay_rate: 0.9}"


def _call(below: tuple[str | int, ...], message: str, library: str, is_old: bool) -> str:
    """What the library would do with it."""
    if not below:
        return f"{library} would raise TypeError: paramwise_cfg should be None or a dict"
    if "missing" in message and below[0] == "layer_decay_rate" and is_old:
        return f"{library} would raise KeyError"
    if "missing" in message:
        return f"{library}.add_params would raise TypeError: {_READ_AS[str(below[0])]}"
    if below[0] == "decay_type":
        return f"{library}.add_params looks for words in it"
    return f"{library}.add_params counts with it"


MMPRETRAIN_LAYER_DECAY = Grammar(
    "mmpretrain_layer_decay",
    "mmpretrain LearningRateDecayOptimWrapperConstructor",
    ("LearningRateDecayOptimWrapperConstructor", "mmpretrain.LearningRateDecayOptimWrapperConstructor"),
    errors=partial(
        copying_errors,
        library="mmpretrain's LearningRateDecayOptimWrapperConstructor",
        model="MmpretrainParamwise",
    ),
)

MMDET_LAYER_DECAY = Grammar(
    "mmdet_layer_decay",
    "mmdet LearningRateDecayOptimizerConstructor",
    ("mmdet.LearningRateDecayOptimizerConstructor",),
    errors=partial(_errors, library="mmdet's LearningRateDecayOptimizerConstructor", model="LayerDecayParamwise"),
)

MMSEG_LAYER_DECAY = Grammar(
    "mmseg_layer_decay",
    "mmseg LearningRateDecayOptimizerConstructor",
    ("mmseg.LearningRateDecayOptimizerConstructor",),
    errors=partial(_errors, library="mmseg's LearningRateDecayOptimizerConstructor", model="LayerDecayParamwise"),
)

MMSEG_OLD_LAYER_DECAY = Grammar(
    "mmseg_old_layer_decay",
    "mmseg LayerDecayOptimizerConstructor, deprecated",
    ("LayerDecayOptimizerConstructor", "mmseg.LayerDecayOptimizerConstructor"),
    errors=partial(_errors, library="mmseg's LayerDecayOptimizerConstructor", model="OldLayerDecayParamwise"),
)

MMPOSE_LAYER_DECAY = Grammar(
    "mmpose_layer_decay",
    "mmpose LayerDecayOptimWrapperConstructor",
    ("LayerDecayOptimWrapperConstructor", "mmpose.LayerDecayOptimWrapperConstructor"),
    errors=partial(_errors, library="mmpose's LayerDecayOptimWrapperConstructor", model="MmposeParamwise"),
)

LAYER_DECAYS = (
    MMPRETRAIN_LAYER_DECAY,
    MMDET_LAYER_DECAY,
    MMSEG_LAYER_DECAY,
    MMSEG_OLD_LAYER_DECAY,
    MMPOSE_LAYER_DECAY,
)

"""What may stand where in a config, as pydantic models. Values are checked, never changed: arithmetic uses them as
written.

pgaudit's own keys are closed: a typo there is an error. The library's sections are open, as the library itself is:
unknown options stay, and the checks report them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pgaudit.core.findings import Threshold

NonNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Word = Annotated[str, Field(min_length=1)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, arbitrary_types_allowed=True)


class Optimizer(_Open):
    """``type`` and base values; every other key is an argument of the optimizer's class."""

    type: str | type
    lr: NonNegative | None = None
    weight_decay: NonNegative | None = None


class CustomKey(_Open):
    """The settings of one custom key."""

    lr_mult: NonNegative = 1.0
    decay_mult: NonNegative = 1.0


class MmcvParamwise(_Open):
    """Options that mmcv 1.x' DefaultOptimizerConstructor reads."""

    custom_keys: dict[str, CustomKey] = {}
    bias_lr_mult: NonNegative = 1.0
    bias_decay_mult: NonNegative = 1.0
    norm_decay_mult: NonNegative = 1.0
    dwconv_decay_mult: NonNegative = 1.0
    dcn_offset_lr_mult: NonNegative = 1.0
    bypass_duplicate: bool = False


class MmengineCustomKey(CustomKey):
    """The same of mmengine's, where all of it is copied into the group."""

    lr: NonNegative = 0.0
    weight_decay: NonNegative = 0.0


class MmengineParamwise(_Open):
    """Options that mmengine's DefaultOptimWrapperConstructor reads; to it, ``null`` is as good as not given."""

    custom_keys: dict[str, MmengineCustomKey] = {}
    bias_lr_mult: NonNegative | None = None
    bias_decay_mult: NonNegative | None = None
    norm_decay_mult: NonNegative | None = None
    dwconv_decay_mult: NonNegative | None = None
    flat_decay_mult: NonNegative | None = None
    dcn_offset_lr_mult: NonNegative | None = None
    bypass_duplicate: bool = False


class Override(_Open):
    """The hyperparameters of all parameters of one name; every other key goes into their group as it is."""

    lr: NonNegative = 0.0
    weight_decay: NonNegative = 0.0


class Detectron2Paramwise(_Closed):
    """The arguments of detectron2's get_default_optimizer_params."""

    base_lr: NonNegative | None = None
    weight_decay: NonNegative | None = None
    weight_decay_norm: NonNegative | None = None
    bias_lr_factor: NonNegative | None = 1.0
    weight_decay_bias: NonNegative | None = None
    lr_factor_func: Word | Callable[..., Any] | None = None
    overrides: dict[str, Override] | None = None


class TimmParamwise(_Closed):
    """Arguments by which timm's create_optimizer_v2 makes groups. It hands all others to the optimizer's class."""

    filter_bias_and_bn: bool = True
    layer_decay: NonNegative | None = None
    layer_decay_min_scale: NonNegative = 0.0
    layer_decay_no_opt_scale: NonNegative | None = None
    fallback_list: list[str] | tuple[str, ...] = ()
    fallback_no_weight_decay: bool = False


class MmpretrainParamwise(_Open):
    """Options that mmpretrain's LearningRateDecayOptimWrapperConstructor reads."""

    layer_decay_rate: NonNegative = 1.0
    custom_keys: dict[str, MmengineCustomKey] = {}
    bias_decay_mult: NonNegative | None = None
    norm_decay_mult: NonNegative | None = None
    flat_decay_mult: NonNegative | None = None


class LayerDecayParamwise(_Open):
    """Options that the LearningRateDecayOptimizerConstructor of mmdet and mmseg reads."""

    num_layers: NonNegative
    decay_rate: NonNegative
    decay_type: str = "layer_wise"


class OldLayerDecayParamwise(_Open):
    """Options that mmseg's deprecated LayerDecayOptimizerConstructor reads."""

    num_layers: NonNegative
    layer_decay_rate: NonNegative


class MmposeParamwise(OldLayerDecayParamwise):
    """Options that mmpose's LayerDecayOptimWrapperConstructor reads."""


class ForceDefaultParamwise(MmengineParamwise):
    """Options that mmseg's ForceDefaultOptimWrapperConstructor reads."""

    force_default_settings: bool = False


class Solver(_Open):
    """Options that BaseCls' DefaultSolver reads to build an optimizer; the weight decay policy is read by its
    constructor.
    """

    optimizer: str = "sgd"
    basic_lr: NonNegative = 0.0125
    momentum: NonNegative = 0.9
    nesterov: bool = False
    betas: Annotated[list[Number] | tuple[Number, ...], Field(min_length=2, max_length=2)] = (0.9, 0.999)
    always_adapt: bool = False


class Plain(_Closed):
    """``paramwise_cfg`` of pgaudit's own policy; rules are read one by one."""

    rules: list[Any]
    mode: Literal["layered", "first"] = "layered"
    unmatched: Literal["base", "freeze", "error"] = "base"


class RuleSchema(_Closed):
    """One rule of pgaudit's own policy; ``match`` is read by :mod:`pgaudit.config.selectors`."""

    match: Any
    lr_mult: NonNegative = 1.0
    decay_mult: NonNegative = 1.0
    lr: NonNegative = 0.0
    weight_decay: NonNegative = 0.0
    freeze: bool = False
    set: dict[str, Any] = {}


class Findings(_Closed):
    """What is to become of findings."""

    ignore: dict[str, Any] = {}


class Ignored(_Closed):
    """One entry of ``ignore``, written out in full."""

    reason: Annotated[str, Field(min_length=1)]
    key: list[str] = []
    param: list[str] = []
    count: Annotated[int, Field(strict=True, ge=1)] | None = None


class ExpectedRule(_Closed):
    """What one rule may hit."""

    params: list[Word] | None = None
    count: Annotated[int, Field(strict=True, ge=0)] | None = None


class ExpectedParam(_Closed):
    """What some parameters must get."""

    lr: NonNegative | None = None
    weight_decay: NonNegative | None = None
    scheduled_lr: NonNegative | None = None
    rule: Word | None = None
    lr_rule: Word | None = None
    weight_decay_rule: Word | None = None


class ExpectedGroups(_Closed):
    """How many groups there may be."""

    max: Annotated[int, Field(strict=True, ge=1)]


class ExpectedFindings(_Closed):
    """Which findings fail the gate."""

    fail_on: Threshold


class Expect(_Closed):
    """The gate's contract; ``rules`` and ``params`` are read entry by entry."""

    rules: dict[str, Any] | None = None
    exhaustive: bool = False
    params: dict[str, Any] | None = None
    groups: ExpectedGroups | None = None
    findings: ExpectedFindings | None = None


class ProjectAudit(_Closed):
    """One audit of a project file; paths are beside the file."""

    config: Word
    name: Word | None = None
    model: Word | None = None
    model_args: dict[str, Any] | None = None
    constructor: Word | None = None
    lock: Word | None = None
    expect: Word | None = None
    baseline: Word | None = None
    fail_on: Threshold | None = None


class ProjectFile(_Closed):
    """``pgaudit.yaml``, or ``[tool.pgaudit]``; audits are read one by one."""

    audits: list[Any]
    fail_on: Threshold | None = None


class File(_Closed):
    """The top of a config in pgaudit's own words."""

    model: str | None = None
    model_args: dict[str, Any] | None = None
    constructor: str | None = None
    optimizer: dict[str, Any] | None = None
    paramwise_cfg: dict[str, Any] | None = None
    optim_wrapper: dict[str, Any] | None = None
    solver: dict[str, Any] | None = None
    SOLVER: Any = None
    world_size: Annotated[int, Field(strict=True, ge=1)] | None = None
    expect: dict[str, Any] | None = None
    findings: dict[str, Any] | None = None
    default_scope: Any = None

"""What is read of a JSON report, as pydantic models; what else stands there is left alone."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pgaudit.core.findings import Severity

_Count = Annotated[int, Field(strict=True, ge=0)]
_From1 = Annotated[int, Field(strict=True, ge=1)]
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class RuleData(_Part):
    """``lr_rule`` and ``weight_decay_rule``."""

    option: str
    key: str | None
    line: _From1 | None
    column: _From1 | None
    path: str | None = None
    """Where it is another file than the config."""


class ParamData(_Part):
    """One entry of ``params``."""

    name: str
    aliases: list[str]
    shape: list[_Count] | None
    numel: _Count | None
    dtype: str | None = None
    module_type: str | None
    trainable: bool | None
    in_optimizer: bool
    optimizer: _Count | None = None
    group: _Count | None = None
    lr: _Number | None
    weight_decay: _Number | None
    lr_rule: RuleData | None
    weight_decay_rule: RuleData | None
    scheduled_lr: _Number | None = None
    extra: dict[str, Any] = {}
    inert: list[str] = []


class ModelData(_Part):
    """``model``."""

    ref: str | None
    source: str | None
    parameters: _Count


class ConfigData(_Part):
    """``config``."""

    path: str | None
    constructor: str
    optimizer: dict[str, Any]


class OptimizerData(_Part):
    """One entry of ``optimizers``."""

    type: str | None
    arguments: dict[str, Any]


class FindingData(_Part):
    """One entry of ``findings``."""

    code: str
    name: str = ""
    severity: Severity
    message: str
    hint: str | None = None
    params: list[str] = []
    path: str | None = None
    line: _From1 | None = None
    column: _From1 | None = None


class ReportData(_Part):
    """The whole report, schema version 1."""

    model: ModelData
    config: ConfigData | None
    optimizers: list[OptimizerData] | None = None
    """None in a report of a version that knew of one optimizer only: it stands in ``config``."""
    params: list[ParamData]
    findings: list[FindingData] = []

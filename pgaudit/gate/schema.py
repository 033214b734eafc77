"""What may stand in a baseline, as pydantic models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class BaselineEntry(BaseModel):
    """What is known of one code and rule."""

    model_config = ConfigDict(strict=True, extra="forbid")

    code: str
    key: str | None
    params: list[str]


class BaselineData(BaseModel):
    """A whole baseline, format 1."""

    model_config = ConfigDict(strict=True, extra="forbid")

    pgaudit_baseline: int
    findings: list[BaselineEntry]

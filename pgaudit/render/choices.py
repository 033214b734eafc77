"""What a reader can choose. Imports nothing, because the command line needs it before anything else."""

from __future__ import annotations

import enum


@enum.unique
class Format(str, enum.Enum):
    """What a report is written as."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    SVG = "svg"


@enum.unique
class DiffFormat(str, enum.Enum):
    """What a diff is written as."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"


@enum.unique
class GateFormat(str, enum.Enum):
    """What the gate's answer is written as."""

    TABLE = "table"
    CONCISE = "concise"
    JSON = "json"
    GITHUB = "github"
    GITLAB = "gitlab"
    SARIF = "sarif"
    JUNIT = "junit"
    MARKDOWN = "markdown"


@enum.unique
class SweepFormat(str, enum.Enum):
    """What the results of a sweep are written as."""

    TABLE = "table"
    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


@enum.unique
class SweepSort(str, enum.Enum):
    """The order of a sweep's models."""

    GRAVITY = "gravity"
    MODEL = "model"
    TENSORS = "tensors"
    DECAYED = "decayed"
    GROUPS = "groups"


@enum.unique
class VerifyFormat(str, enum.Enum):
    """What a verification is written as."""

    TABLE = "table"
    JSON = "json"


@enum.unique
class ExplainFormat(str, enum.Enum):
    """What an explanation is written as."""

    TABLE = "table"
    JSON = "json"


@enum.unique
class CacheAction(str, enum.Enum):
    """What can be done with the cache."""

    INFO = "info"
    CLEAR = "clear"


@enum.unique
class PageFormat(str, enum.Enum):
    """What documentation is written as."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


@enum.unique
class Sort(str, enum.Enum):
    """The order of rows."""

    MODEL = "model"
    NAME = "name"
    LR = "lr"
    DECAY = "decay"
    NUMEL = "numel"
    RULE = "rule"


@enum.unique
class GroupBy(str, enum.Enum):
    """What rows are put under one heading."""

    MODULE = "module"
    RULE = "rule"
    GROUP = "group"


@enum.unique
class Colour(str, enum.Enum):
    """Whether to write colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"

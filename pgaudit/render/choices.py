"""What a reader can choose. Imports nothing, because the command line needs it before anything else."""

from __future__ import annotations

from typing import Literal

Format = Literal["table", "json", "csv", "markdown", "svg", "html"]
"""What a report is written as."""
DiffFormat = Literal["table", "json", "markdown", "github", "html"]
"""What a diff is written as."""
SweepFormat = Literal["table", "jsonl", "json", "csv", "markdown", "html"]
"""What the results of a sweep are written as."""
GateFormat = Literal["table", "concise", "json", "github", "gitlab", "sarif", "junit", "markdown", "html"]
"""What the gate's answer is written as."""
PageFormat = Literal["table", "json", "markdown"]
"""What documentation is written as."""
ResumeFormat = Literal["table", "json", "markdown", "html"]
"""What is said of a resumption is written as."""
PlainFormat = Literal["table", "json"]
"""What a verification or an explanation is written as."""

Sort = Literal["model", "name", "lr", "decay", "numel", "rule"]
"""The order of rows."""
GroupBy = Literal["module", "rule", "group"]
"""What rows are put under one heading."""
SweepSort = Literal["gravity", "model", "tensors", "decayed", "groups"]
"""The order of a sweep's models."""

Colour = Literal["auto", "always", "never"]
"""Whether to write colours."""
CacheAction = Literal["info", "clear"]
"""What can be done with the cache."""

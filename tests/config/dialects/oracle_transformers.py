"""The real HfArgumentParser and Trainer as a process: a path a line, and what optimizer Trainer makes of that file.

Request: ``{"path": ...}``, a YAML or JSON file. The answer is the one of `tests.parity.answers`, with ``class``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import HfArgumentParser, TrainingArguments

from tests.config.dialects.net import Net
from tests.parity.answers import serve
from tests.parity.oracle_transformers import created


def build(request: dict[str, Any]) -> tuple[torch.optim.Optimizer, nn.Module]:
    """The optimizer of Trainer's own, unchanged methods, on a stand-in for the rest of a Trainer."""
    parser = HfArgumentParser(TrainingArguments)
    read = parser.parse_json_file if request["path"].endswith(".json") else parser.parse_yaml_file
    (args,) = read(request["path"])
    return created(Net(), args)


if __name__ == "__main__":
    serve(build)

"""The real fvcore, which reads detectron2's YAML configs: a JSON request a line on stdin, a JSON answer a line on
stdout.

Runs with the oracle's folder on PYTHONPATH. A request names the ``path`` of a config; the answer has the ``value`` that
is read, or the name of the exception that it ``raises``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fvcore.common.config import CfgNode


def answer(path: str) -> dict[str, Any]:
    """What fvcore reads."""
    try:
        return {"value": CfgNode.load_yaml_with_base(path)}
    except Exception as error:
        return {"raises": type(error).__name__}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line)["path"])), flush=True)

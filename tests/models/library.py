"""Runs apart from the tests, with the real transformers on its path: what it builds by itself, and what pgaudit says.

A line of JSON has a reference, the arguments of ``--model-arg``, and the expression that builds the same with the
library alone; the answer has both.
"""

from __future__ import annotations

import json
import socket
import sys
import traceback
import warnings
from contextlib import redirect_stdout
from typing import Any

import torch
from torch import nn

from pgaudit import PgauditError
from pgaudit.models.build import load_model


def _named(model: nn.Module) -> list[Any]:
    """All names of each tensor, the first one's place deciding; with its shape, type and device."""
    names: dict[int, list[str]] = {}
    tensors = dict(model.named_parameters(remove_duplicate=False))
    for name, tensor in tensors.items():
        names.setdefault(id(tensor), []).append(name)
    first = {each[0]: each for each in names.values()}
    return [[all_names, list(tensors[name].shape), tensors[name].requires_grad] for name, all_names in first.items()]


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        built = load_model(request["ref"], request["args"])
    except PgauditError as error:
        return {"error": error.findings[0].message, "hint": error.findings[0].hint}
    inventory = built.inventory()
    found: dict[str, Any] = {
        "parameters": [[list(each.names), list(each.shape), each.trainable] for each in inventory.parameters],
        "about": [inventory.source, inventory.model_type.name, inventory.version],
        "notes": list(inventory.notes),
        "devices": sorted({each.device.type for each in built.module.parameters()}),
    }
    if "truth" in request:
        import transformers

        with torch.device("meta"):
            truth = eval(request["truth"], {"t": transformers})
        found["truth"] = _named(truth)
        found["class"] = type(truth).__name__
    return found


def _no_network(*_: object, **__: object) -> None:
    raise AssertionError("the network was asked")


def main() -> None:
    """Answers questions until there are no more."""
    warnings.simplefilter("ignore")
    socket.getaddrinfo = _no_network  # type: ignore[assignment]
    for line in sys.stdin:
        with redirect_stdout(sys.stderr):
            try:
                found = _answer(json.loads(line))
            except Exception:
                found = {"raised": traceback.format_exc()}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

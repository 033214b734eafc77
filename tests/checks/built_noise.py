"""How much the checks say about usual optimizers of timm's models: ``python -m tests.checks.built_noise 60``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import timm
import torch
from timm.optim._optim_factory import create_optimizer_v2
from torch import nn

from pgaudit.built import audit_objects
from pgaudit.core.findings import Finding

WAYS: Mapping[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "create_optimizer_v2": lambda model: create_optimizer_v2(model, opt="adamw", lr=1e-3, weight_decay=0.05),
    "layer decay": lambda model: create_optimizer_v2(model, "adamw", lr=1e-3, weight_decay=0.05, layer_decay=0.75),
    "plain AdamW": lambda model: torch.optim.AdamW(model.parameters()),
}
"""Usual ways to build an optimizer for a timm model."""


def found(name: str, way: str) -> tuple[Finding, ...]:
    """Returns what is found about a timm model's optimizer, built in one of the ways."""
    with torch.device("meta"):
        model = timm.create_model(name)
    return audit_objects(model, WAYS[way](model)).findings


def counts(names: Iterable[str]) -> dict[str, Counter[str]]:
    """Returns the number of findings of each code, by the way in which the optimizers are built."""
    models = list(names)
    return {way: Counter(f"{f.code} {f.severity}" for name in models for f in found(name, way)) for way in WAYS}


def some(number: int) -> list[str]:
    """Returns so many of timm's models, spread evenly over its list."""
    names = timm.list_models()
    return [names[index * len(names) // number] for index in range(number)]


if __name__ == "__main__":
    for way, codes in counts(some(int(sys.argv[1]))).items():
        print(f"{way}: {', '.join(f'{code} {count}' for code, count in sorted(codes.items())) or 'nothing'}")

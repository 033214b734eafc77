"""Constraints on stdin → constraints on stdout that pin what is missing, and leave what is installed as it is."""

import re
import sys
from importlib.metadata import distributions

PAIR = ("torch", "torchvision")
"""A version of one fits one version of the other: with either installed, the tested pair is no use."""


def normal(name: str) -> str:
    """Returns a library's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).strip().lower()


there = {normal(found.metadata["Name"] or ""): found.version for found in distributions()}
kept = [name for name in PAIR if name in there]
for name in kept:
    print(f"{name}=={there[name]}")
for line in sys.stdin:
    name, pin, _ = line.partition("==")
    if pin and normal(name) not in there and not (kept and normal(name) in PAIR):
        print(line, end="")

"""All that is worth knowing of torch and timm once they are not there: what a saved inventory takes along."""

from __future__ import annotations

import importlib
import inspect
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pgaudit.optimizers import classes
from pgaudit.optimizers.calls import library_class, qualified, timm_registry
from pgaudit.optimizers.classes import OptimizerError
from pgaudit.optimizers.library import forms_of
from pgaudit.optimizers.read_knowledge import is_library_class
from pgaudit.optimizers.recording import explore, record_call, record_of
from pgaudit.optimizers.records import AS_GIVEN
from pgaudit.user_code import suppress_output

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from pgaudit.optimizers.records import Record

_PACKAGES = ("torch.nn", "timm.layers")
"""Whose classes a config may name to match on."""
_OPTIONAL = {"betas": [0.9, 0.95], "eps": 1e-8, "momentum": 0.9}
"""Arguments that configs for timm's factory have beside lr and weight decay."""


@cache
def explored() -> dict[str, Any]:
    """Returns what :class:`pgaudit.optimizers.saved_knowledge.SavedKnowledge` reads, one entry a class.

    It takes seconds, once.
    """
    with suppress_output():
        found = classes.library_classes()
        factory, calls = _factory()
        named = [qualified(kind) for kind in found.values()]
        records = {ref: _record(library_class(ref)) for ref in sorted({*named, *factory["names"].values()})}
        known = {ref: record for ref, record in records.items() if record is not None}
        common = set.intersection(*(set(record["words"]) for record in known.values()))
        return {
            "names": {name: qualified(kind) for name, kind in sorted(found.items())},
            "modules": {package: _exported(package) for package in _PACKAGES},
            "words": sorted(common),
            **{ref: {**of, "words": sorted(set(of["words"]) - common)} for ref, of in known.items()},
            "timm": factory,
            **{f"timm {forms}": made for forms, made in calls.items()},
        }


def _record(kind: type[Optimizer]) -> Record | None:
    record = record_of(kind)
    if record is not None:
        explore(kind, record)
    return record


def _factory() -> tuple[dict[str, Any], dict[str, Any]]:
    """What timm's factory makes of each name; and, for each set of arguments, which of them it passes on, which of the
    ``constants`` it adds, and for which names.
    """
    found: dict[str, Any] = {"names": {}, "constants": []}
    calls: dict[str, Any] = {}
    try:
        names = timm_registry().list_optimizers()
    except OptimizerError:
        return found, calls
    for arguments in _sets_of_arguments():
        alike: dict[str, Any] = {}
        for name in names:
            call = record_call(name, arguments, "timm")
            if call is not None and is_library_class(call[0]) and call[2] is None:
                found["names"][name] = call[0]
                added = [entry for entry in call[1] if entry[1] != AS_GIVEN]
                if added not in found["constants"]:
                    found["constants"].append(added)
                order = [arg for arg, reference in call[1]]
                key = repr((order, added))
                alike.setdefault(key, [order, found["constants"].index(added), []])[2].append(name)
        calls[str(forms_of(arguments))] = [[order, added, " ".join(names)] for order, added, names in alike.values()]
    return found, calls


def _sets_of_arguments() -> Iterator[dict[str, Any]]:
    for count in range(len(_OPTIONAL) + 1):
        for optional in combinations(_OPTIONAL, count):
            yield {"lr": 0.1, "weight_decay": 0.0, **{name: _OPTIONAL[name] for name in optional}}


def _exported(package: str) -> dict[str, str]:
    """The classes in a package's namespace that have there the name that they have at home."""
    try:
        module = importlib.import_module(package)
    except Exception:  # timm may be missing, or not fit
        return {}
    homes: dict[str, list[str]] = defaultdict(list)
    for name, kind in vars(module).items():
        if (
            inspect.isclass(kind)
            and kind.__qualname__ == name
            and kind.__module__.startswith(package.partition(".")[0])
        ):
            homes[kind.__module__].append(name)
    return {home: " ".join(sorted(names)) for home, names in sorted(homes.items())}

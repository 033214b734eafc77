"""What a model offers about its own parameters. A hint that raises is no hint: models define these for trainers, not
for us.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pgaudit.inventory.records import Hints


def hints_of(model: Any, names: Iterable[str]) -> Hints:
    """Asks ``no_weight_decay()``, ``group_matcher()`` and ``pretrained_cfg`` (timm), and ``get_layer_depth(name)``
    (mmpretrain).
    """
    return Hints(_no_weight_decay(model), _group_matcher(model), _layer_depths(model, names), _classifier(model))


def _no_weight_decay(model: Any) -> tuple[str, ...]:
    named = _asked(model, "no_weight_decay")
    return tuple(sorted(str(name) for name in named)) if isinstance(named, (set, frozenset, list, tuple, dict)) else ()


def _group_matcher(model: Any) -> Mapping[str, Any] | None:
    matcher = _asked(model, "group_matcher")
    return dict(matcher) if isinstance(matcher, Mapping) else None


def _classifier(model: Any) -> tuple[str, ...]:
    try:
        named = model.pretrained_cfg["classifier"]
    except Exception:
        return ()
    names = named if isinstance(named, (list, tuple)) else [named]
    return tuple(name for name in names if isinstance(name, str))


def _layer_depths(model: Any, names: Iterable[str]) -> Mapping[str, tuple[int, int]] | None:
    try:
        if not callable(getattr(model, "get_layer_depth", None)):
            return None
        answers = {name: _asked(model, "get_layer_depth", name) for name in names}
        return {name: (int(pair[0]), int(pair[1])) for name, pair in answers.items() if isinstance(pair, tuple)}
    except Exception:
        return None


def _asked(model: Any, method: str, *args: object) -> object:
    try:
        asked = getattr(model, method)
        return asked(*args) if callable(asked) else None
    except Exception:
        return None

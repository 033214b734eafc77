"""What a model offers about its own parameters. A hint that raises is no hint: models define these for trainers, not
for us.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pgaudit.inventory.records import Hints
from pgaudit.text import said


def hints_of(model: Any, names: Iterable[str], aliases: Iterable[str] = ()) -> Hints:
    """Asks ``no_weight_decay()``, ``group_matcher()`` and ``pretrained_cfg`` (timm), ``get_layer_depth(name)``
    (mmpretrain) and ``backbone`` (mmdet and mmseg).
    """
    depths, backbone = _layer_depths(model, [*names, *aliases]), _backbone(model)
    return Hints(_no_weight_decay(model), _group_matcher(model), depths, _classifier(model), backbone)


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


def _layer_depths(model: Any, names: Iterable[str]) -> Mapping[str, tuple[float, float] | str] | None:
    try:
        ask = getattr(model, "get_layer_depth", None)
    except Exception:
        return None
    return None if ask is None else {name: _depth(ask, name) for name in names}


def _depth(ask: Any, name: str) -> tuple[float, float] | str:
    """Unpacked as mmpretrain does it; what cannot be counted with is as good as raised."""
    try:
        layer, layers = ask(name)
        return _number(layer), _number(layers)
    except Exception as error:
        return said(error)


def _number(value: Any) -> float:
    return value if isinstance(value, (int, float)) else float(value)


def _backbone(model: Any) -> str | None:
    try:
        return type(model.backbone).__name__
    except Exception:
        return None


def _asked(model: Any, method: str, *args: object) -> object:
    try:
        asked = getattr(model, method)
        return asked(*args) if callable(asked) else None
    except Exception:
        return None

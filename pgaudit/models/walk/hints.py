"""What a model offers about its own parameters. A hint that raises is no hint: models define these for trainers, not
for us. What it raised is kept for the constructors whose library would raise as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pgaudit.core.parameters import Hints
from pgaudit.models.walk.layers import chunked_layers, matched_layers
from pgaudit.text import format_exception


def hints_of(model: Any, names: Iterable[str], aliases: Iterable[str] = ()) -> Hints:
    """Asks ``no_weight_decay()``, ``group_matcher()`` and ``pretrained_cfg`` (timm), ``get_layer_depth(name)``
    (mmpretrain) and ``backbone`` (mmdet and mmseg).

    Args:
        model: any module.
        names: as its ``named_parameters()`` gives them.
        aliases: all names under which parameters are met.
    """
    names = list(names)
    raised: dict[str, str] = {}
    no_weight_decay = _no_weight_decay(model, raised)
    layers, layered_by = _layers(model, names, raised)
    depths = _layer_depths(model, dict.fromkeys([*names, *aliases]))
    return Hints(no_weight_decay, layers, layered_by, depths, _classifier(model), _backbone(model), raised)


def _no_weight_decay(model: Any, raised: dict[str, str]) -> tuple[str, ...]:
    try:
        named: object = getattr(model, "no_weight_decay", tuple)()
    except Exception as error:
        raised["no_weight_decay()"] = format_exception(error)
        return ()
    if isinstance(named, Collection) and all(isinstance(name, str) for name in named):
        return tuple(sorted(set(named)))
    raised["no_weight_decay"] = f"TypeError: {type(named).__name__} is no collection of names"
    return ()


def _layers(model: Any, names: list[str], raised: dict[str, str]) -> tuple[Mapping[str, int], str]:
    try:
        if hasattr(model, "group_matcher"):
            return matched_layers(names, model.group_matcher(coarse=False)), "group_matcher"
        classifier = getattr(model, "pretrained_cfg", {}).get("classifier", None)
        return chunked_layers(names, classifier), "classifier" if classifier else ""
    except Exception as error:
        raised["layers"] = format_exception(error)
        return {}, ""


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
        return format_exception(error)


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

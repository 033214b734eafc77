"""What several processes do to one cache at once; it imports neither torch nor timm, as they begin with it."""

from __future__ import annotations

from pgaudit.models.cache import Cache


def hammer(folder: str, seed: int) -> int:
    """Returns how often something else was read than somebody has written."""
    cache = Cache(folder)
    saved = cache.model("resnet18", {})
    assert saved is not None
    wrong = 0
    for _ in range(60):
        cache.keep(saved)
        cache.learn("lists", "models", ["value", str(seed)] * 500)
        found, name = cache.model("resnet18", {}), cache.get("lists", "models")
        wrong += found != saved or name is None or name[0] != "value" or len(name) != 1000
    return wrong

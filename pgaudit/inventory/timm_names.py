"""The names of timm's models, kept once they have been asked for: a typo is answered without timm."""

from __future__ import annotations

from pgaudit.inventory.cache import Cache
from pgaudit.inventory.misnamed import unknown_model

_LISTED, _UNLISTED = ("lists", "models"), ("lists", "models no longer listed")


def listed(cache: Cache | None) -> list[str]:
    """Returns the names that timm lists.

    Raises:
        ModelError: timm cannot be imported.
    """
    return _asked(cache)[0]


def refuse_unknown(ref: str, cache: Cache | None, *, ask: bool = False) -> None:
    """Raises ModelError for a name that timm is known not to have.

    Args:
        ref: the name.
        cache: where names are kept.
        ask: whether timm is asked where they are not; nothing is known then without it.
    """
    known = _asked(cache) if ask else _kept(cache)
    architecture = ref.removeprefix("timm:").partition(".")[0]
    if known is not None and not any(architecture in names for names in known):
        raise unknown_model(ref, known[0])


def _asked(cache: Cache | None) -> tuple[list[str], list[str]]:
    known = _kept(cache)
    if known is None:
        from pgaudit.inventory.sources import timm_models

        known = timm_models()
        if cache is not None:
            cache.learn(*_LISTED, known[0])
            cache.learn(*_UNLISTED, known[1])
    return known


def _kept(cache: Cache | None) -> tuple[list[str], list[str]] | None:
    names, others = (cache.get(*_LISTED), cache.get(*_UNLISTED)) if cache else (None, None)
    return None if names is None or others is None else (names, others)

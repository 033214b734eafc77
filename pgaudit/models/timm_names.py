"""The names of timm's models, kept once they have been asked for: a typo is answered without timm."""

from __future__ import annotations

import contextlib

from pgaudit.core.config import Config
from pgaudit.core.errors import ModelError
from pgaudit.models.cache import Cache
from pgaudit.models.misnamed import unknown_model
from pgaudit.models.references import is_timm_name
from pgaudit.names import Names
from pgaudit.text import nearest, quoted

_LISTED, _UNLISTED = ("lists", "models"), ("lists", "models no longer listed")


def timm_names(glob: str = "", cache: Cache | None = None) -> list[str]:
    """Returns the names of timm's models that match a glob; all that timm lists for none.

    Raises:
        ModelError: timm cannot be imported, or has no such model.
    """
    names = _asked(cache)[0]
    matching = Names(names).matching(glob) if glob else frozenset(names)
    found = [name for name in names if name in matching]
    if not found:
        near = nearest(glob.strip("*?"), names, most=3)
        hint = f"did you mean {', '.join(near)}?" if near else "`pgaudit models` lists all names"
        raise ModelError(f"no model of timm's matches {quoted(glob)}", hint)
    return found


def refuse_unknown_model(model: object, config: Config | None, cache: Cache | None) -> None:
    """Raises an error where a name, or the config's own, is known to be none of timm's: before anything heavy."""
    own = config if model is None else None
    ref = own.model if own else model
    if isinstance(ref, str) and is_timm_name(ref):
        with own.errors_at("model") if own else contextlib.nullcontext():
            refuse_unknown(ref, cache)


def refuse_unknown(ref: str, cache: Cache | None, *, ask: bool = False) -> None:
    """Raises ModelError for a name that timm is known not to have.

    Args:
        ref: the name.
        cache: where names are kept.
        ask: whether timm is asked where they are not; nothing is known then without it.
    """
    known = _asked(cache) if ask else _cached(cache)
    architecture = ref.removeprefix("timm:").partition(".")[0]
    if known is not None and not any(architecture in names for names in known):
        raise unknown_model(ref, known[0])


def _asked(cache: Cache | None) -> tuple[list[str], list[str]]:
    known = _cached(cache)
    if known is None:
        from pgaudit.models.build import timm_models  # only here, as for building

        known = timm_models()
        if cache is not None:
            cache.learn(*_LISTED, known[0])
            cache.learn(*_UNLISTED, known[1])
    return known


def _cached(cache: Cache | None) -> tuple[list[str], list[str]] | None:
    names, others = (cache.get(*_LISTED), cache.get(*_UNLISTED)) if cache else (None, None)
    return None if names is None or others is None else (names, others)
